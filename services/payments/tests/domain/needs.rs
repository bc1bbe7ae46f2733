//! The rows that a command may touch.

use std::collections::BTreeSet;

use ids::Uuid;
use payments::domain::{Command, needs::Needs};

use crate::command;

/// The rows by table and the last digits of their ids, in the order of the tables.
fn rows(command: &Command) -> String {
    let Needs { invoices, bills, payments, attempts, refunds, disputes, credits, adjustments, .. } =
        &Needs::of([command]);
    let Needs { work, movements, cash, sessions, .. } = &Needs::of([command]);
    let ids = [
        ("invoice", invoices),
        ("payment", payments),
        ("attempt", attempts),
        ("refund", refunds),
        ("dispute", disputes),
        ("credit", credits),
        ("adjustment", adjustments),
        ("work", work),
    ];
    let mut rows: Vec<String> = Vec::new();
    for (table, of) in ids {
        let of: BTreeSet<&Uuid> = of.iter().collect();
        rows.extend(of.into_iter().map(|id| format!("{table} {}", id.as_u128())));
    }
    rows.extend(bills.iter().map(|bill| format!("bill {bill}")));
    rows.extend(movements.iter().map(|(provider, reference)| format!("movement {provider}/{reference}")));
    rows.extend(cash.iter().map(payments::domain::command::CashKey::source));
    rows.extend(sessions.iter().map(|(device, session)| format!("session {device}/{session}")));
    rows.join(", ")
}

#[test]
fn a_command_reads_the_rows_it_may_touch_and_no_others() {
    let expected = [
        ("open", "invoice 1, bill TRF-1"),
        ("change", "bill TRF-1"),
        ("start", "bill TRF-1, bill TRF-2"),
        ("retry", "invoice 1, payment 2"),
        ("capture", "invoice 1, payment 2, attempt 3"),
        ("give_up", "invoice 1, payment 2, attempt 3"),
        ("record", "invoice 1, invoice 11, payment 2, payment 22, attempt 3, work 3"),
        ("receive", "bill TRF-1, movement terminal-bank/M-1"),
        ("stack", "cash:KSK-0001/1/1"),
        ("close", "bill TRF-1, cash:KSK-0001/1/2, session KSK-0001/S-1"),
        ("quarantine", ""),
        ("refund asked of a payment", "invoice 1, payment 2, attempt 3"),
        ("refund asked of a credit", "payment 2, attempt 3, credit 4"),
        ("refund by people", "invoice 1, payment 2, refund 5"),
        ("refund by the provider", "refund 5, credit 4, work 5"),
        ("open_dispute", "invoice 1, payment 2"),
        ("dispute", "invoice 1, payment 2, dispute 6"),
        ("apply_credit", "credit 4, bill TRF-1"),
        ("write_off asked", "bill TRF-1"),
        ("move asked", ""),
        ("adjust", "adjustment 8, bill TRF-1"),
    ];
    let found = command::all();
    let found: Vec<_> = found.iter().map(|(name, command)| (*name, rows(command))).collect();
    let expected: Vec<_> = expected.map(|(name, rows)| (name, rows.to_owned())).into();
    assert_eq!(found, expected);
}

#[test]
fn several_commands_need_what_each_needs() {
    let all = command::all();
    let both: Vec<_> =
        all.iter().map(|(_, command)| command).filter(|c| c.lane_key() == "KSK-0001").collect();
    assert_eq!(Needs::of(both).cash, [command::key(1)]);
    let needs = Needs::of(all.iter().map(|(_, command)| command));
    assert_eq!((needs.refunds.len(), needs.disputes.len(), needs.adjustments.len()), (2, 1, 1));
}
