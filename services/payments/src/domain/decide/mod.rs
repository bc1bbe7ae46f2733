//! One command over all it touches. Checks come before changes, so a refusal undoes nothing.

mod adjust;
mod bill;
mod capture;
mod cash;
mod channel;
mod credit;
mod dispute;
mod receive;
mod record;
mod refund;
mod start;
mod write;

use boot::Ids;
use ids::AgencyId;
use money::Money;
use time::OffsetDateTime;

use super::{
    Changes, Command, Refusal, World,
    adjustment::Adjustment,
    attempt::{Attempt, Patience},
    channel::Policies,
    credit::Credit,
    dispute::Dispute,
    inquiry::Schedule,
    payment::Payment,
    receivable::Receivable,
    refund::Refund,
};

/// When and with what ids a command is decided, and how patient we are.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    pub now: OffsetDateTime,
    pub ids: &'a Ids,
    pub rules: &'a Rules,
    /// Which channels may take money.
    pub policies: &'a Policies,
}

/// The settings decisions depend on.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub patience: Patience,
    pub schedule: Schedule,
    /// Up to this amount one person may refund alone.
    pub refund_alone: Money,
}

/// What the caller is told.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It is so now, or was already.
    Done,
    /// The payments of a cart, or the one.
    Started {
        payments: Vec<Payment>,
        attempt: Attempt,
    },
    Recorded(Box<Payment>),
    Receivable(Box<Receivable>),
    Refund(Box<Refund>),
    Dispute(Box<Dispute>),
    Credit(Box<Credit>),
    Adjustment(Box<Adjustment>),
}

impl Moment<'_> {
    /// A fresh id that sorts by time.
    pub fn id<T: From<ids::Uuid>>(&self) -> T {
        self.ids.uuid(self.now).into()
    }
}

/// What `command` changes in `world`, and what its caller is told.
///
/// # Errors
/// A [`Refusal`]; nothing changes.
pub fn decide(world: &World, command: &Command, at: &Moment<'_>) -> Result<(Changes, Reply), Refusal> {
    match command {
        Command::Open(command) => bill::open(world, command),
        Command::Change(command) => bill::change(world, command),
        Command::Start(command) => start::start(world, command, at),
        Command::Retry(command) => start::retry(world, command, at),
        Command::Capture(command) => capture::capture(world, command, at),
        Command::GiveUp(command) => start::give_up(world, command, at),
        Command::Record(command) => record::record(world, command, at),
        Command::Receive(command) => receive::receive(world, command, at),
        Command::Stack(command) => cash::stack(world, command, at),
        Command::Close(command) => cash::close(world, command, at),
        Command::Quarantine(command) => Ok(cash::quarantine(command, at)),
        Command::RequestRefund(command) => refund::request(world, command, at),
        Command::Refund(command) => refund::step(world, command, at),
        Command::OpenDispute(command) => dispute::open(world, command, at),
        Command::Dispute(command) => dispute::step(world, command, at),
        Command::ApplyCredit(command) => credit::apply(world, command, at),
        Command::RequestAdjustment(command) => adjust::request(world, command, at),
        Command::Adjust(command) => adjust::step(world, command, at),
    }
}

/// Whether a caller bound to `caller` may touch what is `owner`'s: what it may not, does not exist for it.
fn visible(caller: Option<&AgencyId>, owner: &AgencyId) -> bool {
    caller.is_none_or(|caller| caller == owner)
}
