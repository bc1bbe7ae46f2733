# What a clerk reads about a file of bills: what is wrong, and what to do.

amount_over_limit = The amount is above BHD { $limit }, the most one bill may be. Check the decimal point.
amount_decimals = The amount has more than three decimals. Write it like 12.500.
amount_negative = The amount is below zero. A bill is what somebody has to pay: write it without a minus.
amount_zero = The amount is zero. Remove the row, or write what is to be paid.
amount_text = This is not an amount. Write digits with a decimal point, like 12.500.
reference_duplicate = This reference was used before, in this file or on an earlier bill. Give each bill its own.
reference_missing = The reference is missing. Write the number your agency knows this bill by.
reference_invalid = The reference may have only the letters A to Z, digits and - / . _, and { $limit } characters at most.
cpr_length = A personal number has exactly nine digits, leading zeros included; a company's registration has its branch, like 12345-1. Correct it from the card or the registration.
cpr_missing = The personal number is missing. Write its nine digits, or a company's registration with its branch.
phone_invalid = This is not a phone number of Bahrain. Write eight digits, with or without +973, or leave the cell empty.
email_invalid = This is no e-mail address. Write it like name@example.com, or leave the cell empty.
language_unknown = This language is not known. Write ar or en, or leave the cell empty.
service_unknown = Your agency has no service with this code. It has: { $allowed }.
due_date_invalid = This is neither a date nor a term. Write it like 2030-01-31, 31/01/2030, 30 days or 10 working days.
due_date_past = The due date is past. The earliest is { $earliest }.
card_number_in_text = A payment card's number stands here. Remove it: card numbers must not be kept in bills.
column_count = The row has { $found } cells, the header has { $expected }. Look for a missing or extra separator, or a quotation mark that is not closed.
quantity_invalid = This number cannot be used for the fee. Write a plain number above zero, without thousands separators; counted things are whole numbers.
category_unknown = The fee does not know this category. Use one of: { $allowed }.
cell_error = A formula failed and left { $value } here. Write the value itself.
name_missing = The name is missing. Write who has to pay.
text_too_long = The text is too long: { $limit } characters at most.
input_missing = The fee needs { $input }, and the cell is empty or the column is missing. Fill it in.
input_unknown = The fee does not use { $input }. Remove it.
reduction_unknown = The fee has no reduction with this code. Use one of the fee's own codes, or leave the cell empty.
reduction_leaves_nothing = The reduction takes the whole fee: there is nothing to pay, so no bill is needed. Remove the row.
instalments_count = A plan has { $least } to { $limit } instalments. Send one part more, or none for a bill that is paid at once.
instalments_order = Each instalment is due after the one before it, which is due on { $before }. Write a later date.
instalments_sum = The instalments sum to { $sum }, and the bill comes to { $total }. Change them so that they sum to it.
instalments_end = The bill is due on the day of its last instalment, { $last }. Write that day, or leave the due date out.
formula_failed = The fee cannot be calculated from these values. Check them; if they are right, tell whoever keeps the fee schedule.

# A file that is refused as a whole.
file_empty = The file is empty. Choose the file again; perhaps it was not saved.
file_type_unknown = The file looks like { $looks_like }. Save the table as CSV or as an Excel workbook (.xlsx) and send that.
encoding_unknown = The letters of the file cannot be read for sure ({ $why }). Save it as "CSV UTF-8" or as an Excel workbook (.xlsx).
archive_suspicious = The workbook was not opened: { $why }. Copy the table into a new workbook and send that.
header_missing = The first row must name the columns. Missing: { $missing }. Twice: { $repeated }.
too_many_rows = The file has more than { $limit } rows. Split it.
