//! `--fail-if 'login/finalize p99>20ms'`: what makes a load a failure.

use std::str::FromStr;
use std::time::Duration;

use super::record::Tally;
use super::report::{Report, Stage, at, count};
use super::step::Step;

/// A rule, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Threshold {
    pub(super) text: String,
    step: Option<Step>,
    figure: Figure,
    is_over: bool,
    limit: f64,
}

/// What is compared, and in what.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    /// In microseconds.
    Quantile(f64),
    Mean,
    Max,
    /// In percent of the requests.
    ErrorShare,
    Errors,
    /// Requests a second.
    Rate,
    Unsent,
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (left, right, is_over) = match (text.split_once('>'), text.split_once('<')) {
            (Some((left, right)), None) => (left.trim(), right.trim(), true),
            (None, Some((left, right))) => (left.trim(), right.trim(), false),
            _ => {
                return Err(format!(
                    "{text:?} has neither > nor < in it, or both. {HELP}"
                ));
            }
        };
        let (step, name) = match left.rsplit_once(char::is_whitespace) {
            None => (None, left),
            Some((step, name)) => (Some(self::step(step.trim())?), name),
        };
        let (figure, limit) = figure(name, right)?;
        Ok(Self {
            text: text.to_owned(),
            step,
            figure,
            is_over,
            limit,
        })
    }
}

fn step(name: &str) -> Result<Step, String> {
    let step = Step::ALL.into_iter().find(|step| step.path() == name);
    step.ok_or_else(|| {
        let all = Step::ALL.map(Step::path).join(", ");
        format!("{name:?} is no step. There are {all}")
    })
}

fn figure(name: &str, limit: &str) -> Result<(Figure, f64), String> {
    let number = |text: &str| {
        let number = text.trim().parse().ok();
        number.filter(|number: &f64| number.is_finite() && *number >= 0.0)
    };
    let time = || {
        let time = humantime::parse_duration(limit);
        let time = time.map_err(|_| format!("{limit:?} is not a time like 20ms. {HELP}"))?;
        Ok::<_, String>(microseconds(time))
    };
    let count = || number(limit).ok_or_else(|| format!("{limit:?} is not a number. {HELP}"));
    Ok(match name {
        "mean" => (Figure::Mean, time()?),
        "max" => (Figure::Max, time()?),
        "rate" => (Figure::Rate, count()?),
        "unsent" => (Figure::Unsent, count()?),
        "errors" => match limit.strip_suffix('%') {
            Some(share) => {
                let share = number(share);
                let share = share.ok_or_else(|| format!("{limit:?} is not a share. {HELP}"))?;
                (Figure::ErrorShare, share)
            }
            None => (Figure::Errors, count()?),
        },
        _ => {
            let percent = name.strip_prefix('p').and_then(number);
            let percent = percent.filter(|percent| *percent <= 100.0);
            let percent = percent.ok_or_else(|| format!("nothing is called {name:?}. {HELP}"))?;
            (Figure::Quantile(percent / 100.0), time()?)
        }
    })
}

impl Threshold {
    /// What was measured, and whether the load has failed by it.
    pub(super) fn judge(&self, report: &Report) -> (f64, bool) {
        let measured = self.measured(&report.all);
        let is_beyond = if self.is_over {
            measured > self.limit
        } else {
            measured < self.limit
        };
        (measured, is_beyond)
    }

    fn measured(&self, stage: &Stage) -> f64 {
        let total = stage.total();
        let tally = match self.step {
            None => Some(&total),
            Some(step) => stage.record.steps().get(&step),
        };
        let requests = tally.map_or(0, Tally::requests);
        let Some(tally) = tally.filter(|_| requests > 0) else {
            // What was never asked has no latency that could be good enough.
            return match self.figure {
                Figure::Quantile(_) | Figure::Mean | Figure::Max => f64::INFINITY,
                Figure::ErrorShare | Figure::Errors | Figure::Rate | Figure::Unsent => 0.0,
            };
        };
        match self.figure {
            Figure::Quantile(quantile) => at(&tally.latency, quantile),
            Figure::Mean => tally.latency.mean() / 1_000.0,
            Figure::Max => at(&tally.latency, 1.0),
            Figure::Errors => count(tally.errors()),
            Figure::ErrorShare => count(tally.errors()) * 100.0 / count(requests),
            Figure::Rate => stage.per_second(requests),
            Figure::Unsent => count(stage.unsent),
        }
    }
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000_000.0
}

const HELP: &str = "A threshold is like 'p99>20ms', 'errors>0.1%', 'rate<5000' or 'login/finalize p99.9>50ms'; \
there are pNN, mean, max, errors, rate and unsent";

#[cfg(test)]
mod tests {
    use super::{Figure, Threshold};
    use crate::cli::load::step::Step;

    #[test]
    fn a_threshold_is_a_figure_a_sign_and_a_limit() {
        for (text, step, figure, is_over, limit) in [
            ("p99>20ms", None, Figure::Quantile(0.99), true, 20_000.0),
            ("p99.9 > 1s", None, Figure::Quantile(0.999), true, 1e6),
            ("errors>0.1%", None, Figure::ErrorShare, true, 0.1),
            ("errors>0", None, Figure::Errors, true, 0.0),
            ("rate<5000", None, Figure::Rate, false, 5_000.0),
            ("unsent>0", None, Figure::Unsent, true, 0.0),
            (
                "login/finalize  max>50us",
                Some(Step::LoginFinalize),
                Figure::Max,
                true,
                50.0,
            ),
        ] {
            let read: Threshold = text.parse().unwrap();
            assert_eq!((read.step, read.is_over), (step, is_over), "{text}");
            assert!((read.limit - limit).abs() < 1e-6, "{text}: {}", read.limit);
            match (read.figure, figure) {
                (Figure::Quantile(read), Figure::Quantile(wanted)) => {
                    assert!((read - wanted).abs() < 1e-9, "{text}");
                }
                (read, figure) => assert_eq!(read, figure, "{text}"),
            }
        }
    }

    #[test]
    fn what_is_no_threshold_is_told() {
        for text in [
            "",
            "p99",
            "p99=20ms",
            "p101>1ms",
            "q99>1ms",
            "p99>20",
            "errors>few",
            "errors>-1",
            "rate<NaN",
            "logout p99>1ms",
            "p99>1ms<2ms",
        ] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
