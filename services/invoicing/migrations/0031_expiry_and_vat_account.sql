-- The last day a bill can be paid, unless something of it is; then it ends, in agreement with `payments`, as a cancelled one does.
ALTER TABLE invoice
    ADD COLUMN payable_until      date,
    -- Of the agency at the time of issue: its invoices are tax invoices.
    ADD COLUMN agency_vat_account text,
    ADD CONSTRAINT invoice_payable_when_due CHECK (payable_until >= due_date),
    ADD CONSTRAINT invoice_agency_vat_account CHECK (agency_vat_account ~ '^[0-9]{15}$'),
    DROP CONSTRAINT invoice_state_fits_paid,
    ADD CONSTRAINT invoice_state_fits_paid CHECK (
        CASE state
            WHEN 'issued' THEN paid_fils = 0
            WHEN 'partially_paid' THEN paid_fils > 0 AND paid_fils < total_fils
            WHEN 'paid' THEN paid_fils = total_fils
            WHEN 'cancelled' THEN paid_fils = 0
            WHEN 'written_off' THEN paid_fils >= 0 AND paid_fils < total_fils
            WHEN 'expired' THEN paid_fils = 0 AND payable_until IS NOT NULL
            ELSE false
        END
    );
CREATE INDEX invoice_by_last_day ON invoice (payable_until, invoice_id) WHERE payable_until IS NOT NULL AND state = 'issued';
-- The reference of a bill that has ended is free again, as that of one that was taken back.
DROP INDEX invoice_reference_once;
CREATE UNIQUE INDEX invoice_reference_once ON invoice (agency_id, reference) WHERE state NOT IN ('cancelled', 'expired');

ALTER TABLE upload
    ADD COLUMN agency_vat_account text,
    ADD CONSTRAINT upload_agency_vat_account CHECK (agency_vat_account ~ '^[0-9]{15}$');

ALTER TABLE amendment
    DROP CONSTRAINT amendment_kind_fits,
    ADD CONSTRAINT amendment_kind_fits CHECK (
        (kind IN ('cancel', 'expire')
            AND num_nonnulls(fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps, schedule_version, due_date) = 0)
        OR (kind = 'amend' AND num_nulls(fee_fils, vat_fils, total_fils, reduction, reduced_fils, steps, schedule_version,
                                         due_date) = 0
            AND total_fils = fee_fils + vat_fils AND total_fils > 0)
    );
