//! cala-ledger, the nearest to us that can be had as a library: the same journal of three entries, one transaction each.

use std::time::Duration;

use anyhow::Context as _;
use boot::Clock;
use cala_ledger::account::NewAccount;
use cala_ledger::job::{JobSvcConfig, Jobs};
use cala_ledger::journal::NewJournal;
use cala_ledger::tx_template::{
    NewParamDefinition, NewTxTemplate, NewTxTemplateEntry, NewTxTemplateTransaction, ParamDataType, Params,
};
use cala_ledger::{AccountId, CalaLedger, CalaLedgerConfig, JournalId, TransactionId};
use rust_decimal::Decimal;

use crate::bills::{AGENCIES, AGENCY_FILS, DUE_FILS, FEE_FILS};
use crate::config::{PRIMING, WORKERS, Window};
use crate::level::{Level, Worker, measure};
use crate::servers::Stage;
use crate::usage::Processes;

const TEMPLATE: &str = "PAYMENT";
/// One each for the busiest level, and a few for reading its outbox.
const CONNECTIONS: u32 = 40;
const JOB_CONNECTIONS: u32 = 4;
/// What its background job has left to do at the end of a level takes no longer.
const SUMMED_UP_WITHIN: Duration = Duration::from_mins(3);

/// When cala sums up the accounts that every payment touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedBalances {
    /// With each posting, as we do.
    AtOnce,
    /// Some time after, in its own background job: the way it offers for busy accounts.
    Later,
}

/// A database with accounts and a template, ready to be opened.
#[derive(Debug)]
pub struct Cala {
    database: &'static str,
    shared: SharedBalances,
    accounts: Accounts,
}

/// An opened ledger. Its background job works as long as this lives.
pub struct Session<'a> {
    shared: SharedBalances,
    accounts: &'a Accounts,
    ledger: CalaLedger,
    jobs: Jobs,
}

#[derive(Debug, Clone)]
struct Accounts {
    journal: JournalId,
    provider: AccountId,
    fee: AccountId,
    agencies: Vec<AccountId>,
}

impl Cala {
    /// Makes its database, its accounts and the template of a payment.
    pub async fn prepare(
        stage: &Stage,
        clock: &Clock,
        processes: Processes,
        shared: SharedBalances,
    ) -> anyhow::Result<Self> {
        let database = match shared {
            SharedBalances::AtOnce => "cala_at_once",
            SharedBalances::Later => "cala_later",
        };
        stage.make_database(database).await?;
        let (ledger, jobs) = open(stage, database).await?;
        let accounts = Accounts::make(&ledger, shared).await?;
        template(&ledger, &accounts).await?;
        jobs.shutdown().await?;
        ledger.pool().close().await;
        let cala = Self { database, shared, accounts };
        let session = cala.open(stage).await?;
        session.level(clock, WORKERS.into_iter().max().unwrap_or(1), PRIMING, processes).await?;
        session.close().await?;
        stage.settle(database).await?;
        Ok(cala)
    }

    /// Opens it for some levels.
    pub async fn open(&self, stage: &Stage) -> anyhow::Result<Session<'_>> {
        let (ledger, mut jobs) = open(stage, self.database).await?;
        if self.shared == SharedBalances::Later {
            jobs.start_poll().await?;
        }
        Ok(Session { shared: self.shared, accounts: &self.accounts, ledger, jobs })
    }
}

impl Session<'_> {
    /// Measures so many workers, and waits until what they left to the background job is summed up.
    pub async fn level(
        &self,
        clock: &Clock,
        workers: u32,
        window: Window,
        processes: Processes,
    ) -> anyhow::Result<Level> {
        let poster = |at| Poster {
            ledger: self.ledger.clone(),
            accounts: self.accounts.clone(),
            next: usize::try_from(at).unwrap_or_default(),
        };
        let level = measure(clock, (0..workers).map(poster).collect(), window, processes).await?;
        self.summed_up().await?;
        Ok(level)
    }

    async fn summed_up(&self) -> anyhow::Result<()> {
        if self.shared == SharedBalances::Later {
            self.ledger.ec_rollup_status().await?.await_completion(SUMMED_UP_WITHIN).await?;
        }
        Ok(())
    }

    /// Nothing of it works on while others are measured.
    pub async fn close(self) -> anyhow::Result<()> {
        self.jobs.shutdown().await?;
        self.ledger.pool().close().await;
        Ok(())
    }
}

