text_id!(
    /// An agency of the state: `TRF`. It scopes every key and query.
    AgencyId, "agency_id", (2..=8), |b| b.is_ascii_uppercase(), "2 to 8 letters A-Z"
);
text_id!(
    /// A fee service of an agency: `FINE-SPEED`. Unique inside the agency only.
    ServiceCode,
    "service_code",
    (1..=32),
    |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-',
    "1 to 32 of A-Z, 0-9 and -"
);
text_id!(
    /// A kiosk or terminal, as its certificate names it: `KSK-0001`.
    DeviceId,
    "device_id",
    (1..=32),
    |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-',
    "1 to 32 of A-Z, 0-9 and -"
);

uuid_id!(
    /// An invoice in the making: issued once a second person has approved it.
    InvoiceDraftId, "draft_id"
);
uuid_id!(
    /// An invoice: the document owned by `invoicing`.
    InvoiceId, "invoice_id"
);
uuid_id!(
    /// A person or company, opaque: who it is stands only in `invoicing` and `notifications`.
    PartyRef, "party_ref"
);
uuid_id!(
    /// A file of bills an agency has sent.
    UploadId, "upload_id"
);
uuid_id!(
    /// A payer's wish to pay one bill; it has one or more attempts, and an attempt may serve several of a cart.
    PaymentId, "payment_id"
);
uuid_id!(
    /// One try with one provider; its text is our reference there and is never used again.
    AttemptId, "attempt_id"
);
uuid_id!(
    /// Money on its way back to a payer; its text is our reference at the provider and is never used again.
    RefundId, "refund_id"
);
uuid_id!(
    /// A payer's objection to a payment, raised by the provider.
    DisputeId, "dispute_id"
);
uuid_id!(
    /// Money we owe a payer.
    CreditId, "credit_id"
);
uuid_id!(
    /// A correction that one person asks for and another makes.
    AdjustmentId, "adjustment_id"
);
uuid_id!(
    /// A change of an invoice; its text is our key at `payments`.
    AmendmentId, "amendment_id"
);
uuid_id!(
    /// A fee schedule in the making.
    DraftId, "draft_id"
);
uuid_id!(
    /// Which channels a fee service takes from a day on: proposed by one person, announced by another.
    PolicyId, "policy_id"
);
uuid_id!(
    /// A channel that a policy closes, open all the same for some days and up to an amount.
    ChannelExceptionId, "channel_exception_id"
);
uuid_id!(
    /// A balanced set of ledger entries.
    JournalId, "journal_id"
);
uuid_id!(
    /// A matter a person must look at.
    CaseId, "case_id"
);
uuid_id!(
    /// A published fact; consumers know by it what they have seen.
    EventId, "event_id"
);
uuid_id!(
    /// An address (e-mail, phone) a payer gave for receipts.
    ContactId, "contact_id"
);
uuid_id!(
    /// An API client of an agency.
    ClientId, "client_id"
);
uuid_id!(
    /// A webhook endpoint of an agency.
    EndpointId, "endpoint_id"
);
uuid_id!(
    /// One webhook message on its way to one endpoint.
    DeliveryId, "delivery_id"
);
uuid_id!(
    /// One message to a person.
    MessageId, "message_id"
);
uuid_id!(
    /// A batch of commands committed together.
    BatchId, "batch_id"
);
