//! A `payments` with its world around it, and `mizan` typed at it.

use std::process::Command;
use std::time::Duration;

use boot::{Call, grpc::Channel};
use clap::Parser;
use payments::{MIGRATOR, Settings};
use proto::{
    common::v1 as common,
    invoicing::v1::invoice_service_server::InvoiceServiceServer,
    payments::v1::{
        self as pb, ledger_service_client::LedgerServiceClient, payment_service_client::PaymentServiceClient,
    },
    wallet::v1::wallet_service_server::WalletServiceServer,
};
use testkit::{Env, wait_for};
use tonic::service::Routes;

use crate::outside::Outside;

const SOON: Duration = Duration::from_secs(20);

pub struct Platform {
    env: Env,
    channel: Channel,
    url: String,
}

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    settings: Settings,
}

impl Platform {
    pub async fn start() -> Platform {
        let env = Env::start("payments", &MIGRATOR).await;
        let outside = Outside::default();
        let routes = Routes::new(WalletServiceServer::new(outside.clone()))
            .add_service(InvoiceServiceServer::new(outside));
        let local = "127.0.0.1:0".parse().unwrap();
        let others = boot::grpc::serve(&env.ctx.for_service("others"), local, routes).await.unwrap();
        let others = format!("http://{others}");
        let settings = Args::parse_from([
            "payments",
            "--payments-grpc-addr",
            "127.0.0.1:0",
            "--payments-health-addr",
            "127.0.0.1:0",
            "--payments-database-url",
            &env.database_url,
            "--payments-nats-url",
            &env.nats_url,
            "--payments-wallet-adapter-url",
            &others,
            "--payments-invoicing-url",
            &others,
        ]);
        let running = payments::start(settings.settings, env.ctx.clone()).await.unwrap();
        let url = format!("http://{}", running.grpc_addr);
        Platform { env, channel: boot::grpc::channel(&url).unwrap(), url }
    }

    /// What `mizan` prints, or else what it says on standard error; `words` as on a command line, where `'` keeps
    /// spaces together.
    pub fn mizan(&self, words: &str) -> Result<String, String> {
        let quoted = words.split('\'').enumerate();
        let words = quoted.flat_map(|(n, text)| {
            if n % 2 == 1 { vec![text] } else { text.split_whitespace().collect::<Vec<_>>() }
        });
        let ran = Command::new(env!("CARGO_BIN_EXE_mizan"))
            .args(words)
            .env("MIZAN_PAYMENTS_URL", &self.url)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
        if ran.status.success() { Ok(text(ran.stdout)) } else { Err(text(ran.stderr)) }
    }

    /// Looks with `words` until the answer holds `fact`.
    pub async fn until(&self, words: &str, fact: &str) -> String {
        wait_for(fact, SOON, async || self.mizan(words).ok().filter(|said| said.contains(fact))).await
    }

    /// A payer begins to pay a bill by wallet, and hesitates; the payment's id.
    pub async fn begin(&self, bill: &str) -> String {
        let request = pb::StartPaymentRequest {
            bill_reference: bill.into(),
            channel: common::Channel::Wallet.into(),
            provider: "benefit-pay".into(),
            ..pb::StartPaymentRequest::default()
        };
        let request = Call::by("client:test").with_key(bill).request(request).unwrap();
        let started = PaymentServiceClient::new(self.channel.clone()).start_payment(request).await.unwrap();
        let id = started.into_inner().payment.unwrap().payment_id;
        self.until(&format!("payment show --payment {id}"), " action_required ").await;
        id
    }

    /// A terminal takes ten dinars, or another amount, for a bill; the payment's id.
    pub fn taken(&self, bill: &str, amount: &str) -> String {
        let said = self.mizan(&format!(
            "payment record --bill {bill} --channel pos --provider pos-acquirer \
             --provider-reference POS-{bill} --amount {amount} --actor staff:clerk"
        ));
        id(&said)
    }

    /// What an account stands at in the trial balance, debit − credit, in fils.
    pub async fn balance(&self, account: &str) -> i64 {
        let mut ledger = LedgerServiceClient::new(self.channel.clone());
        let sheet = ledger.get_trial_balance(pb::GetTrialBalanceRequest {}).await.unwrap().into_inner();
        let of = sheet.balances.into_iter().filter(|balance| balance.account == account);
        of.map(|balance| balance.debit.unwrap().minor_units - balance.credit.unwrap().minor_units).sum()
    }

    /// Kinds of the open cases.
    pub async fn cases(&self) -> Vec<String> {
        let mut ledger = LedgerServiceClient::new(self.channel.clone());
        let listed = ledger.list_cases(pb::ListCasesRequest::default()).await.unwrap().into_inner();
        listed.cases.into_iter().map(|case| case.kind).collect()
    }

    /// Due, paid and state of a bill.
    pub async fn bill(&self, bill: &str) -> (i64, i64, pb::ReceivableState) {
        let mut payments = PaymentServiceClient::new(self.channel.clone());
        let request = pb::GetReceivableRequest { bill_reference: bill.into() };
        let bill = payments.get_receivable(request).await.unwrap().into_inner().receivable.unwrap();
        let state = bill.state();
        (bill.due.unwrap().minor_units, bill.paid.unwrap().minor_units, state)
    }

    /// Whatever was typed, the books must hold.
    pub async fn books_hold(&self) {
        let report = payments::verify(&self.env.database_url).await.unwrap();
        assert!(report.holds(), "{report}");
    }
}

/// The first word of what was printed.
pub fn id(said: &Result<String, String>) -> String {
    said.as_ref().unwrap().split_whitespace().next().unwrap().to_owned()
}

/// The code of a refusal.
pub fn refused(said: Result<String, String>) -> String {
    let error = said.unwrap_err();
    let words = error.strip_prefix("mizan: ").unwrap_or(&error);
    words.split(':').next().unwrap().to_owned()
}
