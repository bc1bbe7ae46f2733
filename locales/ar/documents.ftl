# ما يُطبع: الفواتير والإشعارات والتذكيرات والإيصالات.

document-title-invoice = فاتورة
document-title-notice = إشعار بمبلغ مستحق
document-title-reminder = تذكير
document-title-credit-note = إشعار دائن
document-title-tax-invoice = فاتورة ضريبية
document-title-tax-credit-note = إشعار دائن ضريبي
document-title-receipt = إيصال
document-title-statement = كشف حساب

document-mark-partially-paid = مدفوعة جزئيًا
document-mark-paid = مدفوعة
document-mark-cancelled = ملغاة
document-mark-written-off = لا يوجد مبلغ مستحق
document-mark-expired = منتهية
document-mark-received = تم استلام الدفعة

document-lead-open = { $service }. يرجى دفع { $due } في موعد أقصاه { $date }.
document-lead-instalment = { $service }. يرجى دفع القسط البالغ { $due } حتى { $date }؛ والمتبقي كله { $whole }.
document-lead-reminder = { $service }. هذه الفاتورة لم تُدفع بعد: المبلغ { $due } مستحق في { $date }.
document-lead-overdue = { $service }. استحقت هذه الفاتورة في { $date } ولم تُدفع بعد: يرجى دفع { $due }.
document-lead-paid = { $service }. تم دفع هذه الفاتورة وقيمتها { $total }. لا يوجد مبلغ مستحق.
document-lead-cancelled = { $service }. ألغت الجهة الحكومية هذه الفاتورة. يرجى عدم دفعها.
document-lead-written-off = { $service }. تنازلت الجهة الحكومية عن المبلغ المستحق. يرجى عدم دفعه.
document-lead-expired = { $service }. لم تُدفع هذه الفاتورة حتى آخر يوم لها فانتهت. يرجى عدم دفعها، واطلب من الجهة الحكومية فاتورة جديدة.
document-lead-credit-note = { $service }. خُصم { $total } من الفاتورة { $invoice }.
document-lead-statement = { $agency }: المستحق قبل { $from } هو { $opening }، والمستحق بعد { $to } هو { $closing }.
document-lead-receipt = { $service }. استلمنا { $amount }. شكرًا لك.

document-fact-number = رقم الفاتورة
document-fact-reference = مرجع الفاتورة
document-fact-issued = تاريخ الإصدار
document-fact-due-date = تاريخ الاستحقاق
document-fact-due-date-hijri = التاريخ الهجري
document-fact-payable-until = يمكن دفعها حتى
document-fact-vat-account = رقم حساب ضريبة القيمة المضافة
document-fact-payer = الدافع
document-fact-agency-reference = مرجع الجهة
document-fact-reduction = التخفيض
document-fact-credit-note = رقم الإشعار الدائن
document-fact-reason = السبب
document-fact-receipt = رقم الإيصال
document-fact-paid-at = وقت الدفع (البحرين)
document-fact-channel = طريقة الدفع
document-fact-provider-reference = مرجع مزود الخدمة

document-what-for = البيان
document-amount = المبلغ
document-service-fee = رسم الخدمة
document-penalty = غرامة التأخر في الدفع
document-sum-net = قبل الضريبة
document-sum-vat = ضريبة القيمة المضافة { $percent } %
document-sum-no-vat = ضريبة القيمة المضافة (خارج نطاقها)
document-sum-vat-credited = ضريبة القيمة المضافة
document-sum-total-credited = المخصوم
document-sum-total = الإجمالي
document-sum-paid = المدفوع حتى الآن
document-sum-due = المتبقي للدفع
document-sum-received = المبلغ المستلم
document-sum-credited = منه محفوظ كرصيد لك

document-code-alt = رمز الاستجابة السريعة لهذه الفاتورة، للمحافظ وتطبيقات البنوك، وفيه المبلغ ومرجع الفاتورة المطبوعان هنا
document-code-caption = امسح الرمز للدفع

document-tax-code-alt = رمز الاستجابة السريعة لهذه الفاتورة الضريبية: البائع ورقم حسابه الضريبي والوقت والإجمالي والضريبة كما هي مطبوعة هنا
document-tax-code-caption = رمز الفاتورة الضريبية

