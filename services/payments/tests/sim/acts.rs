//! Who does what: an act of the plan becomes a call, a session at a kiosk, or trouble.

use ids::{AgencyId, InvoiceId, Uuid};
use money::Money;
use payments::domain::{
    Command, adjustment,
    command::Open,
    payment, receivable,
    receivable::Terms,
    refund,
    refund::Destination,
    share::{Beneficiary, Share},
};
use time::Duration;

use super::{
    callers::Request,
    dice::Dice,
    plan::{Fault, Office, Payer, Refunds, Trouble, What},
    run::{Do, Sim},
};

/// The bills that are issued: reference, agency, fils, of which somebody else's, instalments.
const BILLS: [(&str, &str, i64, i64, i64); 6] = [
    ("TRF-1", "TRF", 5_000, 0, 1),
    ("TRF-2", "TRF", 12_500, 0, 1),
    ("TRF-3", "TRF", 9_003, 3_003, 1),
    ("TRF-4", "TRF", 12_000, 0, 4),
    ("MUN-1", "MUN", 20_000, 7_001, 2),
    ("MUN-2", "MUN", 1_002, 0, 1),
];

fn terms(agency: &str, fils: i64, others: i64, instalments: i64) -> Terms {
    let own = Beneficiary::Agency(AgencyId(agency.to_owned()));
    let other = Beneficiary::Other("BEN".to_owned());
    let shares = vec![Share::new(own, Money::fils(fils - others)), Share::new(other, Money::fils(others))];
    let plan = (0..instalments).map(|_| Money::fils(fils / instalments)).collect();
    Terms {
        due: Money::fils(fils),
        shares: if others > 0 { shares } else { vec![] },
        instalments: if instalments > 1 { plan } else { vec![] },
    }
}

/// What invoicing has issued.
pub fn issued(bill_reference: &str) -> Option<Open> {
    let (n, (reference, agency, fils, others, instalments)) =
        (1_u128..).zip(BILLS).find(|(_, (reference, ..))| *reference == bill_reference)?;
    Some(Open {
        invoice_id: InvoiceId(Uuid::from_u128(n)),
        agency: AgencyId(agency.to_owned()),
        bill_reference: reference.to_owned(),
        service_code: "FEE".to_owned(),
        terms: terms(agency, fils, others, instalments),
    })
}

fn any_bill(dice: &mut Dice) -> String {
    dice.one(&BILLS).map(|(reference, ..)| reference.to_owned()).unwrap()
}

impl Sim {
    pub fn issue_bills(&mut self) {
        for (reference, ..) in BILLS {
            self.post(Command::Open(issued(reference).unwrap()));
        }
    }

    pub fn act(&mut self, n: usize) {
        let act = *self.plan.acts.get(n).unwrap();
        let mut dice = Dice::of(self.plan.seed, act.dice);
        let request = match act.what {
            What::Payer(what) => self.of_payer(what, &mut dice),
            What::Refunds(what) => self.of_refunds(what, &mut dice),
            What::Office(what) => self.of_officer(what, &mut dice),
            What::Kiosk => return self.session(&mut dice),
            What::Quarantine => return self.quarantine(),
            What::Trouble(what) => return self.trouble(what, &mut dice),
        };
        if let Some(request) = request {
            self.begin_call(request);
        }
    }

    fn any_payment(&self, dice: &mut Dice, fits: fn(&payment::State) -> bool) -> Option<&payment::Payment> {
        let mut fitting: Vec<_> =
            self.store.world.payments.values().filter(|payment| fits(&payment.state)).collect();
        fitting.sort_by_key(|payment| payment.id);
        dice.one(&fitting)
    }

    fn of_payer(&mut self, what: Payer, dice: &mut Dice) -> Option<Request> {
        use payment::State as S;
        let start = |bills| Request::Start { bills, amount: None, hold: false };
        Some(match what {
            Payer::Cart => start((0..dice.between(2, 3)).map(|_| any_bill(dice)).collect()),
            Payer::Instalment => {
                let (bill, fils) = dice.one(&[("TRF-4", 3_000), ("TRF-4", 6_000), ("MUN-1", 10_000)])?;
                Request::Start { bills: vec![bill.to_owned()], amount: Some(Money::fils(fils)), hold: false }
            }
            Payer::Hold => {
                let bills = (0..dice.between(1, 2)).map(|_| any_bill(dice)).collect();
                Request::Start { bills, amount: None, hold: true }
            }
            Payer::Capture => {
                let payment = self.any_payment(dice, |state| *state == S::Authorised)?;
                let fils = dice.one(&[3_000, payment.amount.minor_units(), 90_000])?;
                let amount = dice.percent(40).then(|| Money::fils(fils));
                Request::Capture { payment: payment.id.0, amount }
            }
            Payer::Retry => {
                let ended = |state: &S| matches!(state, S::Failed { .. } | S::Expired | S::Cancelled);
                Request::Retry(self.any_payment(dice, ended)?.id.0)
            }
            Payer::Cancel => {
                let live = |state: &S| {
                    matches!(state, S::Created | S::ActionRequired(_) | S::Processing | S::Authorised)
                };
                Request::Cancel(self.any_payment(dice, live)?.id.0)
            }
            Payer::Receive => {
                // Some movements are told twice, some for another amount.
                let movement = format!("M-{}", dice.between(1, 6));
                let fils = dice.one(&[1_002, 3_000, 5_000, 9_003, 25_000])?;
                Request::Receive { bill: any_bill(dice), movement, amount: Money::fils(fils) }
            }
            Payer::Start => start(vec![any_bill(dice)]),
        })
    }

