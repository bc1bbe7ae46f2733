# The receipt a payer gets by e-mail.
receipt-subject = Receipt { $number }
receipt-paid = Payment received
receipt-number = Receipt number
receipt-amount = Amount paid
receipt-agency = Paid to
receipt-bill = Bill reference
receipt-paid-at = Date and time (Bahrain)
receipt-verify = To check this receipt, open the national portal yourself and look up the bill { $bill }: it shows as paid, with this receipt number. We never send links to pay.
receipt-no-reply = This message was sent automatically because this address was given when paying. Please do not answer it.
