-- Why an invoice ended is read with the invoice.
CREATE INDEX amendment_by_invoice ON amendment (invoice_id);
