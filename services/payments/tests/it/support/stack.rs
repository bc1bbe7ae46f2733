//! Starts payments, and acts as payers, providers, kiosks and auditors do.

use std::time::Duration;

use boot::{Call, Problem, grpc::Channel};
use clap::Parser;
use ids::AgencyId;
use payments::{MIGRATOR, Settings};
use prost::Message;
use proto::{
    common::v1 as common,
    invoicing::v1::{
        Beneficiary, Instalment, Invoice, InvoiceIssued, invoice_service_server::InvoiceServiceServer,
    },
    kiosk::v1::{CashStacked, SessionClosed, SessionEnd},
    payments::v1::{
        self as pb, exception_service_client::ExceptionServiceClient,
        ledger_service_client::LedgerServiceClient, payment_service_client::PaymentServiceClient,
        receivable_service_client::ReceivableServiceClient, refund_service_client::RefundServiceClient,
    },
    wallet::v1::{CallbackReceived, wallet_service_server::WalletServiceServer},
};
use testkit::{Env, wait_for};
use tonic::service::Routes;

use super::{bills::Bills, wallet::Wallet};

const TRF: &str = "TRF";
pub const SOON: Duration = Duration::from_secs(20);

pub struct Stack {
    pub env: Env,
    pub wallet: Wallet,
    pub bills: Bills,
    pub payments: PaymentServiceClient<Channel>,
    pub ledger: LedgerServiceClient<Channel>,
    pub receivables: ReceivableServiceClient<Channel>,
    pub refunds: RefundServiceClient<Channel>,
    pub exceptions: ExceptionServiceClient<Channel>,
    /// Whose people [`super::officers`] are; none's are the treasury's and the channels'.
    pub agency: Option<AgencyId>,
    settings: Settings,
}

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// `n` makes its reference and invoice; the amount is in fils.
pub fn bill(n: u32, fils: i64) -> Invoice {
    Invoice {
        invoice_id: format!("0190b2c3-d4e5-7f60-8a9b-{n:012x}"),
        agency_id: TRF.into(),
        bill_reference: format!("TRF-2026-{n:06}-K7QM4"),
        service_code: "FINE-SPEED".into(),
        total: Some(money(fils)),
        ..Invoice::default()
    }
}

fn part(fils: i64) -> Instalment {
    Instalment { due_date: "2026-03-31".into(), due: Some(money(fils)) }
}

pub fn money(fils: i64) -> common::Money {
    common::Money { currency: "BHD".into(), minor_units: fils }
}

impl Stack {
    pub async fn start() -> Stack {
        Stack::start_with(&[]).await
    }

    /// With more settings, as on the command line.
    pub async fn start_with(more: &[&str]) -> Stack {
        let env = Env::start("payments", &MIGRATOR).await;
        let database_url = env.database_url.clone();
        Stack::start_on(env, &database_url, more).await
    }

    pub async fn start_on(env: Env, database_url: &str, more: &[&str]) -> Stack {
        let (wallet, bills) = (Wallet::default(), Bills::default());
        let local = "127.0.0.1:0".parse().unwrap();
        let routes = Routes::new(WalletServiceServer::new(wallet.clone()))
            .add_service(InvoiceServiceServer::new(bills.clone()));
        let others = boot::grpc::serve(&env.ctx.for_service("others"), local, routes).await.unwrap();
        let others = format!("http://{others}");
        let mut args = vec!["payments", "--payments-grpc-addr", "127.0.0.1:0"];
        args.extend(["--payments-health-addr", "127.0.0.1:0", "--payments-database-url", database_url]);
        args.extend(["--payments-nats-url", &env.nats_url, "--payments-wallet-adapter-url", &others]);
        args.extend(["--payments-invoicing-url", &others]);
        // A test that holds a row makes its lane wait as long as the machine is slow.
        for (setting, value) in [("--payments-queue-age-ms", "60000"), ("--payments-lock-wait-ms", "30000")] {
            if !more.contains(&setting) {
                args.extend([setting, value]);
            }
        }
        args.extend(more);
        let settings = Args::parse_from(args).settings;
        let running = payments::start(settings.clone(), env.ctx.clone()).await.unwrap();
        let channel = boot::grpc::channel(&format!("http://{}", running.grpc_addr)).unwrap();
        let payments = PaymentServiceClient::new(channel.clone());
        let receivables = ReceivableServiceClient::new(channel.clone());
        let refunds = RefundServiceClient::new(channel.clone());
        let exceptions = ExceptionServiceClient::new(channel.clone());
        let ledger = LedgerServiceClient::new(channel);
        let agency = None;
        Stack { env, wallet, bills, payments, ledger, receivables, refunds, exceptions, agency, settings }
    }

    /// A second replica beside the first.
    pub async fn replica(&self) -> PaymentServiceClient<Channel> {
        self.replica_by(self.env.clock.clone()).await
    }

