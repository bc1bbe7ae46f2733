# How a price came about, in order.
step-fixed = Fixed fee: { $fee }
step-per-unit = { $input }: { $units } × { $rate } = { $fee }
step-category = Fee for { $category }: { $fee }
step-band = { $units } units are from { $from } to below { $to }: { $fee }
step-band-open = { $units } units are { $from } or more: { $fee }
step-slice = { $units } units from { $from } to { $to }, at { $rate } each: { $part }
step-slice-open = { $units } units above { $from }, at { $rate } each: { $part }
step-given = Amount stated by the agency: { $fee }
step-formula = By the formula: { $formula }
step-input = { $input } = { $value }
step-worked = { $operation } = { $result }
step-rounded = { $exact } rounded half up to one fils: { $fee }
step-minimum = The least this fee may be: { $fee }
step-maximum = The most this fee may be: { $fee }
step-reduced = { $name } ({ $law }): less { $amount } = { $fee }
step-service-fee = Service fee, for handling the bill: { $amount }
step-outside-vat = A fee of the state, outside VAT
step-vat = VAT { $percent } % of { $fee }, half up to one fils: { $vat }
step-total = To pay: { $total }

# What a service costs, for the public.
price-fixed = { $fee }
price-per-unit = { $rate } × { $input }
price-category = { $category }: { $fee }
price-band = From { $from } to below { $to }: { $fee }
price-band-open = { $from } or more: { $fee }
price-slice = Each unit from { $from } to { $to }: { $fee }
price-slice-open = Each unit above { $from }: { $fee }
price-given = The agency states the amount of each bill
price-vat = VAT of { $percent } % is added
price-less-percent = { $name } ({ $law }): { $less } % less
price-less-amount = { $name } ({ $law }): { $less } less
price-less-all = { $name } ({ $law }): nothing to pay
price-expires = A bill that is not paid ends { $days } days after it is due

# What happens when a bill is paid late.
late-once-percent = Paid more than { $days } days after it is due, the bill costs { $percent } % of its fee more ({ $law }).
late-once-amount = Paid more than { $days } days after it is due, the bill costs { $amount } more ({ $law }).
late-again-percent = Paid more than { $days } days after it is due, the bill costs { $percent } % of its fee more, and as much again after every { $every } days, at most { $maximum } in all ({ $law }).
late-again-amount = Paid more than { $days } days after it is due, the bill costs { $amount } more, and as much again after every { $every } days, at most { $maximum } in all ({ $law }).

# Why there is no price, and what to do.
service-unknown = The agency has no service “{ $service }”. Use the code of one of its services.
service-unknown-meant = The agency has no service “{ $service }”. Did you mean { $suggestion }?
input-missing = “{ $input }” is missing. Fill it in.
input-unknown = This fee does not depend on “{ $input }”. Leave it out.
input-unknown-meant = This fee does not depend on “{ $input }”. Did you mean { $suggestion }?
reduction-unknown = This fee has no reduction “{ $reduction }”. Use the code of one of its reductions, or leave it out.
reduction-unknown-meant = This fee has no reduction “{ $reduction }”. Did you mean { $suggestion }?
quantity-invalid = “{ $input }” must be a whole number from 1 to 1,000,000. Write digits only.
measure-invalid = “{ $input }” must be a number of 0 or more, with at most three decimals. Write it like 12.500.
category-unknown = There is no price for “{ $category }”. Use one of: { $allowed }.
category-unknown-meant = There is no price for “{ $category }”. Did you mean { $suggestion }? There are: { $allowed }.
amount-text = This is not an amount. Write digits with a decimal point, like 12.500.
amount-decimals = The amount has more than three decimals. Write it like 12.500.
amount-negative = The amount is below zero. Write what is to be paid.
amount-zero = The price is zero: there is nothing to pay. Check the values.
amount-over-limit = The price is above { $limit }, the most one bill may be. Check the decimal point.
formula-failed = The fee formula cannot be worked out with these values ({ $reason }). Check the values.
formula-negative = The fee formula comes to { $result }, which is below zero. Check the values.
