# What is printed: invoices, notices, reminders, receipts.

document-title-invoice = Invoice
document-title-notice = Notice of payment due
document-title-reminder = Reminder
document-title-credit-note = Credit note
document-title-receipt = Receipt

# What the reader must see first.
document-mark-partially-paid = Partly paid
document-mark-paid = Paid
document-mark-cancelled = Withdrawn
document-mark-written-off = Nothing more is due
document-mark-received = Payment received

document-lead-open = { $service }. Please pay { $due } by { $date }.
document-lead-instalment = { $service }. Please pay the instalment of { $due } by { $date }; { $whole } is still due in all.
document-lead-reminder = { $service }. This bill is not paid yet: { $due } is due on { $date }.
document-lead-overdue = { $service }. This bill was due on { $date } and is not paid yet: please pay { $due }.
document-lead-paid = { $service }. This bill of { $total } is paid. Nothing is due.
document-lead-cancelled = { $service }. The agency took this bill back. Do not pay it.
document-lead-written-off = { $service }. The agency has given up what was due. Do not pay it.
document-lead-credit-note = { $service }. { $total } is taken off the invoice { $invoice }.
document-lead-receipt = { $service }. We have received { $amount }. Thank you.

document-fact-number = Invoice number
document-fact-reference = Bill reference
document-fact-issued = Issued on
document-fact-due-date = Due on
document-fact-payer = Payer
document-fact-agency-reference = Agency's reference
document-fact-reduction = Reduction
document-fact-credit-note = Credit note number
document-fact-reason = Reason
document-fact-receipt = Receipt number
document-fact-paid-at = Paid at (Bahrain)
document-fact-channel = Paid by
document-fact-provider-reference = Provider's reference

document-what-for = What for
document-amount = Amount
document-service-fee = Service fee
document-penalty = Penalty for late payment
document-sum-net = Before VAT
document-sum-vat = VAT { $percent } %
document-sum-no-vat = VAT (outside its scope)
document-sum-vat-credited = VAT
document-sum-total-credited = Taken off
document-sum-total = Total
document-sum-paid = Paid so far
document-sum-due = Still to pay
document-sum-received = Received
document-sum-credited = Of this kept as your credit

document-code-alt = QR code of this bill, for wallets and banking apps; it says the amount and the bill reference printed here
document-code-caption = Scan to pay

document-late-title = If it is paid late
document-instalments-title = In instalments
document-instalment = { $number }. { $amount } by { $date }

document-pay-title = How to pay
document-pay-how = Go to { $portal } or open your wallet, your bank's app or a payment kiosk, and type the reference { $reference }. The page shows every way that is open for this bill.
document-pay-late = Please pay by the due date. If you disagree with the bill, ask the agency before that day.
document-genuine-title = How to know that this is genuine
document-genuine-how = Type the portal's address yourself and look the reference up: agency, amount and due date must be those printed here. We never send links to pay.

document-verify-title = How to check this receipt
document-verify-how = The page { $verify } shows what the books say about this payment.
document-verify-proof = After the day is closed and signed, the receipt { $number } can be proven without asking anybody: the proof shows that its entries are part of the signed books.
document-verify-alt = QR code with the address where this receipt can be checked
document-verify-caption = Scan to check

document-channel-wallet = Wallet
document-channel-card = Card
document-channel-transfer = Bank transfer
document-channel-pos = Card terminal at a counter
document-channel-kiosk-cash = Cash at a kiosk
document-channel-counter-cash = Cash at a counter

document-ubl = The same invoice for computers, as UBL 2.1
document-footer = { $number }, printed on { $date }. What the portal shows is what counts.
