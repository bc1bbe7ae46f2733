# The receipt a payer gets by e-mail.
receipt-subject = إيصال { $number }
receipt-paid = تم استلام الدفعة
receipt-number = رقم الإيصال
receipt-amount = المبلغ المدفوع
receipt-agency = مدفوع إلى
receipt-bill = مرجع الفاتورة
receipt-paid-at = التاريخ والوقت (البحرين)
receipt-verify = للتحقق من هذا الإيصال، افتح البوابة الوطنية بنفسك وابحث عن الفاتورة { $bill }: ستظهر مدفوعة مع رقم هذا الإيصال. نحن لا نرسل روابط للدفع أبداً.
receipt-no-reply = أُرسلت هذه الرسالة تلقائياً لأن هذا العنوان أُدخل عند الدفع. يرجى عدم الرد عليها.
