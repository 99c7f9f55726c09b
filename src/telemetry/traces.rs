//! Traces: what a request did when, as spans that an OpenTelemetry collector understands. Off unless there is a collector,
//! and then a request hands over a few numbers when its answer is known; a thread does the rest.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use rand::RngExt;

use super::request::Method;

/// Where finished requests go. Shared by all workers.
pub struct Traces {
    pub sample_ratio: f64,
    pub queue: SyncSender<Trace>,
    /// In the queue or about to be exported.
    pub waiting: AtomicUsize,
    pub dropped: AtomicU64,
}

/// A request that is finished: its span and those of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub place: Place,
    /// Since 1970.
    pub start: Duration,
    pub duration: Duration,
    pub method: Method,
    pub route: Option<&'static str>,
    pub status: u16,
    pub reason: Option<&'static str>,
    pub tenant: Option<String>,
    pub request_id: String,
    pub parts: Parts,
}

/// A part of a request that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The challenge, from the worker that holds it.
    TakeChallenge,
    /// The signature and all else that the specification has one check.
    Verify,
    /// From the command to its being durable and applied.
    Commit,
    /// The token.
    Sign,
}

/// In the order of their ends, and not without end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts(pub Vec<Timed>);

/// When a part began and ended, since the request was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    pub part: Part,
    pub start: Duration,
    pub end: Duration,
}

/// What a W3C `traceparent` says: the span of whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub trace: u128,
    pub span: u64,
    pub is_sampled: bool,
}

/// Where a span belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub trace: u128,
    pub span: u64,
    pub parent: Option<u64>,
    /// Of another trace, that a stranger says to have come from.
    pub link: Option<Caller>,
}

impl Part {
    pub const fn name(self) -> &'static str {
        match self {
            Self::TakeChallenge => "take challenge",
            Self::Verify => "verify",
            Self::Commit => "commit",
            Self::Sign => "sign",
        }
    }
}

impl Parts {
    pub fn push(&mut self, timed: Timed) {
        if self.0.len() < PARTS_MAX {
            self.0.push(timed);
        }
    }
}

impl Traces {
    /// The place of a new span, unless this request is left out. A caller whose word counts decides, and its trace goes on;
    /// any other is a stranger at a boundary of trust, where W3C Trace Context has one begin anew: the ratio decides, and
    /// a link leads back.
    pub fn sample(&self, caller: Option<Caller>, is_trusted: bool) -> Option<Place> {
        let mut random = rand::rng();
        let parent = caller.filter(|_| is_trusted);
        let is_sampled = parent.map_or_else(
            || random.random_bool(self.sample_ratio),
            |parent| parent.is_sampled,
        );
        is_sampled.then(|| Place {
            trace: parent.map_or_else(|| random.random_range(1..u128::MAX), |parent| parent.trace),
            // None of them is 0, nor are those that follow it.
            span: random.random_range(1..u64::MAX >> 1),
            parent: parent.map(|parent| parent.span),
            link: caller.filter(|_| !is_trusted),
        })
    }

    /// Never waits: where the queue is full, the trace is gone.
    pub fn send(&self, trace: Trace) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        match self.queue.try_send(trace) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.waiting.fetch_sub(1, Ordering::AcqRel);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Caller {
    /// W3C Trace Context, level 1 §3.2. `None` where it is not what it should be: then the trace begins here.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(header).ok()?;
        let mut fields = text.split('-');
        let version = hex(fields.next()?, 2)?;
        let trace = hex(fields.next()?, 32)?;
        let span = u64::try_from(hex(fields.next()?, 16)?).ok()?;
        let flags = hex(fields.next()?, 2)?;
        // Later versions may say more, this one does not.
        let is_known = version == 0 && fields.next().is_none() || (1..0xff).contains(&version);
        (is_known && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            is_sampled: flags & 1 == 1,
        })
    }
}

/// In lower case, as it has to be.
fn hex(text: &str, length: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_fit = text.len() == length && text.bytes().all(is_hex);
    is_fit.then(|| u128::from_str_radix(text, 16).ok())?
}

/// No request has so many, yet.
const PARTS_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read() {
        let caller = Caller::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(caller.trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(caller.span, 0xb7ad_6b71_6920_3331);
        assert!(caller.is_sampled);
        let unsampled = GOOD.replace("-01", "-00");
        assert!(!Caller::parse(unsampled.as_bytes()).unwrap().is_sampled);
    }

    #[test]
    fn only_whoever_is_trusted_decides_what_is_sampled() {
        let sampled = Caller::parse(GOOD.as_bytes()).unwrap();
        let left_out = Caller {
            is_sampled: false,
            ..sampled
        };
        for ratio in [0.0, 1.0] {
            let traces = Traces {
                sample_ratio: ratio,
                queue: sync_channel(1).0,
                waiting: AtomicUsize::new(0),
                dropped: AtomicU64::new(0),
            };
            let place = traces.sample(Some(sampled), true).unwrap();
            assert_eq!(
                (place.trace, place.parent, place.link),
                (sampled.trace, Some(sampled.span), None)
            );
            assert_eq!(traces.sample(Some(left_out), true), None);
            for caller in [sampled, left_out] {
                let place = traces.sample(Some(caller), false);
                assert_eq!(place.is_some(), ratio > 0.0);
                assert!(place.is_none_or(|place| place.trace != sampled.trace
                    && place.parent.is_none()
                    && place.link == Some(caller)));
            }
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        let later = GOOD.replacen("00", "cc", 1) + "-what-will-be";
        assert!(Caller::parse(later.as_bytes()).is_some());
    }

    #[test]
    fn what_is_no_traceparent_is_as_if_it_were_not_there() {
        for bad in [
            String::new(),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            GOOD.to_owned() + "-more",
            GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            GOOD.replace("b7ad6b7169203331", "b7ad6b716920333"),
            GOOD.replace("0af7", "+af7"),
            GOOD[..GOOD.len() - 3].to_owned(),
        ] {
            assert_eq!(Caller::parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Caller::parse(&[0xff; 55]), None);
    }
}
