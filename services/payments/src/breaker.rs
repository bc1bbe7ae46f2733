//! A breaker per provider: one that does not answer gets some rest, and we keep our calls for those that do.

use std::{collections::HashMap, time::Duration};

/// So many calls in a row without an answer open it.
const OPENS_AFTER: u32 = 8;
/// The first rest; it doubles with each failed trial.
const FIRST_REST: Duration = Duration::from_secs(2);
/// The longest.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Who was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The provider, or the way to it.
    Provider,
    /// Our own wallet-adapter: nobody is spared by a longer rest, and payers wait for its end.
    Adapter,
}

impl Silence {
    /// Failures after this many do not count.
    fn most_failures(self) -> u32 {
        match self {
            Silence::Provider => u32::MAX,
            Silence::Adapter => OPENS_AFTER,
        }
    }
}

/// The breakers of all providers.
#[derive(Debug, Default)]
pub struct Breakers(HashMap<String, Breaker>);

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    rests_until: Duration,
}

impl Breakers {
    /// Providers that are not asked at `now` (monotonic).
    pub fn resting(&self, now: Duration) -> Vec<String> {
        let resting = self.0.iter().filter(|(_, breaker)| breaker.rests_until > now);
        resting.map(|(provider, _)| provider.clone()).collect()
    }

    /// The provider said something.
    pub fn answered(&mut self, provider: &str) {
        self.0.remove(provider);
    }

    /// A call brought no answer. True when the provider's rest begins with it.
    pub fn silent(&mut self, provider: &str, silence: Silence, now: Duration) -> bool {
        let breaker = self.0.entry(provider.to_owned()).or_default();
        // Calls that were under way when it opened say nothing new.
        if breaker.rests_until > now {
            return false;
        }
        if breaker.failures < silence.most_failures() {
            breaker.failures = breaker.failures.saturating_add(1);
        }
        let Some(trials) = breaker.failures.checked_sub(OPENS_AFTER) else { return false };
        let rest = FIRST_REST.saturating_mul(1 << trials.min(5)).min(LONGEST_REST);
        breaker.rests_until = now.saturating_add(rest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_provider_rests_longer_each_time_and_an_answer_ends_it() {
        let mut breakers = Breakers::default();
        let at = Duration::from_secs;
        for _ in 0..7 {
            assert!(!breakers.silent("slow", Silence::Provider, at(100)));
        }
        assert!(breakers.resting(at(100)).is_empty());
        assert!(breakers.silent("slow", Silence::Provider, at(100)));
        assert!(!breakers.silent("slow", Silence::Provider, at(101)), "it rests already");
        assert_eq!(breakers.resting(at(101)), ["slow"]);
        assert!(breakers.resting(at(102)).is_empty(), "it is tried again");
        assert!(breakers.silent("slow", Silence::Provider, at(102)));
        assert_eq!(breakers.resting(at(105)), ["slow"]);
        breakers.answered("slow");
        assert!(breakers.resting(at(105)).is_empty());
    }

    #[test]
    fn while_our_adapter_is_away_rests_stay_short() {
        let mut breakers = Breakers::default();
        let at = Duration::from_secs;
        for second in 0..7 {
            assert!(!breakers.silent("slow", Silence::Adapter, at(second)));
        }
        for second in (10..60).step_by(2) {
            assert!(breakers.silent("slow", Silence::Adapter, at(second)));
            assert!(breakers.resting(at(second + 2)).is_empty());
        }
        assert!(breakers.silent("slow", Silence::Provider, at(100)));
        assert_eq!(breakers.resting(at(103)), ["slow"], "the provider's own silence counts on");
    }
}
