//! What waits in a lane, shared between agencies: an agency that sends ten thousand payments at once makes its own wait,
//! and nobody else's.

use std::collections::{HashMap, VecDeque};

/// Commands by whose they are. Those of one agency keep their order; agencies take turns.
#[derive(Debug)]
pub(super) struct Fair<T> {
    queues: HashMap<String, VecDeque<T>>,
    /// Those with something waiting, the next one first.
    turns: VecDeque<String>,
    waiting: usize,
}

impl<T> Default for Fair<T> {
    fn default() -> Fair<T> {
        Fair { queues: HashMap::new(), turns: VecDeque::new(), waiting: 0 }
    }
}

impl<T> Fair<T> {
    pub fn push(&mut self, whose: &str, item: T) {
        self.waiting += 1;
        if let Some(queue) = self.queues.get_mut(whose) {
            queue.push_back(item);
            return;
        }
        self.turns.push_back(whose.to_owned());
        self.queues.insert(whose.to_owned(), VecDeque::from([item]));
    }

    /// Takes up to `most`, one of each in turn.
    pub fn take(&mut self, most: usize) -> Vec<T> {
        let mut taken = Vec::with_capacity(most.min(self.waiting));
        while taken.len() < most
            && let Some(whose) = self.turns.pop_front()
        {
            let queue = self.queues.get_mut(&whose);
            let (item, empty) = queue.map_or((None, true), |queue| (queue.pop_front(), queue.is_empty()));
            taken.extend(item);
            if empty {
                self.queues.remove(&whose);
            } else {
                self.turns.push_back(whose);
            }
        }
        self.waiting -= taken.len();
        taken
    }

    pub fn len(&self) -> usize {
        self.waiting
    }

    /// How many wait of one agency.
    pub fn of(&self, whose: &str) -> usize {
        self.queues.get(whose).map_or(0, VecDeque::len)
    }
}

/// Whose a command is: a bill's reference begins with its agency.
pub(super) fn whose(lane_key: &str) -> &str {
    lane_key.split('-').next().unwrap_or(lane_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_sends_much_waits_and_the_others_do_not() {
        let mut fair = Fair::default();
        for n in 0..1_000 {
            fair.push("TRF", ("TRF", n));
        }
        fair.push("HLT", ("HLT", 0));
        fair.push("MUN", ("MUN", 0));
        fair.push("HLT", ("HLT", 1));
        assert_eq!((fair.len(), fair.of("TRF"), fair.of("HLT"), fair.of("JUS")), (1_003, 1_000, 2, 0));
        let first = fair.take(6);
        assert_eq!(first, [("TRF", 0), ("HLT", 0), ("MUN", 0), ("TRF", 1), ("HLT", 1), ("TRF", 2)]);
        let rest = fair.take(2_000);
        assert_eq!((rest.len(), fair.len()), (997, 0));
        assert!(rest.is_sorted(), "each agency's own keep their order");
        assert!(fair.take(1).is_empty());
    }

    #[test]
    fn a_bill_names_its_agency() {
        assert_eq!(whose("TRF-2026-000001-K7QM4"), "TRF");
        assert_eq!(whose(""), "");
    }
}
