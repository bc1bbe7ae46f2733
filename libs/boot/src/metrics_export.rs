//! Metrics to an OpenTelemetry collector: the figures and the names of `/metrics`, sent by OTLP.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use opentelemetry::KeyValue;
use opentelemetry_proto::{
    tonic::{
        collector::metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
        common::v1::KeyValue as Attribute,
        metrics::v1::{
            AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
            ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point::Value as Number,
        },
    },
    transform::common::tonic::Attributes,
};
use opentelemetry_sdk::{Resource, resource::EnvResourceDetector};
use prometheus_client::{
    encoding::prometheus_protobuf::{encode, prometheus_data_model as page},
    registry::Registry,
};
use time::OffsetDateTime;
use tonic::transport::{Channel, Endpoint};

use crate::{BoxError, Clock, Context, telemetry::EXPORT_TIMEOUT};

/// How often a service's metrics are sent.
const INTERVAL: Duration = Duration::from_secs(30);

/// Where the metrics of this process go, if anywhere.
static CURRENT: OnceLock<MetricsExport> = OnceLock::new();

/// Sends metrics to a collector. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct MetricsExport {
    client: MetricsServiceClient<Channel>,
    sources: Arc<Mutex<Vec<Source>>>,
}

/// The metrics of one service.
#[derive(Clone, Debug)]
struct Source {
    resource: Resource,
    registry: Arc<Mutex<Registry>>,
    clock: Clock,
    started: OffsetDateTime,
}

/// From when to when a point counts, in Unix nanoseconds.
#[derive(Clone, Copy)]
struct Period {
    start: u64,
    end: u64,
}

/// What [`MetricsExport::install`] set up.
pub(crate) fn current() -> Option<&'static MetricsExport> {
    CURRENT.get()
}

impl MetricsExport {
    /// To `endpoint`, `http://host:4317`. Connects when it first sends.
    pub(crate) fn to(endpoint: &str) -> Result<MetricsExport, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(endpoint.to_owned())?.connect_timeout(EXPORT_TIMEOUT);
        let client = MetricsServiceClient::new(endpoint.connect_lazy());
        Ok(MetricsExport { client, sources: Arc::default() })
    }

    /// Services that open their health port from here on send their metrics.
    pub(crate) fn install(&self) {
        CURRENT.get_or_init(|| self.clone());
    }

    /// Sends the metrics of `ctx` until the process stops; [`MetricsExport::send_all`] is the last time.
    pub(crate) fn keep_sending(&'static self, ctx: &Context) {
        let source = Source::of(ctx);
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(source.clone());
        let (clock, stopping) = (ctx.clock.clone(), ctx.tasks.stopping());
        ctx.tasks.spawn("metrics export", async move {
            let sending = async {
                loop {
                    clock.sleep(INTERVAL).await;
                    self.send(std::slice::from_ref(&source)).await;
                }
            };
            tokio::select! {
                () = sending => {}
                () = stopping.cancelled() => {}
            }
        });
    }

    /// Sends the metrics of every service of this process once.
    pub(crate) async fn send_all(&self) {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.send(&sources).await;
    }

    async fn send(&self, sources: &[Source]) {
        if let Err(error) = self.try_send(sources).await {
            // Under the name of the other exporters, so that all together say it once, and not to the collector.
            tracing::warn!(target: "opentelemetry_metrics", %error, "metrics were not sent");
        }
    }

    /// What the collector does not take is lost; the next figures contain it.
    async fn try_send(&self, sources: &[Source]) -> Result<(), BoxError> {
        let resource_metrics = sources.iter().map(Source::read).collect::<Result<_, _>>()?;
        let mut client = self.client.clone();
        let sending = client.export(ExportMetricsServiceRequest { resource_metrics });
        let answer = tokio::time::timeout(EXPORT_TIMEOUT, sending).await??.into_inner();
        let refused = answer.partial_success.unwrap_or_default().error_message;
        if refused.is_empty() { Ok(()) } else { Err(refused.into()) }
    }
}