    /// A second replica with a clock of its own.
    pub async fn replica_by(&self, clock: boot::Clock) -> PaymentServiceClient<Channel> {
        let ctx = boot::Context { clock, ..self.env.ctx.for_service("payments-2") };
        let running = payments::start(self.settings.clone(), ctx).await.unwrap();
        PaymentServiceClient::new(boot::grpc::channel(&format!("http://{}", running.grpc_addr)).unwrap())
    }

    /// A bill that invoicing knows; its reference.
    pub fn bill(&self, n: u32, fils: i64) -> String {
        self.known(bill(n, fils))
    }

    /// A bill that goes to its agency and to MUN, to be paid at once or in instalments.
    pub fn shared_bill(&self, n: u32, agency_fils: i64, other_fils: i64, plan: &[i64]) -> String {
        let share = |code: &str, fils| Beneficiary { code: code.into(), due: Some(money(fils)) };
        self.known(Invoice {
            beneficiaries: vec![share(TRF, agency_fils), share("MUN", other_fils)],
            instalments: plan.iter().map(|fils| part(*fils)).collect(),
            ..bill(n, agency_fils + other_fils)
        })
    }

    fn known(&self, bill: Invoice) -> String {
        self.bills.add(bill.clone());
        bill.bill_reference
    }

    pub fn request(bill: &str) -> pb::StartPaymentRequest {
        pb::StartPaymentRequest {
            bill_reference: bill.into(),
            channel: common::Channel::Wallet.into(),
            provider: "benefit-pay".into(),
            contact_ref: "contact".into(),
            return_url: "https://agency.example/back".into(),
            ..pb::StartPaymentRequest::default()
        }
    }

    pub async fn send(&self, request: pb::StartPaymentRequest, key: &str) -> Result<pb::Payment, Problem> {
        let call = Call::by("client:test").with_key(key).request(request).unwrap();
        let answer = self.payments.clone().start_payment(call).await;
        answer.map(|answer| answer.into_inner().payment.unwrap()).map_err(|s| Problem::from_status(&s))
    }

    /// Starts to pay a bill by wallet.
    pub async fn pay(&self, bill: &str, key: &str) -> Result<pb::Payment, Problem> {
        self.send(Stack::request(bill), key).await
    }

    pub async fn payment(&self, id: &str) -> pb::Payment {
        let request = pb::GetPaymentRequest { payment_id: id.into() };
        self.payments.clone().get_payment(request).await.unwrap().into_inner().payment.unwrap()
    }

    pub async fn receivable(&self, bill: &str) -> pb::GetReceivableResponse {
        let request = pb::GetReceivableRequest { bill_reference: bill.into() };
        self.payments.clone().get_receivable(request).await.unwrap().into_inner()
    }

    /// Due, paid and state of a bill.
    pub async fn bill_says(&self, bill: &str) -> (i64, i64, pb::ReceivableState) {
        let receivable = self.receivable(bill).await.receivable.unwrap();
        let state = receivable.state();
        (receivable.due.unwrap().minor_units, receivable.paid.unwrap().minor_units, state)
    }

    /// Waits until the payment is in `state`.
    pub async fn until(&self, id: &str, state: pb::PaymentState) -> pb::Payment {
        wait_for(&format!("payment {state:?}"), SOON, async || {
            let payment = self.payment(id).await;
            (payment.state() == state).then_some(payment)
        })
        .await
    }

    /// As [`Stack::until`], moving the clock by `step` at each look.
    pub async fn until_moving(&self, id: &str, state: pb::PaymentState, step: Duration) -> pb::Payment {
        wait_for(&format!("payment {state:?}, moving the clock"), SOON, async || {
            self.env.clock.advance(step);
            let payment = self.payment(id).await;
            (payment.state() == state).then_some(payment)
        })
        .await
    }

