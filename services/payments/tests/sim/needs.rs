//! The rows that commands need, in the fake database: what the domain says of them.

use std::collections::BTreeSet;

use ids::Uuid;
use payments::domain::{Command, World, needs};

/// A row, by its table and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    Receivable(Uuid),
    Payment(Uuid),
    Attempt(Uuid),
    Refund(Uuid),
    Dispute(Uuid),
    Credit(Uuid),
    Adjustment(Uuid),
    Work(Uuid),
}

#[derive(Debug)]
pub struct Needs {
    pub rows: BTreeSet<Row>,
    all: needs::Needs,
}

impl Needs {
    pub fn of<'a>(commands: impl Iterator<Item = &'a Command>) -> Needs {
        let all = needs::Needs::of(commands);
        let of = |ids: &[Uuid], row: fn(Uuid) -> Row| ids.iter().map(|id| row(*id)).collect::<Vec<_>>();
        let rows = [
            of(&all.invoices, Row::Receivable),
            of(&all.payments, Row::Payment),
            of(&all.attempts, Row::Attempt),
            of(&all.refunds, Row::Refund),
            of(&all.disputes, Row::Dispute),
            of(&all.credits, Row::Credit),
            of(&all.adjustments, Row::Adjustment),
            of(&all.work, Row::Work),
        ];
        Needs { rows: rows.concat().into_iter().collect(), all }
    }

    /// With the rows that bills and movements lead to.
    pub fn found_in(mut self, world: &World) -> Needs {
        self.rows.extend(
            self.all.bills.iter().filter_map(|bill| world.bills.get(bill)).map(|id| Row::Receivable(id.0)),
        );
        let payments = self.all.movements.iter().filter_map(|movement| world.movements.get(movement));
        self.rows.extend(payments.map(|id| Row::Payment(id.0)));
        self
    }

    /// The rows of `all` that are asked for.
    pub fn load(&self, all: &World) -> World {
        let mut world = World::default();
        for row in &self.rows {
            match *row {
                Row::Receivable(id) => {
                    if let Some(row) = all.receivables.get(&id.into()) {
                        world.put_receivable(row.clone());
                    }
                }
                Row::Payment(id) => {
                    world.payments.extend(all.payments.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Attempt(id) => {
                    world.attempts.extend(all.attempts.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Refund(id) => {
                    world.refunds.extend(all.refunds.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Dispute(id) => {
                    world.disputes.extend(all.disputes.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Credit(id) => {
                    world.credits.extend(all.credits.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Adjustment(id) => {
                    world
                        .adjustments
                        .extend(all.adjustments.get(&id.into()).map(|row| (row.id, row.clone())));
                }
                Row::Work(_) => {}
            }
        }
        let movement = |of: &(String, String)| all.movements.get(of).map(|id| (of.clone(), *id));
        world.movements.extend(self.all.movements.iter().filter_map(movement));
        world.cash.extend(self.all.cash.iter().filter(|key| all.cash.contains(*key)).cloned());
        world
            .closed
            .extend(self.all.sessions.iter().filter(|session| all.closed.contains(*session)).cloned());
        world
    }
}
