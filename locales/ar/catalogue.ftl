# كيف حُسب المبلغ، بالترتيب.
step-fixed = رسم ثابت: { $fee }
step-per-unit = { $input }: { $units } × { $rate } = { $fee }
step-category = الرسم عن فئة { $category }: { $fee }
step-band = عدد الوحدات { $units } يقع من { $from } إلى أقل من { $to }: { $fee }
step-band-open = عدد الوحدات { $units } يبلغ { $from } أو أكثر: { $fee }
step-slice = { $units } وحدة من { $from } إلى { $to }، بسعر { $rate } لكل منها: { $part }
step-slice-open = { $units } وحدة فوق { $from }، بسعر { $rate } لكل منها: { $part }
step-given = المبلغ الذي حددته الجهة الحكومية: { $fee }
step-formula = وفق المعادلة: { $formula }
step-input = { $input } = { $value }
step-worked = { $operation } = { $result }
step-rounded = { $exact } بعد التقريب إلى أقرب فلس (النصف إلى الأعلى): { $fee }
step-minimum = الحد الأدنى لهذا الرسم: { $fee }
step-maximum = الحد الأعلى لهذا الرسم: { $fee }
step-reduced = { $name } ({ $law }): يُخصم { $amount } = { $fee }
step-service-fee = رسم الخدمة، مقابل معالجة الفاتورة: { $amount }
step-outside-vat = رسم حكومي خارج نطاق ضريبة القيمة المضافة
step-vat = ضريبة القيمة المضافة { $percent }% من { $fee }، مقربة إلى أقرب فلس: { $vat }
step-total = المبلغ المطلوب: { $total }

# ما تكلفه الخدمة، للجمهور.
price-fixed = { $fee }
price-per-unit = { $rate } × { $input }
price-category = { $category }: { $fee }
price-band = من { $from } إلى أقل من { $to }: { $fee }
price-band-open = { $from } أو أكثر: { $fee }
price-slice = كل وحدة من { $from } إلى { $to }: { $fee }
price-slice-open = كل وحدة فوق { $from }: { $fee }
price-given = تحدد الجهة الحكومية مبلغ كل فاتورة
price-vat = تضاف ضريبة القيمة المضافة { $percent } %
price-less-percent = { $name } ({ $law }): أقل بنسبة { $less } %
price-less-amount = { $name } ({ $law }): أقل بمقدار { $less }
price-less-all = { $name } ({ $law }): لا شيء للدفع
price-expires = تنتهي الفاتورة التي لم تُدفع بعد { $days } من الأيام على استحقاقها

# ماذا يحدث عند التأخر في الدفع.
late-once-percent = إذا تأخر الدفع أكثر من { $days } من الأيام بعد الاستحقاق زادت الفاتورة { $percent } % من رسمها ({ $law }).
late-once-amount = إذا تأخر الدفع أكثر من { $days } من الأيام بعد الاستحقاق زادت الفاتورة { $amount } ({ $law }).
late-again-percent = إذا تأخر الدفع أكثر من { $days } من الأيام بعد الاستحقاق زادت الفاتورة { $percent } % من رسمها، ومثلها بعد كل { $every } من الأيام، وبحد أقصى { $maximum } إجمالاً ({ $law }).
late-again-amount = إذا تأخر الدفع أكثر من { $days } من الأيام بعد الاستحقاق زادت الفاتورة { $amount }، ومثله بعد كل { $every } من الأيام، وبحد أقصى { $maximum } إجمالاً ({ $law }).

# لماذا لا يوجد سعر، وما العمل.
service-unknown = لا توجد لدى الجهة خدمة بالرمز «{ $service }». استخدم رمز إحدى خدماتها.
service-unknown-meant = لا توجد لدى الجهة خدمة بالرمز «{ $service }». هل تقصد { $suggestion }؟
input-missing = القيمة «{ $input }» ناقصة. أدخلها.
input-unknown = لا يعتمد هذا الرسم على «{ $input }». احذفها.
input-unknown-meant = لا يعتمد هذا الرسم على «{ $input }». هل تقصد { $suggestion }؟
reduction-unknown = لا يوجد لهذا الرسم تخفيض بالرمز «{ $reduction }». استخدم رمز أحد تخفيضاته أو احذفه.
reduction-unknown-meant = لا يوجد لهذا الرسم تخفيض بالرمز «{ $reduction }». هل تقصد { $suggestion }؟
quantity-invalid = يجب أن تكون «{ $input }» عددًا صحيحًا من 1 إلى 1,000,000. اكتب أرقامًا فقط.
measure-invalid = يجب أن تكون «{ $input }» عددًا لا يقل عن 0 وبثلاث خانات عشرية على الأكثر. اكتبها هكذا: 12.500.
category-unknown = لا يوجد سعر للفئة «{ $category }». استخدم واحدة من: { $allowed }.
category-unknown-meant = لا يوجد سعر للفئة «{ $category }». هل تقصد { $suggestion }؟ الفئات هي: { $allowed }.
amount-text = هذا ليس مبلغًا. اكتب أرقامًا بفاصلة عشرية، هكذا: 12.500.
amount-decimals = في المبلغ أكثر من ثلاث خانات عشرية. اكتبه هكذا: 12.500.
amount-negative = المبلغ أقل من صفر. اكتب المبلغ المطلوب دفعه.
amount-zero = المبلغ صفر: لا شيء للدفع. راجع القيم.
amount-over-limit = المبلغ أعلى من { $limit }، وهو أقصى مبلغ لفاتورة واحدة. راجع الفاصلة العشرية.
formula-failed = تعذر حساب الرسم بهذه القيم ({ $reason }). راجع القيم.
formula-negative = نتيجة معادلة الرسم { $result } وهي أقل من صفر. راجع القيم.
