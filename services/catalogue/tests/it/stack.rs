//! The service, its client and its files.
use boot::{Call, Problem};
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::quote_result::Result as Answer;
use proto::catalogue::v1::{ImportCatalogueRequest, ImportCatalogueResponse, Price, Quote, QuoteFeesRequest};
use testkit::Env;

pub const AGENCIES: &str = include_str!("../../data/agencies.csv");
pub const SERVICES: &str = include_str!("../../data/services.csv");

pub struct Stack {
    pub env: Env,
    pub url: String,
    pub client: CatalogueServiceClient<boot::grpc::Channel>,
}

/// At any free ports.
fn settings(env: &Env) -> catalogue::Settings {
    let any = "127.0.0.1:0".parse().unwrap();
    catalogue::Settings {
        grpc_addr: any,
        health_addr: any,
        database_url: env.database_url.clone(),
        policy_notice_days: 14,
    }
}

impl Stack {
    pub async fn start() -> Stack {
        let env = Env::start("catalogue", &catalogue::MIGRATOR).await;
        let running = catalogue::start(settings(&env), &env.ctx).await.unwrap();
        let url = format!("http://{}", running.grpc);
        let client = CatalogueServiceClient::new(boot::grpc::channel(&url).unwrap());
        Stack { env, url, client }
    }

    /// A second one beside it, on the same database.
    pub async fn replica(&self) -> CatalogueServiceClient<boot::grpc::Channel> {
        let running =
            catalogue::start(settings(&self.env), &self.env.ctx.for_service("catalogue-2")).await.unwrap();
        CatalogueServiceClient::new(boot::grpc::channel(&format!("http://{}", running.grpc)).unwrap())
    }

    /// With the 12 agencies and their 34 services.
    pub async fn with_data() -> Stack {
        let mut stack = Stack::start().await;
        stack.import(AGENCIES, SERVICES).await.unwrap();
        stack
    }

    pub async fn import(
        &mut self,
        agencies: &str,
        services: &str,
    ) -> Result<ImportCatalogueResponse, Problem> {
        let files = ImportCatalogueRequest { agencies_csv: agencies.into(), services_csv: services.into() };
        let request = Call::by("staff:1").request(files).unwrap();
        let answer = self.client.import_catalogue(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| Problem::from_status(&status))
    }

    pub async fn quotes(
        &mut self,
        agency: &str,
        date: &str,
        quotes: Vec<Quote>,
    ) -> Result<Vec<Answer>, Problem> {
        let request = QuoteFeesRequest { agency_id: agency.to_owned(), date: date.to_owned(), quotes };
        let answer = self.client.quote_fees(request).await.map_err(|status| Problem::from_status(&status))?;
        Ok(answer.into_inner().results.into_iter().map(|result| result.result.unwrap()).collect())
    }

    /// The price of one quote that has one.
    pub async fn price(&mut self, agency: &str, date: &str, quote: Quote) -> Price {
        let mut answers = self.quotes(agency, date, vec![quote]).await.unwrap();
        let Some(Answer::Price(price)) = answers.pop() else { unreachable!("{agency} {answers:?}") };
        price
    }
}

pub fn quote(service: &str, inputs: &[(&str, &str)]) -> Quote {
    let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Quote { service_code: service.to_owned(), inputs, reduction: String::new() }
}

pub fn fils(price: &Price) -> (i64, i64, i64) {
    let units = |money: &Option<proto::common::v1::Money>| money.as_ref().unwrap().minor_units;
    (units(&price.fee), units(&price.vat), units(&price.total))
}
