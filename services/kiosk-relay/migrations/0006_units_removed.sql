-- Since when a device has cash inside is asked every few seconds: its last emptying must be found without its whole journal.
CREATE INDEX journal_record_units_removed ON journal_record (device_id, epoch, seq) WHERE kind = 'unit.removed';