impl Source {
    fn of(ctx: &Context) -> Source {
        let now = ctx.clock.now();
        // Replicas have the same name: without the instance their figures would overwrite each other. The environment
        // (`OTEL_RESOURCE_ATTRIBUTES`) may name it better.
        let instance = KeyValue::new("service.instance.id", ctx.ids.uuid(now).to_string());
        let resource = Resource::builder_empty()
            .with_attribute(instance)
            .with_detector(Box::new(EnvResourceDetector::new()))
            .with_service_name(format!("mizan-{}", ctx.service))
            .build();
        let started = now - ctx.clock.monotonic();
        Source { resource, registry: ctx.registry.clone(), clock: ctx.clock.clone(), started }
    }

    /// The registry is locked while it is read, not while it is sent.
    fn read(&self) -> Result<ResourceMetrics, std::fmt::Error> {
        let families = encode(&self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        let period = Period { start: nanos(self.started), end: nanos(self.clock.now()) };
        let metrics = families.into_iter().filter_map(|family| metric(family, period)).collect();
        Ok(ResourceMetrics {
            resource: Some((&self.resource).into()),
            scope_metrics: vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        })
    }
}

fn nanos(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp_nanos()).unwrap_or_default()
}

/// Under the name on `/metrics`, with the `_total` of a counter: a collector that answers a scrape adds that only where it is
/// missing. `None` for types of which Mizan has no metric.
///
/// # Source
/// OpenTelemetry, Prometheus and OpenMetrics Compatibility.
fn metric(family: page::MetricFamily, period: Period) -> Option<Metric> {
    use page::MetricType as T;
    let cumulative = AggregationTemporality::Cumulative.into();
    let kind = family.r#type();
    let metrics = family.metric.into_iter();
    let data = match kind {
        T::Counter => {
            let counted = |metric: page::Metric| Some(number(metric.label, metric.counter?.value, period));
            Data::Sum(Sum {
                data_points: metrics.filter_map(counted).collect(),
                aggregation_temporality: cumulative,
                is_monotonic: true,
            })
        }
        T::Gauge => {
            let gauged = |metric: page::Metric| Some(number(metric.label, metric.gauge?.value, period));
            Data::Gauge(Gauge { data_points: metrics.filter_map(gauged).collect() })
        }
        T::Histogram => {
            let observed = |metric: page::Metric| Some(histogram(metric.label, &metric.histogram?, period));
            Data::Histogram(Histogram {
                data_points: metrics.filter_map(observed).collect(),
                aggregation_temporality: cumulative,
            })
        }
        T::Summary | T::Untyped | T::GaugeHistogram => return None,
    };
    let (name, description, unit) = (family.name, family.help, family.unit);
    Some(Metric { name, description, unit, data: Some(data), ..Metric::default() })
}

