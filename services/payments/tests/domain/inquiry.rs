//! When to ask a provider again.

use std::time::Duration;

use payments::domain::inquiry::Schedule;

use crate::given::{NOW, RULES};

const SCHEDULE: Schedule = RULES.schedule;

#[test]
fn at_most_three_inquiries_in_the_first_two_hours_of_doubt_whatever_the_jitter() {
    for jitter in [0, 128, 255] {
        let mut at = NOW;
        let mut count = 0;
        for doubts in 1..10 {
            at = SCHEDULE.next_at(doubts, jitter, at);
            if at < NOW + Duration::from_hours(2) {
                count += 1;
            }
        }
        assert_eq!(count, 3, "{jitter}");
    }
}

#[test]
fn quick_first_then_doubling_to_the_longest() {
    let wait = |doubts, jitter| SCHEDULE.next_at(doubts, jitter, NOW) - NOW;
    assert_eq!(wait(0, 255), time::Duration::seconds(3));
    assert_eq!([1, 2, 3, 4, 5, 90].map(|n| wait(n, 0).whole_minutes()), [10, 20, 40, 80, 120, 120]);
    assert_eq!(wait(1, 255), time::Duration::minutes(11));
    assert_eq!(SCHEDULE.rarely_at(0, NOW) - NOW, time::Duration::hours(2));
}
