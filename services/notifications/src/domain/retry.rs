//! When the next try is.
//!
//! # Source
//! Standard Webhooks 1.0, "deliverability": the schedule of webhooks. E-mail: RFC 5321 4.5.4.1, tries for days.

use std::time::Duration;

/// After the first try, the second, and so on.
const WEBHOOK: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];
const EMAIL: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(4),
    Duration::from_hours(12),
    Duration::from_hours(24),
    Duration::from_hours(24),
];

/// A receiver may not put us off longer than this.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The pauses between tries.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    waits: &'static [Duration],
    scale_percent: u32,
}

impl Schedule {
    /// Every pause is `scale_percent` of the real one: 100 but for tests and demonstrations.
    pub fn webhook(scale_percent: u32) -> Schedule {
        Schedule { waits: &WEBHOOK, scale_percent }
    }

    /// As [`Schedule::webhook`], for e-mail.
    pub fn email(scale_percent: u32) -> Schedule {
        Schedule { waits: &EMAIL, scale_percent }
    }

    /// The pause after try number `tries` (from 1); `None` after the last. `random` spreads it by a tenth either way,
    /// so that what failed together does not come again together.
    pub fn wait_after(&self, tries: i32, random: u16) -> Option<Duration> {
        let index = usize::try_from(tries.checked_sub(1)?).ok()?;
        let wait = self.waits.get(index)?.saturating_mul(self.scale_percent) / 100;
        let permille = 900_u32.saturating_add(u32::from(random) % 201);
        Some(wait.saturating_mul(permille) / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_pauses_with_a_tenth_of_jitter_then_no_more() {
        let schedule = Schedule::webhook(100);
        let middle = |tries| schedule.wait_after(tries, 100).map(|wait| wait.as_secs());
        let expected = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(Some);
        assert_eq!((1..=9).map(middle).collect::<Vec<_>>(), expected);
        assert_eq!((middle(0), middle(10)), (None, None));

        let spread = |random| schedule.wait_after(2, random).unwrap().as_secs();
        assert_eq!((spread(0), spread(200), spread(201)), (270, 330, 270));
    }

    #[test]
    fn the_scale_shortens_every_pause() {
        let wait = Schedule::email(5).wait_after(2, 100).unwrap();
        assert_eq!(wait, Duration::from_secs(3));
    }
}
