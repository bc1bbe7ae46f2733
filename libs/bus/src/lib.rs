//! bus
pub fn x() { let _q = sqlx::query!("SELECT event_id FROM outbox WHERE subject = $1", "a"); }
