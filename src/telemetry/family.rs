//! What is counted in tables, in the form in which it is scraped.

use prometheus::proto::{Bucket, Counter, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use super::table::{SECONDS, TotalDurations};

/// A name, what it means, and the names of its labels.
pub(super) type About = (&'static str, &'static str, &'static [&'static str]);

pub(super) struct Family {
    family: MetricFamily,
    labels: &'static [&'static str],
}

impl Family {
    pub(super) fn counters((name, help, labels): About) -> Self {
        Self::new(name, help, labels, MetricType::COUNTER)
    }

    pub(super) fn histograms((name, help, labels): About) -> Self {
        Self::new(name, help, labels, MetricType::HISTOGRAM)
    }

    fn new(name: &str, help: &str, labels: &'static [&'static str], kind: MetricType) -> Self {
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        Self { family, labels }
    }

    pub(super) fn count(&mut self, values: &[&str], count: u64) {
        let mut counter = Counter::default();
        counter.set_value(float(count));
        let mut metric = self.metric(values);
        metric.set_counter(counter);
        self.family.mut_metric().push(metric);
    }

    pub(super) fn durations(&mut self, values: &[&str], total: &TotalDurations) {
        let mut histogram = Histogram::default();
        let count = total.cumulative.last().copied().unwrap_or_default();
        histogram.set_sample_count(count);
        histogram.set_sample_sum(total.sum.as_secs_f64());
        let buckets = SECONDS.iter().zip(total.cumulative);
        histogram.set_bucket(buckets.map(bucket).collect());
        let mut metric = self.metric(values);
        metric.set_histogram(histogram);
        self.family.mut_metric().push(metric);
    }

    /// `None`: nothing was counted yet.
    pub(super) fn finish(self) -> Option<MetricFamily> {
        (!self.family.get_metric().is_empty()).then_some(self.family)
    }

    fn metric(&self, values: &[&str]) -> Metric {
        let pairs = self.labels.iter().zip(values).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        Metric::from_label(pairs.collect())
    }
}

fn bucket((bound, count): (&f64, u64)) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.set_upper_bound(*bound);
    bucket.set_cumulative_count(count);
    bucket
}

/// Exact up to 2^53, which nothing here comes to.
pub(super) fn float(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high).mul_add(4_294_967_296.0, f64::from(low))
}