/// Opens the ledger of a database; its schema is made if it is not there.
async fn open(stage: &Stage, database: &str) -> anyhow::Result<(CalaLedger, Jobs)> {
    let url = stage.url(database);
    // The ledger's migrations make the tables of its jobs too.
    let jobs =
        JobSvcConfig::builder().pg_con(url.clone()).max_connections(JOB_CONNECTIONS).exec_migrations(false);
    let mut jobs = Jobs::init(jobs.build()?).await?;
    let config = CalaLedgerConfig::builder().pg_con(url).max_connections(CONNECTIONS).exec_migrations(true);
    let ledger = CalaLedger::init(config.build()?, &mut jobs).await?;
    Ok((ledger, jobs))
}

impl Accounts {
    async fn make(ledger: &CalaLedger, shared: SharedBalances) -> anyhow::Result<Self> {
        let journal = NewJournal::builder().id(JournalId::new()).name("payments").build();
        let journal = ledger.journals().create(journal).await?.id();
        let provider = account(ledger, "provider_clearing", shared).await?;
        let fee = account(ledger, "beneficiary_payable", shared).await?;
        let mut agencies = Vec::new();
        for number in 0..AGENCIES {
            agencies
                .push(account(ledger, &format!("agency_payable_{number}"), SharedBalances::AtOnce).await?);
        }
        Ok(Self { journal, provider, fee, agencies })
    }
}

async fn account(ledger: &CalaLedger, name: &str, sums: SharedBalances) -> anyhow::Result<AccountId> {
    let id = AccountId::new();
    let later = sums == SharedBalances::Later;
    let account = NewAccount::builder().id(id).code(name).name(name).eventually_consistent(later);
    ledger.accounts().create(account.build()).await?;
    Ok(id)
}

/// One debit and two credits, as a payment of ours posts.
async fn template(ledger: &CalaLedger, accounts: &Accounts) -> anyhow::Result<()> {
    let param = |name: &str, kind| NewParamDefinition::builder().name(name).r#type(kind).build();
    let entry = |name: &str, account: String, direction: &str, units: &str| {
        NewTxTemplateEntry::builder()
            .entry_type(format!("'{name}'"))
            .account_id(account)
            .layer("SETTLED")
            .direction(direction)
            .units(units)
            .currency("'BHD'")
            .build()
    };
    let fixed = |account: AccountId| format!("uuid('{account}')");
    let transaction = NewTxTemplateTransaction::builder()
        .effective("date()")
        .journal_id(format!("uuid('{}')", accounts.journal))
        .build()?;
    let template = NewTxTemplate::builder()
        .id(cala_ledger::TxTemplateId::new())
        .code(TEMPLATE)
        .params(vec![
            param("agency", ParamDataType::Uuid)?,
            param("due", ParamDataType::Decimal)?,
            param("own", ParamDataType::Decimal)?,
            param("fee", ParamDataType::Decimal)?,
        ])
        .transaction(transaction)
        .entries(vec![
            entry("PAID", fixed(accounts.provider), "DEBIT", "params.due")?,
            entry("OWED", "params.agency".to_owned(), "CREDIT", "params.own")?,
            entry("FEE", fixed(accounts.fee), "CREDIT", "params.fee")?,
        ])
        .build();
    ledger.tx_templates().create(template).await?;
    Ok(())
}

struct Poster {
    ledger: CalaLedger,
    accounts: Accounts,
    next: usize,
}

impl Worker for Poster {
    async fn once(&mut self) -> anyhow::Result<()> {
        self.next = (self.next + 7) % self.accounts.agencies.len();
        let agency = *self.accounts.agencies.get(self.next).context("an agency")?;
        let mut params = Params::new();
        params.insert("agency", agency);
        params.insert("due", Decimal::new(DUE_FILS, 3));
        params.insert("own", Decimal::new(AGENCY_FILS, 3));
        params.insert("fee", Decimal::new(FEE_FILS, 3));
        self.ledger.post_transaction(TransactionId::new(), TEMPLATE, params).await?;
        Ok(())
    }
}
