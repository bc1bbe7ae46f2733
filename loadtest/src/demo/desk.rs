//! The counter of an office: what is typed and asked there, and what stands in the books afterwards.
use anyhow::{Context as _, bail};
use boot::{Call, Problem};
use proto::common::v1::{Channel, Money};
use proto::payments::v1 as pb;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::receivable_service_client::ReceivableServiceClient;
use serde_json::Value;

use crate::stack::{Layout, mizan};

pub const CLERK: &str = "staff:clerk";
pub const OFFICER: &str = "staff:officer";
/// Of nobody in particular; its check digits are right.
pub const IBAN: &str = "BH67BMAG00001299123456";

/// The commands of `mizan`, and what has no command because no officer types it.
#[derive(Debug)]
pub struct Desk {
    layout: Layout,
    channel: boot::grpc::Channel,
}

impl Desk {
    /// At the running platform.
    ///
    /// # Errors
    /// Its address is none.
    pub fn new(layout: &Layout) -> anyhow::Result<Desk> {
        let channel = boot::grpc::channel(&layout.url("payments", "grpc"))?;
        Ok(Desk { layout: layout.clone(), channel })
    }

    /// Where the demo keeps its files.
    pub fn folder(&self) -> &std::path::Path {
        self.layout.folder()
    }

    /// What `mizan` prints.
    ///
    /// # Errors
    /// It refuses.
    pub fn mizan(&self, words: &[&str]) -> anyhow::Result<String> {
        Ok(mizan(&self.layout, words)?.trim().to_owned())
    }

    /// As [`Desk::mizan`]: the id with which the answer begins.
    ///
    /// # Errors
    /// It refuses.
    pub fn id(&self, words: &[&str]) -> anyhow::Result<String> {
        Ok(first_word(&self.mizan(words)?))
    }

    /// The code of `mizan`'s refusal, or what it did instead.
    pub fn refusal(&self, words: &[&str]) -> String {
        match self.mizan(words) {
            Ok(said) => format!("done: {said}"),
            Err(error) => {
                let error = error.to_string();
                let code = error.rsplit_once("mizan: ").and_then(|(_, words)| words.split_once(':'));
                code.map_or_else(|| error.clone(), |(code, _)| code.to_owned())
            }
        }
    }

