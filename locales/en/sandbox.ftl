# The hosted page of the simulated wallet.
other-language = العربية
wallet-title = Test wallet: no real money
wallet-created = Waiting for your approval
wallet-authorised = Approved: the amount is held, and not yet taken
wallet-paid = Paid
wallet-declined = Declined: nothing was taken
wallet-expired = Expired: nothing was taken
wallet-bill = Bill
wallet-amount = Amount
wallet-reference = Reference
wallet-approve = Approve
wallet-decline = Decline
wallet-back = Back to the bill
