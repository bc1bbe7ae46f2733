//! What went over an account, and what it stood at.

use std::fmt;

use futures::TryStreamExt as _;
use money::Money;
use pg::Tx;
use serde::Serialize;
use time::{Date, Duration, OffsetDateTime};

use super::{BooksError, day, error::refused, snapshot};
use crate::store::ledger;

/// An account and the business days to show of it, both included.
#[derive(Clone, Debug)]
pub struct Period {
    pub account: String,
    pub from: Date,
    pub to: Date,
}

/// One line of a statement. A debit is positive, a credit negative, in fils.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// What the account stood at when the day began.
    Opening { day: String, balance_fils: i64 },
    Entry {
        #[serde(with = "time::serde::rfc3339")]
        at: OffsetDateTime,
        journal_id: String,
        kind: String,
        source: String,
        amount_fils: i64,
        balance_fils: i64,
    },
    /// What the account stood at when the day ended: its opening and its entries.
    Closing { day: String, debit_fils: i64, credit_fils: i64, balance_fils: i64 },
    /// The whole period.
    Total { entries: i64, opening_fils: i64, debit_fils: i64, credit_fils: i64, closing_fils: i64 },
}

/// What an account stood at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BalanceAt {
    pub account: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub debit_fils: i64,
    pub credit_fils: i64,
    /// Debits less credits.
    pub balance_fils: i64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let money = |fils: &i64| Money::fils(*fils).to_string();
        match self {
            Line::Opening { day, balance_fils } => write!(f, "{day}  opening  {}", money(balance_fils)),
            Line::Entry { at, kind, source, amount_fils, balance_fils, .. } => {
                let side = if *amount_fils < 0 { "credit" } else { "debit " };
                let amount = money(&amount_fils.saturating_abs());
                let at = day::show(*at);
                write!(f, "  {at}  {side} {amount}  {kind}  {source}  -> {}", money(balance_fils))
            }
            Line::Closing { day, debit_fils, credit_fils, balance_fils } => {
                let [debit, credit, balance] = [debit_fils, credit_fils, balance_fils].map(money);
                write!(f, "{day}  closing  {balance}  (debit {debit}, credit {credit})")
            }
            Line::Total { entries, opening_fils, debit_fils, credit_fils, closing_fils } => {
                let [opening, debit, credit, closing] =
                    [opening_fils, debit_fils, credit_fils, closing_fils].map(money);
                write!(
                    f,
                    "{entries} entries: opening {opening} + debit {debit} - credit {credit} = closing {closing}"
                )
            }
        }
    }
}

impl fmt::Display for BalanceAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (account, at) = (&self.account, day::show(self.at));
        let [debit, credit, balance] =
            [self.debit_fils, self.credit_fils, self.balance_fils].map(Money::fils);
        write!(f, "{account} at {at}: {balance}  (debit {debit}, credit {credit})")
    }
}

/// Gives the statement of an account line by line, oldest first; it is never in memory as a whole.
///
/// # Errors
/// `Refused`: no such account, days in the wrong order, or books that do not add up.
pub async fn statement(
    database_url: &str,
    period: &Period,
    mut each: impl FnMut(&Line),
) -> Result<(), BooksError> {
    let Period { account, from, to } = period;
    if from > to {
        return refused(format!("the period ends on {to}, before it begins on {from}"));
    }
    let mut tx = snapshot(database_url).await?;
    let opening = sums_before(&mut tx, account, day::begins(*from)).await?.balance;
    let closing = sums_before(&mut tx, account, day::ends(*to)).await?.balance;
    let mut days = Days { day: *from, today: Sums::from(opening), all: Sums::from(opening), entries: 0 };
    each(&days.opening());
    let mut rows = sqlx::query!(
        r#"SELECT posted_at, journal_id AS "journal_id!", kind, source, amount_fils AS "amount_fils!"
           FROM entry
           JOIN journal USING (journal_id)
           JOIN posting_batch USING (batch_id)
          WHERE account = $1
            AND posted_at >= $2
            AND posted_at < $3
          ORDER BY posted_at, lane, seq, position, line"#,
        account,
        day::begins(*from),
        day::ends(*to),
    )
    .fetch(tx.conn());
    while let Some(row) = rows.try_next().await? {
        days.go_to(day::of(row.posted_at), &mut each);
        days.add(row.amount_fils)?;
        each(&Line::Entry {
            at: row.posted_at,
            journal_id: row.journal_id.to_string(),
            kind: row.kind,
            source: row.source,
            amount_fils: row.amount_fils,
            balance_fils: days.all.balance,
        });
    }
    days.go_to(*to, &mut each);
    each(&days.closing());
    each(&days.total());
    if days.all.balance != closing {
        let found = Money::fils(closing);
        return refused(format!("{account} does not add up: all entries until {to} give {found}"));
    }
    Ok(())
}