    /// Looks with `words` until the answer holds `fact`.
    ///
    /// # Errors
    /// It does not in half a minute.
    pub async fn until(&self, words: &[&str], fact: &str) -> anyhow::Result<String> {
        for _ in 0..300 {
            let said = self.mizan(words)?;
            if said.contains(fact) {
                return Ok(said);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        bail!("mizan {} does not say `{fact}`", words.join(" "))
    }

    /// Open cases of a bill; waits for the first.
    ///
    /// # Errors
    /// The books cannot be read.
    pub async fn cases(&self, bill_reference: &str) -> anyhow::Result<Vec<Value>> {
        for _ in 0..100 {
            let said: Value = serde_json::from_str(&self.mizan(&["ledger", "cases", "--json"])?)?;
            let all = said.as_array().cloned().unwrap_or_default();
            let ours: Vec<_> =
                all.into_iter().filter(|case| case["bill_reference"] == bill_reference).collect();
            if !ours.is_empty() {
                return Ok(ours);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        Ok(Vec::new())
    }

    /// What an account stands at in the trial balance: debit less credit, in fils.
    ///
    /// # Errors
    /// `payments` does not answer.
    pub async fn balance(&self, account: &str) -> anyhow::Result<i64> {
        let mut ledger = LedgerServiceClient::new(self.channel.clone());
        let sheet = ledger.get_trial_balance(pb::GetTrialBalanceRequest {}).await?.into_inner();
        let fils = |amount: Option<Money>| amount.map_or(0, |amount| amount.minor_units);
        let of = sheet.balances.into_iter().filter(|balance| balance.account == account);
        Ok(of.map(|balance| fils(balance.debit) - fils(balance.credit)).sum())
    }

    /// What each of the agencies is owed.
    ///
    /// # Errors
    /// As [`Desk::balance`].
    pub async fn owed<const N: usize>(&self, agencies: [&str; N]) -> anyhow::Result<[i64; N]> {
        let mut owed = [0; N];
        for (fils, agency) in owed.iter_mut().zip(agencies) {
            *fils = -self.balance(&format!("agency_payable:{agency}")).await?;
        }
        Ok(owed)
    }

    /// A bill as the books know it.
    ///
    /// # Errors
    /// `payments` does not answer, or does not know it.
    pub async fn receivable(&self, bill_reference: &str) -> anyhow::Result<pb::Receivable> {
        let request = pb::GetReceivableRequest { bill_reference: bill_reference.to_owned() };
        let mut payments = PaymentServiceClient::new(self.channel.clone());
        payments.get_receivable(request).await?.into_inner().receivable.context("a receivable")
    }

    /// An agency asks for something else on its bill.
    ///
    /// # Errors
    /// It is refused.
    pub async fn amend(&self, agency: &str, request: pb::AmendReceivableRequest) -> anyhow::Result<()> {
        let key = format!("amend-{}", request.bill_reference);
        let call = Call::by("client:agency").for_agency(agency.parse()?).with_key(key);
        let request = call.request(request)?;
        ReceivableServiceClient::new(self.channel.clone()).amend_receivable(request).await?;
        Ok(())
    }

    /// A payer starts to pay by wallet, as the payer's pages and apps ask for it: one bill or a cart, all that is due or
    /// an amount. The ids of the payments.
    ///
    /// # Errors
    /// It is refused.
    pub async fn start(&self, bills: &[&str], fils: Option<i64>) -> Result<Vec<String>, Problem> {
        self.begin(bills, fils, pb::StartPaymentRequest::default()).await
    }

    /// A payer starts to pay a bill whose agency has the money held first. The payment's id.
    ///
    /// # Errors
    /// As [`Desk::start`].
    pub async fn hold(&self, bill: &str) -> Result<String, Problem> {
        let delayed = pb::StartPaymentRequest { delayed_capture: true, ..pb::StartPaymentRequest::default() };
        Ok(self.begin(&[bill], None, delayed).await?.into_iter().next().unwrap_or_default())
    }

    async fn begin(
        &self,
        bills: &[&str],
        fils: Option<i64>,
        how: pb::StartPaymentRequest,
    ) -> Result<Vec<String>, Problem> {
        let mut bills = bills.iter().map(|bill| (*bill).to_owned());
        let request = pb::StartPaymentRequest {
            bill_reference: bills.next().unwrap_or_default(),
            more_bill_references: bills.collect(),
            channel: Channel::Wallet.into(),
            provider: "benefit-pay".to_owned(),
            amount: fils.map(wire),
            ..how
        };
        let key = format!("start-{}-{}", request.bill_reference, fils.unwrap_or_default());
        let request = Call::by("service:portal").with_key(key).request(request)?;
        let started = PaymentServiceClient::new(self.channel.clone()).start_payment(request).await;
        let started = started.map_err(|status| Problem::from_status(&status))?.into_inner();
        let payments = started.payment.into_iter().chain(started.others);
        Ok(payments.map(|payment| payment.payment_id).collect())
    }
}

/// A day from today on in Bahrain, as it is typed.
pub fn day(days: u64) -> String {
    let then = boot::Clock::system().now() + std::time::Duration::from_hours(24 * days);
    boot::bahrain_date(then).to_string()
}

/// An amount on the wire.
pub fn wire(fils: i64) -> Money {
    boot::wire::money_to_wire(money::Money::fils(fils))
}

/// An amount as it is typed.
pub fn dinars(fils: i64) -> String {
    money::Money::fils(fils).to_json_amount()
}

/// The id with which an answer of `mizan` begins.
pub fn first_word(said: &str) -> String {
    said.split_whitespace().next().unwrap_or_default().to_owned()
}