fn number(labels: Vec<page::LabelPair>, value: f64, period: Period) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        value: Some(Number::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

/// A bucket of the page counts those before it too, one of OTLP only its own; the last one has no bound.
fn histogram(labels: Vec<page::LabelPair>, seen: &page::Histogram, period: Period) -> HistogramDataPoint {
    let bounds = seen.bucket.iter().map(|bucket| bucket.upper_bound);
    let mut before = 0;
    let own = seen.bucket.iter().map(|bucket| {
        bucket.cumulative_count.saturating_sub(std::mem::replace(&mut before, bucket.cumulative_count))
    });
    HistogramDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        count: seen.sample_count,
        sum: Some(seen.sample_sum),
        bucket_counts: own.collect(),
        explicit_bounds: bounds.filter(|bound| bound.is_finite()).collect(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(labels: Vec<page::LabelPair>) -> Vec<Attribute> {
    Attributes::from(labels.into_iter().map(|label| KeyValue::new(label.name, label.value))).0
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
    use prometheus_client::{
        metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
        registry::Unit,
    };
    use time::macros::datetime;

    use super::*;
    use crate::Ids;

    type By<M> = Family<[(&'static str, &'static str); 1], M>;

    /// The first of 2026, in UTC.
    const START: u64 = 1_767_225_600_000_000_000;
    const A_MINUTE_LATER: u64 = 1_767_225_660_000_000_000;

    fn context() -> Context {
        Context::new("payments", Clock::manual(datetime!(2026-01-01 00:00 UTC)), Ids::seeded(1))
    }

    fn label(name: &str, value: &str) -> Attribute {
        let value = Some(any_value::Value::StringValue(value.into()));
        Attribute { key: name.into(), value: Some(AnyValue { value }), ..Attribute::default() }
    }

    fn point(attributes: Vec<Attribute>, value: f64) -> NumberDataPoint {
        NumberDataPoint {
            attributes,
            start_time_unix_nano: START,
            time_unix_nano: A_MINUTE_LATER,
            value: Some(Number::AsDouble(value)),
            ..NumberDataPoint::default()
        }
    }

    #[test]
    fn figures_become_points_with_the_names_of_the_page() {
        let ctx = context();
        let (shed, cases) = (Counter::<u64>::default(), By::<Gauge>::default());
        let wait = By::<Histogram>::new_with_constructor(|| Histogram::new([0.5, 1.0, 5.0]));
        {
            let mut registry = ctx.registry.lock().unwrap();
            *registry = Registry::default();
            registry.register("mizan_shed", "Turned away", shed.clone());
            registry.register("mizan_cases", "Questions", cases.clone());
            registry.register_with_unit("mizan_wait", "Waits", Unit::Seconds, wait.clone());
        }
        shed.inc_by(7);
        cases.get_or_create(&[("kind", "odd")]).set(-2);
        for seconds in [0.25, 0.5, 2.0, 64.0] {
            wait.get_or_create(&[("lane", "a")]).observe(seconds);
        }

        let source = Source::of(&ctx);
        ctx.clock.advance(Duration::from_mins(1));
        let sent = source.read().unwrap();

        let aggregation_temporality = AggregationTemporality::Cumulative.into();
        let shed = Sum { data_points: vec![point(vec![], 7.0)], aggregation_temporality, is_monotonic: true };
        let cases = super::Gauge { data_points: vec![point(vec![label("kind", "odd")], -2.0)] };
        let wait = HistogramDataPoint {
            attributes: vec![label("lane", "a")],
            start_time_unix_nano: START,
            time_unix_nano: A_MINUTE_LATER,
            count: 4,
            sum: Some(66.75),
            bucket_counts: vec![2, 0, 1, 1],
            explicit_bounds: vec![0.5, 1.0, 5.0],
            ..HistogramDataPoint::default()
        };
        let wait = super::Histogram { data_points: vec![wait], aggregation_temporality };
        let expected = [
            ("mizan_shed_total", "Turned away.", "", Data::Sum(shed)),
            ("mizan_cases", "Questions.", "", Data::Gauge(cases)),
            ("mizan_wait_seconds", "Waits.", "seconds", Data::Histogram(wait)),
        ];
        let expected = expected.map(|(name, description, unit, data)| Metric {
            name: name.into(),
            description: description.into(),
            unit: unit.into(),
            data: Some(data),
            ..Metric::default()
        });
        assert_eq!(sent.scope_metrics[0].metrics, expected);

        let resource = sent.resource.unwrap().attributes;
        assert!(resource.contains(&label("service.name", "mizan-payments")), "{resource:?}");
        assert!(
            resource.iter().any(|pair| pair.key == "service.instance.id"),
            "replicas are told apart: {resource:?}"
        );
    }

    #[tokio::test]
    async fn a_collector_that_does_not_answer_is_given_up() {
        let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let export = MetricsExport::to(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
        let source = Source::of(&context());
        let sending = export.try_send(std::slice::from_ref(&source));
        let answer = tokio::time::timeout(EXPORT_TIMEOUT * 2, sending).await.unwrap();
        assert_eq!(answer.unwrap_err().to_string(), "deadline has elapsed");
    }
}