    /// Tells an event, as another service would.
    pub async fn tell(&self, subject: &str, message: &impl Message) {
        let now = self.env.clock.now();
        let event = bus::Event {
            event_id: self.env.ids.uuid(now),
            subject: subject.into(),
            aggregate: "test".into(),
            version: 1,
            body: message.encode_to_vec(),
        };
        let mut tx = self.env.pg.begin().await.unwrap();
        bus::outbox::push(&mut tx, &[event], now).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn callback(&self, payment: &pb::Payment) {
        let message =
            CallbackReceived { provider: payment.provider.clone(), attempt_id: payment.attempt_id.clone() };
        self.tell("mizan.wallet-adapter.callback.received", &message).await;
    }

    pub async fn issued(&self, invoice: Invoice) {
        self.tell("mizan.invoicing.invoice.issued", &InvoiceIssued { invoice: Some(invoice) }).await;
    }

    pub async fn stack(&self, note: CashStacked) {
        self.tell("mizan.kiosk-relay.cash.stacked", &note).await;
    }

    pub async fn close(&self, session: SessionClosed) {
        self.tell("mizan.kiosk-relay.session.closed", &session).await;
    }

    /// A note of `fils` in session `s-<seq>` of KSK-0001.
    pub fn note(seq: i64, bill: &str, fils: i64) -> CashStacked {
        CashStacked {
            device_id: "KSK-0001".into(),
            epoch: 1,
            seq,
            session_id: format!("s-{seq}"),
            bill_reference: bill.into(),
            unit_id: "CB-1".into(),
            unit_generation: 1,
            denomination: Some(money(fils)),
            session_known: true,
            received_at: None,
        }
    }

    /// The end of a session of KSK-0001 in which `fils` were stacked.
    pub fn session(seq: i64, bill: &str, fils: i64, end: SessionEnd) -> SessionClosed {
        SessionClosed {
            device_id: "KSK-0001".into(),
            epoch: 1,
            seq,
            session_id: format!("s-{seq}"),
            bill_reference: bill.into(),
            end: end.into(),
            stacked: Some(money(fils)),
            receipt_number: format!("K1-{seq:06}"),
            received_at: None,
            began_at: None,
        }
    }

    /// A whole session: one note, then its end.
    pub async fn cash(&self, seq: i64, bill: &str, fils: i64, end: SessionEnd) {
        self.stack(Stack::note(seq, bill, fils)).await;
        self.close(Stack::session(seq + 100, bill, fils, end)).await;
    }

    /// Waits for the payments of a bill to be `n`, and returns them.
    pub async fn payments_of(&self, bill: &str, n: usize) -> Vec<pb::Payment> {
        wait_for(&format!("{n} payments of {bill}"), SOON, async || {
            let payments = self.receivable(bill).await.payments;
            (payments.len() == n).then_some(payments)
        })
        .await
    }

    /// Kinds of all cases, oldest first; waits until there are `n`.
    pub async fn cases(&self, n: usize) -> Vec<pb::Case> {
        wait_for(&format!("{n} cases"), SOON, async || {
            let mut ledger = self.ledger.clone();
            let request = pb::ListCasesRequest::default();
            let mut cases = ledger.list_cases(request).await.unwrap().into_inner().cases;
            cases.reverse();
            (cases.len() == n).then_some(cases)
        })
        .await
    }

    /// Balances as account → debit − credit, in fils.
    pub async fn balance(&self, account: &str) -> i64 {
        let mut ledger = self.ledger.clone();
        let sheet = ledger.get_trial_balance(pb::GetTrialBalanceRequest {}).await.unwrap().into_inner();
        assert_eq!(sheet.difference.unwrap().minor_units, 0);
        let of = sheet.balances.into_iter().filter(|balance| balance.account == account);
        of.map(|balance| balance.debit.unwrap().minor_units - balance.credit.unwrap().minor_units).sum()
    }

    /// What is pending of an account, debit − credit, in fils.
    pub async fn pending(&self, account: &str) -> i64 {
        let mut ledger = self.ledger.clone();
        let sheet = ledger.get_trial_balance(pb::GetTrialBalanceRequest {}).await.unwrap().into_inner();
        let fils = |amount: Option<common::Money>| amount.unwrap().minor_units;
        let of = sheet.balances.into_iter().filter(|balance| balance.account == account);
        of.map(|balance| fils(balance.pending_debit) - fils(balance.pending_credit)).sum()
    }

    pub async fn until_balance(&self, account: &str, fils: i64) {
        wait_for(&format!("{account} at {fils}"), SOON, async || {
            (self.balance(account).await == fils).then_some(())
        })
        .await;
    }

    /// Last words of the subjects told about a thing, in order.
    pub async fn told(&self, aggregate: &str) -> Vec<String> {
        let mut tx = self.env.pg.read().await.unwrap();
        let subjects: Vec<String> =
            sqlx::query_scalar("SELECT subject FROM outbox WHERE aggregate = $1 ORDER BY version")
                .bind(aggregate)
                .fetch_all(tx.conn())
                .await
                .unwrap();
        subjects.iter().map(|subject| subject.rsplit('.').next().unwrap().to_owned()).collect()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let mut tx = self.env.pg.read().await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(tx.conn()).await.unwrap()
    }

    /// Whatever happened, the books must hold.
    pub async fn books_hold(&self) {
        let report = payments::verify(&self.env.database_url).await.unwrap();
        assert!(report.holds(), "{report}");
    }

    /// Waits until `n` statements of this database wait for a lock.
    pub async fn waiting(&self, n: i64) {
        wait_for(&format!("{n} waiting for a lock"), SOON, async || {
            let mut tx = self.env.pg.read().await.unwrap();
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(tx.conn())
            .await
            .unwrap();
            (waiting >= n).then_some(())
        })
        .await;
    }

    /// Holds a row that every batch of this bill needs, until the transaction is dropped.
    pub async fn gate(&self, bill: &str) -> pg::Tx {
        let mut tx = self.env.pg.begin().await.unwrap();
        let held: Option<i64> =
            sqlx::query_scalar("SELECT version FROM receivable WHERE bill_reference = $1 FOR UPDATE")
                .bind(bill)
                .fetch_optional(tx.conn())
                .await
                .unwrap();
        assert!(held.is_some(), "the bill is open before its gate");
        tx
    }
}
