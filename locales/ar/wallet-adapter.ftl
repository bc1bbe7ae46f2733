# Printed in the QR code of a bill: at most 25 and 15 characters.
qr-name = الخدمات الحكومية
qr-city = المنامة
