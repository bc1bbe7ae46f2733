//! What we owe a payer: each command within what is free, and beyond.

use money::Money;
use payments::domain::{
    Refusal,
    credit::{Command, Credit},
};

use crate::given::{self, DUE, NOTHING};

fn of(reserved: i64, used: i64) -> Credit {
    Credit { reserved: Money::fils(reserved), used: Money::fils(used), ..given::credit() }
}

#[test]
fn each_command_moves_money_between_free_reserved_and_used() {
    let fils = Money::fils;
    for (command, reserved, used) in [
        (Command::Apply(fils(1_000)), 2_000, 4_000),
        (Command::Apply(fils(5_000)), 2_000, 8_000),
        (Command::Reserve(fils(1_000)), 3_000, 3_000),
        (Command::Reserve(fils(5_000)), 7_000, 3_000),
        (Command::Release(fils(500)), 1_500, 3_000),
        (Command::PayOut(fils(500)), 1_500, 3_500),
    ] {
        let expected = Credit { version: 8, ..of(reserved, used) };
        assert_eq!(of(2_000, 3_000).step(command), Ok(expected), "{command:?}");
    }
}

#[test]
fn only_what_is_free_can_be_given() {
    assert_eq!(of(2_000, 3_000).free(), Ok(Money::fils(5_000)));
    let exceeded = Refusal::CreditExceeded { free: Money::fils(5_000) };
    for command in [Command::Apply, Command::Reserve] {
        assert_eq!(of(2_000, 3_000).step(command(Money::fils(5_001))), Err(exceeded.clone()));
        assert_eq!(of(2_000, 3_000).step(command(NOTHING)), Err(Refusal::AmountNotPositive));
        assert_eq!(of(2_000, 3_000).step(command(Money::fils(-1))), Err(Refusal::AmountNotPositive));
    }
}

#[test]
fn its_state_follows_from_its_sums() {
    for (reserved, used, state) in [
        (0, 0, "open"),
        (1, 0, "partially_used"),
        (0, 1, "partially_used"),
        (1, 1, "partially_used"),
        (10_000, 0, "partially_used"),
        (1, 9_999, "partially_used"),
        (0, 10_000, "used"),
    ] {
        assert_eq!(of(reserved, used).state(), state, "{reserved} {used}");
    }
    let all = [Command::Apply, Command::Reserve, Command::Release, Command::PayOut];
    assert_eq!(all.map(|of| of(DUE).name()), ["apply", "reserve", "release", "pay_out"]);
}
