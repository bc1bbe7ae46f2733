-- When the payer began, by the device's clock: whether cash was taken for the service then is judged by it.
ALTER TABLE device_session ADD COLUMN began_at timestamptz;