    fn of_refunds(&mut self, what: Refunds, dice: &mut Dice) -> Option<Request> {
        use payment::State as S;
        let world = &self.store.world;
        let mut refunds: Vec<_> = world.refunds.values().collect();
        refunds.sort_by_key(|refund| refund.id);
        match what {
            Refunds::Ask => {
                let paid = |state: &S| matches!(state, S::Captured(_) | S::PartiallyRefunded(_));
                let payment = self.any_payment(dice, paid)?;
                let part = payment.amount.minor_units() / dice.between(1, 3);
                let amount = dice.percent(50).then(|| Money::fils(part));
                Some(Request::RefundPayment { payment: payment.id.0, amount, to: dice.percent(30).into() })
            }
            Refunds::PayOutCredit => {
                let mut credits: Vec<_> = world.credits.values().map(|credit| credit.id.0).collect();
                credits.sort();
                Some(Request::RefundCredit { credit: dice.one(&credits)?, to: dice.percent(50).into() })
            }
            Refunds::Decide => {
                refunds.retain(|refund| refund.state == refund::State::Requested);
                let refund = dice.one(&refunds)?.id.0;
                let by = if dice.percent(80) { "sara" } else { "ali" };
                Some(Request::Decide { refund, by, yes: dice.percent(85).into() })
            }
            Refunds::BankPays => {
                let to_bank = |refund: &&refund::Refund| {
                    matches!(refund.to, Destination::Iban { .. })
                        && matches!(refund.state, refund::State::Approved { .. })
                };
                refunds.retain(to_bank);
                let refund = dice.one(&refunds)?;
                let (id, fils) = (refund.id.0, refund.amount.minor_units());
                // The bank pays, or refuses, once; then it tells.
                let yes = dice.percent(80);
                let yes = *self.bank.entry(id).or_insert(if yes { fils } else { 0 }) > 0;
                Some(Request::Paid { refund: id, yes: yes.into() })
            }
        }
    }

    fn of_officer(&mut self, what: Office, dice: &mut Dice) -> Option<Request> {
        use payment::State as S;
        let world = &self.store.world;
        let bill = any_bill(dice);
        match what {
            Office::Dispute => {
                let paid = |state: &S| matches!(state, S::Captured(_) | S::PartiallyRefunded(_));
                let payment = self.any_payment(dice, paid)?;
                let amount = Money::fils(payment.amount.minor_units() / dice.between(1, 2));
                let reference = format!("D-{}", dice.between(1, 9));
                Some(Request::Dispute { payment: payment.id.0, amount, reference })
            }
            Office::DecideDispute => {
                let mut disputes: Vec<_> = world.disputes.keys().map(|id| id.0).collect();
                disputes.sort();
                Some(Request::DecideDispute { dispute: dice.one(&disputes)?, win: dice.percent(50).into() })
            }
            Office::ApplyCredit => {
                let mut credits: Vec<_> = world.credits.values().collect();
                credits.sort_by_key(|credit| credit.id);
                let credit = dice.one(&credits)?;
                let mut own: Vec<_> =
                    world.receivables.values().filter(|bill| bill.agency == credit.agency).collect();
                own.retain(|bill| !matches!(bill.state, receivable::State::Paid { .. }));
                own.sort_by_key(|bill| bill.invoice_id);
                Some(Request::Apply { credit: credit.id.0, bill: dice.one(&own)?.bill_reference.clone() })
            }
            Office::Amend => {
                let known = world.bill(&bill)?;
                let (_, agency, fils, others, instalments) =
                    *BILLS.iter().find(|(reference, ..)| *reference == bill)?;
                let fils = fils + 1_000 * instalments * dice.between(-1, 2);
                let terms = terms(agency, fils.max(others + 1), others, instalments);
                Some(Request::Amend { bill, version: known.version, terms })
            }
            Office::Withdraw => Some(Request::Withdraw { version: world.bill(&bill)?.version, bill }),
            Office::WriteOff => Some(Request::WriteOff(bill)),
            Office::Move => Some(Request::Move(Money::fils(dice.between(1, 9_000)))),
            Office::SecondPerson => {
                let mut open: Vec<_> = world.adjustments.values().collect();
                open.retain(|adjustment| adjustment.state == adjustment::State::Requested);
                open.sort_by_key(|adjustment| adjustment.id);
                let adjustment = dice.one(&open)?.id.0;
                let by = if dice.percent(70) { "sara" } else { "ali" };
                Some(Request::SecondPerson { adjustment, by, yes: dice.percent(75).into() })
            }
        }
    }

    fn trouble(&mut self, what: Trouble, dice: &mut Dice) {
        let process = dice.below(self.processes.len());
        match what {
            Trouble::Crash => {
                if self.fault(Fault::Crash, 100) {
                    self.crash(process);
                }
            }
            Trouble::Pause => {
                let span = dice.one(&[3_000, 15_000, 60_000, 2_400_000]).unwrap();
                if self.fault(Fault::Pause, 100) {
                    self.pause(process, Duration::milliseconds(span));
                }
            }
            Trouble::ClockJump => {
                let seconds = dice.one(&[-5, -600, -3_600, 30, 600, 3_600, 0]).unwrap();
                if self.fault(Fault::ClockJump, 100) {
                    self.processes.get_mut(process).unwrap().skew = Duration::seconds(seconds);
                }
            }
            Trouble::Forge => {
                let attempts = self.store.world.attempts.values();
                let mut attempts: Vec<_> = attempts.map(|a| (a.id.0, a.amount.minor_units())).collect();
                attempts.sort_unstable();
                let forged = self.fault(Fault::Forged, 100);
                if let Some((id, fils)) = dice.one(&attempts).filter(|_| forged) {
                    self.soon(None, (1, 100), Do::Hint(id, fils));
                }
            }
        }
    }
}
