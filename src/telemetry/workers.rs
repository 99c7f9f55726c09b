//! What the workers have counted, added up.

use prometheus::proto::MetricFamily;

use super::family::{About, Family};
use super::reason::Reason;
use super::request::{Method, Status, Template};
use super::table::{Cell, Durations, Rows, TotalDurations};
use super::tenants::TenantLabel;
use super::worker::{
    Attempt, BodyRefused, Counters, Mailbox, RateLimit, Step, TokenAlgorithm, WorkerMetrics,
    refusal, response,
};

pub(super) struct Workers<'a>(pub(super) &'a [WorkerMetrics]);

impl Workers<'_> {
    pub(super) fn families(&self, tenants: &[(TenantLabel, String)]) -> Vec<MetricFamily> {
        let families = [
            self.ceremonies(tenants),
            self.steps(),
            self.requests(),
            self.labelled(
                RATE_LIMITED,
                &texts(RateLimit::ALL, RateLimit::as_str),
                |it| &it.rate_limited,
            ),
            self.labelled(
                BODIES_REFUSED,
                &texts(BodyRefused::ALL, BodyRefused::as_str),
                |it| &it.bodies_refused,
            ),
            self.labelled(
                SIGNED,
                &texts(TokenAlgorithm::ALL, TokenAlgorithm::as_str),
                |it| &it.signed,
            ),
            self.labelled(CHECKPOINTS, &texts(Attempt::ALL, Attempt::as_str), |it| {
                &it.checkpoints
            }),
            self.mailboxes(),
            self.evicted(),
        ];
        families.into_iter().filter_map(Family::finish).collect()
    }

    /// When all challenges of a tenant were last found written down.
    pub(super) fn saved_at(&self) -> u64 {
        let all = self.each().map(|it| it.saved_at.value());
        all.max().unwrap_or_default()
    }

    /// What succeeded is there from the start, what was refused from the first time on.
    fn ceremonies(&self, tenants: &[(TenantLabel, String)]) -> Family {
        let mut family = Family::counters(CEREMONIES);
        for (label, tenant) in tenants {
            let row = label.index();
            for step in Step::ALL {
                let (ceremony, name) = step.names();
                let count = self.sum(|it| &it.succeeded, row, step.index());
                family.count(&[tenant, ceremony, name, "succeeded", ""], count);
                for reason in Reason::ALL {
                    let count = self.sum(|it| &it.refused, row, refusal(*step, *reason));
                    let outcome = if reason.is_failure() {
                        "failed"
                    } else {
                        "refused"
                    };
                    if count > 0 {
                        let reason = reason.as_str();
                        family.count(&[tenant, ceremony, name, outcome, reason], count);
                    }
                }
            }
        }
        family
    }

    fn steps(&self) -> Family {
        let mut family = Family::histograms(STEPS);
        for step in Step::ALL {
            let (ceremony, name) = step.names();
            let total = self.durations(|it| &it.steps[step.index()]);
            family.durations(&[ceremony, name], &total);
        }
        family
    }

    fn requests(&self) -> Family {
        let mut family = Family::counters(REQUESTS);
        for template in Template::ALL {
            for method in Method::ALL {
                for status in Status::ALL {
                    let column = response(*method, *status);
                    let count = self.sum(|it| &it.requests, template.index(), column);
                    if count > 0 {
                        let values = [template.as_str(), method.as_str(), status.as_str()];
                        family.count(&values, count);
                    }
                }
            }
        }
        family
    }

    fn mailboxes(&self) -> Family {
        let mut family = Family::histograms(MAILBOXES);
        for mailbox in Mailbox::ALL {
            let total = self.durations(|it| &it.mailboxes[mailbox.index()]);
            family.durations(&[mailbox.as_str()], &total);
        }
        family
    }

    fn evicted(&self) -> Family {
        let mut family = Family::counters(EVICTED);
        family.count(&[], self.each().map(|it| it.evicted.value()).sum());
        family
    }

    /// A counter for each value of one label.
    fn labelled(&self, about: About, values: &[&str], of: fn(&Counters) -> &[Cell]) -> Family {
        let mut family = Family::counters(about);
        for (index, value) in values.iter().enumerate() {
            let count = self.each().map(|it| of(it)[index].value()).sum();
            family.count(&[value], count);
        }
        family
    }

    fn sum(&self, of: fn(&Counters) -> &Rows, row: usize, column: usize) -> u64 {
        self.each().map(|it| of(it).value(row, column)).sum()
    }

    fn durations(&self, of: impl Fn(&Counters) -> &Durations) -> TotalDurations {
        TotalDurations::of(self.each().map(of))
    }

    fn each(&self) -> impl Iterator<Item = &Counters> {
        self.0.iter().map(|worker| &*worker.0)
    }
}

fn texts<T: Copy>(all: &[T], text: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| text(*value)).collect()
}

const CEREMONIES: About = (
    "keywright_ceremonies_total",
    "Ceremony steps by tenant, outcome and why they did not succeed. Tenants without a label of their own are `other`.",
    &["tenant", "ceremony", "step", "outcome", "reason"],
);

const STEPS: About = (
    "keywright_ceremony_duration_seconds",
    "Time of a ceremony step, from the parsed request to the answer.",
    &["ceremony", "step"],
);

const REQUESTS: About = (
    "keywright_http_requests_total",
    "HTTP requests that were answered, by route, method and status.",
    &["route", "method", "status"],
);

const RATE_LIMITED: About = (
    "keywright_rate_limited_total",
    "Requests answered 429 by the limit that they met.",
    &["limit"],
);

const BODIES_REFUSED: About = (
    "keywright_bodies_refused_total",
    "Requests answered 413 or 408 because of their body.",
    &["cause"],
);

const SIGNED: About = (
    "keywright_tokens_signed_total",
    "Tokens that were signed, by algorithm.",
    &["algorithm"],
);

const CHECKPOINTS: About = (
    "keywright_challenge_checkpoints_total",
    "Times that the challenges of a tenant were to be written down, by result.",
    &["result"],
);

const MAILBOXES: About = (
    "keywright_mailbox_delay_seconds",
    "Time that a message to an actor waited until the actor took it.",
    &["actor"],
);

const EVICTED: About = (
    "keywright_challenges_evicted_total",
    "Challenges that went to make room for younger ones.",
    &[],
);
