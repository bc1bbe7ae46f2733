# Printed in the QR code of a bill: at most 25 and 15 characters, plain ASCII.
qr-name = GOV SERVICES
qr-city = MANAMA
