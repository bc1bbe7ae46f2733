# The hosted page of the simulated wallet.
other-language = English
wallet-title = محفظة تجريبية: بلا أموال حقيقية
wallet-created = بانتظار موافقتك
wallet-authorised = تمت الموافقة: المبلغ محجوز ولم يُخصم بعد
wallet-paid = تم الدفع
wallet-declined = رُفضت العملية ولم يُخصم أي مبلغ
wallet-expired = انتهت المهلة ولم يُخصم أي مبلغ
wallet-bill = الفاتورة
wallet-amount = المبلغ
wallet-reference = المرجع
wallet-approve = موافقة
wallet-decline = رفض
wallet-back = العودة إلى الفاتورة