/// What an account stood at, with everything posted until `at`.
///
/// # Errors
/// `Refused`: no such account.
pub async fn balance_at(
    database_url: &str,
    account: &str,
    at: OffsetDateTime,
) -> Result<BalanceAt, BooksError> {
    let mut tx = snapshot(database_url).await?;
    let Sums { debit, credit, balance } = sums_before(&mut tx, account, at + Duration::MICROSECOND).await?;
    let account = account.to_owned();
    Ok(BalanceAt { account, at, debit_fils: debit, credit_fils: credit, balance_fils: balance })
}

/// A mistyped account must not read as an empty one.
async fn sums_before(tx: &mut Tx, account: &str, before: OffsetDateTime) -> Result<Sums, BooksError> {
    let Some(sums) = ledger::balance_before(tx, account, before).await? else {
        return refused(format!("nothing was ever posted to an account {account}"));
    };
    let (debit, credit) = (sums.debit_fils, sums.credit_fils);
    let balance = debit.checked_sub(credit);
    let Some(balance) = balance else { return refused(format!("the sums of {account} are out of range")) };
    Ok(Sums { debit, credit, balance })
}

/// Sums in fils.
#[derive(Clone, Copy)]
struct Sums {
    debit: i64,
    credit: i64,
    balance: i64,
}

impl Sums {
    fn from(opening: i64) -> Sums {
        Sums { debit: 0, credit: 0, balance: opening }
    }

    fn add(&mut self, fils: i64) -> Option<()> {
        self.debit = self.debit.checked_add(fils.max(0))?;
        self.credit = self.credit.checked_sub(fils.min(0))?;
        self.balance = self.balance.checked_add(fils)?;
        Some(())
    }

    fn opening(&self) -> i64 {
        self.balance - self.debit + self.credit
    }
}

/// The day that is being shown, and what came before it.
struct Days {
    day: Date,
    today: Sums,
    all: Sums,
    entries: i64,
}

impl Days {
    fn add(&mut self, fils: i64) -> Result<(), BooksError> {
        self.entries += 1;
        let added = self.today.add(fils).and_then(|()| self.all.add(fils));
        added.map_or_else(|| refused(format!("the sums of {} are out of range", self.day)), Ok)
    }

    /// Closes days and opens the next until it is `day`.
    fn go_to(&mut self, day: Date, each: &mut impl FnMut(&Line)) {
        while self.day < day
            && let Some(next) = day::after(self.day)
        {
            each(&self.closing());
            self.day = next;
            self.today = Sums::from(self.all.balance);
            each(&self.opening());
        }
    }

    fn opening(&self) -> Line {
        Line::Opening { day: self.day.to_string(), balance_fils: self.today.opening() }
    }

    fn closing(&self) -> Line {
        let Sums { debit, credit, balance } = self.today;
        let day = self.day.to_string();
        Line::Closing { day, debit_fils: debit, credit_fils: credit, balance_fils: balance }
    }

    fn total(&self) -> Line {
        let Sums { debit, credit, balance } = self.all;
        Line::Total {
            entries: self.entries,
            opening_fils: self.all.opening(),
            debit_fils: debit,
            credit_fils: credit,
            closing_fils: balance,
        }
    }
}