document-late-title = عند التأخر في الدفع
document-instalments-title = على أقساط
document-instalment = { $number }. { $amount } حتى { $date }

document-pay-title = كيف تدفع
document-pay-how = افتح { $portal } أو محفظتك أو تطبيق بنكك أو جهاز الدفع الذاتي، واكتب المرجع { $reference }. تعرض الصفحة كل طرق الدفع المتاحة لهذه الفاتورة.
document-pay-late = يرجى الدفع في موعد أقصاه تاريخ الاستحقاق. إن كان لديك اعتراض على الفاتورة فراجع الجهة الحكومية قبل ذلك اليوم.
document-genuine-title = كيف تعرف أن هذه الورقة صحيحة
document-genuine-how = اكتب عنوان البوابة بنفسك وابحث عن المرجع: يجب أن تطابق الجهة والمبلغ وتاريخ الاستحقاق ما هو مطبوع هنا. نحن لا نرسل روابط للدفع أبدًا.

document-verify-title = كيف تتحقق من هذا الإيصال
document-verify-how = تعرض الصفحة { $verify } ما تقوله الدفاتر عن هذه الدفعة.
document-verify-seal = الدفعة مقيدة في الدفاتر في الحزمة { $place } التي يبدأ ختمها بـ { $hash }، وتجد الختم كاملًا في الملف المرفق بهذه الوثيقة.
document-verify-proof = بعد إقفال اليوم وتوقيعه يمكن إثبات الإيصال { $number } دون سؤال أحد: يبيّن الإثبات أن قيوده جزء من الدفاتر الموقّعة.
document-seal-file = موضع ختم هذه الدفعة في الدفاتر، للأمر mizan receipt verify
document-verify-alt = رمز الاستجابة السريعة لعنوان الصفحة التي يمكن فيها التحقق من هذا الإيصال
document-verify-caption = امسح الرمز للتحقق

document-channel-wallet = محفظة إلكترونية
document-channel-card = بطاقة
document-channel-transfer = تحويل بنكي
document-channel-pos = جهاز نقاط بيع لدى موظف
document-channel-kiosk-cash = نقدًا في جهاز الدفع الذاتي
document-channel-counter-cash = نقدًا لدى موظف

document-statement-from = من
document-statement-to = إلى
document-statement-account = الحساب في الدفاتر
document-statement-opening = المستحق قبل الفترة
document-statement-closing = المستحق بعد الفترة
document-statement-entries =
    { $day }: { $count ->
        [zero] لا قيود
        [one] قيد واحد
        [two] قيدان
        [few] { $count } قيود
        [many] { $count } قيدًا
       *[other] { $count } قيد
    }
document-statement-refund-reserved = مبالغ طُلب ردها
document-statement-refund-released = مبالغ لم تُرد
document-statement-credit-applied = مدفوع من أرصدة الدافعين
document-statement-dispute-opened = محجوز لاعتراضات
document-statement-dispute-won = عائد من اعتراضات رُفضت
document-statement-adjusted = تصحيحات للدفاتر بموافقة شخصين
document-statement-title = كيف تتحقق من هذا الكشف
document-statement-how = كل سطر هو مجموع قيود في الدفاتر. تعرض أوامر الخزانة للحساب المذكور أعلاه كل قيد منها، ويمكن إثبات كل إيصال وحده.

document-hijri = { $day } { $month } { $year } هـ
hijri-month-1 = محرم
hijri-month-2 = صفر
hijri-month-3 = ربيع الأول
hijri-month-4 = ربيع الآخر
hijri-month-5 = جمادى الأولى
hijri-month-6 = جمادى الآخرة
hijri-month-7 = رجب
hijri-month-8 = شعبان
hijri-month-9 = رمضان
hijri-month-10 = شوال
hijri-month-11 = ذو القعدة
hijri-month-12 = ذو الحجة

document-ubl = الفاتورة نفسها للحواسيب بصيغة UBL 2.1
document-footer = { $number }، طُبعت في { $date }. المعتمد هو ما تعرضه البوابة.
