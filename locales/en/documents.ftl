# What is printed: invoices, notices, reminders, receipts.

document-title-invoice = Invoice
document-title-notice = Notice of payment due
document-title-reminder = Reminder
document-title-credit-note = Credit note
document-title-tax-invoice = Tax invoice
document-title-tax-credit-note = Tax credit note
document-title-receipt = Receipt
document-title-statement = Statement

# What the reader must see first.
document-mark-partially-paid = Partly paid
document-mark-paid = Paid
document-mark-cancelled = Withdrawn
document-mark-written-off = Nothing more is due
document-mark-expired = Expired
document-mark-received = Payment received

document-lead-open = { $service }. Please pay { $due } by { $date }.
document-lead-instalment = { $service }. Please pay the instalment of { $due } by { $date }; { $whole } is still due in all.
document-lead-reminder = { $service }. This bill is not paid yet: { $due } is due on { $date }.
document-lead-overdue = { $service }. This bill was due on { $date } and is not paid yet: please pay { $due }.
document-lead-paid = { $service }. This bill of { $total } is paid. Nothing is due.
document-lead-cancelled = { $service }. The agency took this bill back. Do not pay it.
document-lead-written-off = { $service }. The agency has given up what was due. Do not pay it.
document-lead-expired = { $service }. This bill was not paid by its last day and has ended. Do not pay it; ask the agency for a new one.
document-lead-credit-note = { $service }. { $total } is taken off the invoice { $invoice }.
document-lead-statement = { $agency }: { $opening } was owed before { $from }; { $closing } is owed after { $to }.
document-lead-receipt = { $service }. We have received { $amount }. Thank you.

document-fact-number = Invoice number
document-fact-reference = Bill reference
document-fact-issued = Issued on
document-fact-due-date = Due on
document-fact-due-date-hijri = Hijri date
document-fact-payable-until = Can be paid until
document-fact-vat-account = VAT account number
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

document-tax-code-alt = QR code of this tax invoice: seller, VAT account number, time, total and VAT as printed here
document-tax-code-caption = Tax invoice code

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
document-verify-seal = In the books it stands in batch { $place }, whose seal begins { $hash }; the file in this PDF has all of it.
document-verify-proof = After the day is closed and signed, the receipt { $number } can be proven without asking anybody: the proof shows that its entries are part of the signed books.
document-seal-file = Where this payment is sealed in the books, for mizan receipt verify
document-verify-alt = QR code with the address where this receipt can be checked
document-verify-caption = Scan to check

document-channel-wallet = Wallet
document-channel-card = Card
document-channel-transfer = Bank transfer
document-channel-pos = Card terminal at a counter
document-channel-kiosk-cash = Cash at a kiosk
document-channel-counter-cash = Cash at a counter

document-statement-from = From
document-statement-to = To
document-statement-account = Account in the books
document-statement-opening = Owed before
document-statement-closing = Owed after
document-statement-entries =
    { $day }: { $count ->
        [one] one entry
       *[other] { $count } entries
    }
document-statement-refund-reserved = Refunds that were asked for
document-statement-refund-released = Refunds that did not happen
document-statement-credit-applied = Paid from credits of payers
document-statement-dispute-opened = Set aside for disputes
document-statement-dispute-won = Back from disputes that were won
document-statement-adjusted = Corrections of the books by two persons
document-statement-title = How to check this statement
document-statement-how = Every line is the sum of entries in the books. The treasury's commands for the account above list each of them, and every receipt can be proven by itself.

# The day by the calendar of Umm al-Qura.
document-hijri = { $day } { $month } { $year } AH
hijri-month-1 = Muharram
hijri-month-2 = Safar
hijri-month-3 = Rabi al-Awwal
hijri-month-4 = Rabi al-Thani
hijri-month-5 = Jumada al-Ula
hijri-month-6 = Jumada al-Akhirah
hijri-month-7 = Rajab
hijri-month-8 = Shaban
hijri-month-9 = Ramadan
hijri-month-10 = Shawwal
hijri-month-11 = Dhu al-Qadah
hijri-month-12 = Dhu al-Hijjah

document-ubl = The same invoice for computers, as UBL 2.1
document-footer = { $number }, printed on { $date }. What the portal shows is what counts.
