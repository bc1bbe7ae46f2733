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

# The notice that there is a bill, and the reminder that it is not paid yet.
notice-subject = A bill to pay: { $bill }
notice-title = You have a bill to pay
reminder-subject = Reminder of a bill: { $bill }
reminder-title = This bill is not paid yet
notice-amount = To pay
notice-agency = To
notice-due-date = Due on
notice-how = To pay, open the national portal yourself, or your wallet, your bank's app or a payment kiosk, and type the bill reference. We never send links to pay. If you have paid already, nothing needs to be done.
notice-no-reply = This message was sent automatically because the agency has this address for the bill. Please do not answer it.
