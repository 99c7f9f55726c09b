//! How an instrument is made and registered that all workers share: what it measures is rare.

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

pub(super) fn register(registry: &Registry, collector: impl Collector + 'static) {
    registry.register(Box::new(collector)).expect(VALID);
}

pub(super) fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let counter = IntCounter::new(name, help).expect(VALID);
    register(registry, counter.clone());
    counter
}

pub(super) fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    let gauge = IntGauge::new(name, help).expect(VALID);
    register(registry, gauge.clone());
    gauge
}

pub(super) fn histogram(registry: &Registry, name: &str, help: &str, buckets: &[f64]) -> Histogram {
    let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
        .expect(VALID);
    register(registry, histogram.clone());
    histogram
}

/// A counter for each value of one label. They are there from the start, so that an alert on them sees a zero and not nothing.
pub(super) fn counters(
    registry: &Registry,
    (name, help): (&str, &str),
    label: &str,
    values: &[&str],
) -> Vec<IntCounter> {
    let counters = IntCounterVec::new(Opts::new(name, help), &[label]).expect(VALID);
    register(registry, counters.clone());
    let each = values.iter();
    each.map(|value| counters.with_label_values(&[value]))
        .collect()
}

/// A gauge for each value of one label.
pub(super) fn gauges(
    registry: &Registry,
    (name, help): (&str, &str),
    label: &str,
    values: &[&str],
) -> Vec<IntGauge> {
    let gauges = IntGaugeVec::new(Opts::new(name, help), &[label]).expect(VALID);
    register(registry, gauges.clone());
    let each = values.iter();
    each.map(|value| gauges.with_label_values(&[value]))
        .collect()
}

pub(super) fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

pub(super) const BATCH: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0];

pub(super) const VALID: &str = "names and labels are constants, and a test scrapes them";
