//! Fetches the keys of trusted issuers: a few threads that may wait for a slow one, and a queue with an end.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use ureq::http::Response;
use ureq::http::header::{CACHE_CONTROL, HeaderMap, LOCATION};
use ureq::{Agent, Body};
use url::Url;

use super::client::agent;
use crate::http::issuers::{FetchError, Fetched, KeySets, Reply, is_key_address};
use crate::http::rate::Clock;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::worker::Timer;
use crate::tenant::issuer::{KEY_SET_BYTES_MAX, KeySetError};

type Job = (Arc<str>, Reply);

pub(super) fn key_sets(metrics: Metrics, clock: Clock) -> Arc<KeySets> {
    let threads = Mutex::new(None);
    let fetch = move |address, reply| hand_over(&mut threads.lock(), (address, reply));
    KeySets::new(Box::new(fetch), clock, metrics)
}

/// Most servers trust no issuer: the threads start with the first one.
fn hand_over(threads: &mut Option<SyncSender<Job>>, job: Job) {
    let jobs = match threads.take().map_or_else(start, Ok) {
        Ok(jobs) => threads.insert(jobs),
        Err(error) => {
            tracing::error!(%error, "no threads could be started to fetch the keys of issuers");
            return job.1.tell(Err(FetchError::Busy));
        }
    };
    match jobs.try_send(job) {
        Ok(()) => {}
        Err(TrySendError::Full((_, reply)) | TrySendError::Disconnected((_, reply))) => {
            reply.tell(Err(FetchError::Busy));
        }
    }
}

/// They end when nobody can ask any more.
fn start() -> io::Result<SyncSender<Job>> {
    let (sender, jobs) = sync_channel(QUEUE_MAX);
    let jobs = Arc::new(Mutex::new(jobs));
    let agent = agent();
    for _ in 0..THREADS {
        let (jobs, agent) = (Arc::clone(&jobs), agent.clone());
        std::thread::Builder::new()
            .name("issuer-keys".into())
            .spawn(move || work(&jobs, &agent))?;
    }
    Ok(sender)
}

fn work(jobs: &Mutex<Receiver<Job>>, agent: &Agent) {
    loop {
        let next = jobs.lock().recv();
        let Ok((address, reply)) = next else {
            return;
        };
        reply.tell(fetch(agent, &address));
    }
}

/// All redirects within one time.
fn fetch(agent: &Agent, address: &str) -> Result<Fetched, FetchError> {
    let timer = Timer::start();
    let mut url = Url::parse(address).map_err(|_| FetchError::Address)?;
    if !is_key_address(&url) {
        return Err(FetchError::Address);
    }
    for _ in 0..=REDIRECTS_MAX {
        let left = TIMEOUT.saturating_sub(timer.elapsed());
        let answer = ask(agent, &url, left)?;
        match answer.status().as_u16() {
            200 => return read(answer),
            301 | 302 | 303 | 307 | 308 => url = redirected(&url, answer.headers())?,
            status => return Err(FetchError::Status(status)),
        }
    }
    Err(FetchError::Redirect)
}

fn ask(agent: &Agent, url: &Url, timeout: Duration) -> Result<Response<Body>, FetchError> {
    let request = agent.get(url.as_str()).header("Accept", ACCEPTED);
    let request = request.config().timeout_global(Some(timeout)).build();
    request.call().map_err(transport)
}

fn read(mut answer: Response<Body>) -> Result<Fetched, FetchError> {
    let max_age = max_age(answer.headers());
    let most = u64::try_from(KEY_SET_BYTES_MAX).unwrap_or(u64::MAX);
    let body = answer.body_mut().with_config().limit(most).read_to_vec();
    match body {
        Ok(body) => Ok(Fetched { body, max_age }),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(KeySetError::TooLong.into()),
        Err(error) => Err(transport(error)),
    }
}

/// To where one asks in the same way: TLS is not left for an address on this machine, nor the other way round.
fn redirected(from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
    let to = to.and_then(|to| from.join(to).ok());
    to.filter(|to| to.scheme() == from.scheme() && is_key_address(to))
        .ok_or(FetchError::Redirect)
}

/// What the issuer says of caching (RFC 9111 §5.2.2).
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let texts = headers.get_all(CACHE_CONTROL).into_iter();
    let texts: Vec<&str> = texts.filter_map(|text| text.to_str().ok()).collect();
    let directives = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    let mut seconds = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => seconds = value.trim_matches('"').parse().ok(),
            _ => {}
        }
    }
    seconds.map(Duration::from_secs)
}

fn transport(error: ureq::Error) -> FetchError {
    FetchError::Transport(error.into())
}

/// How many issuers may be slow at a time before others wait for them.
const THREADS: usize = 4;
const QUEUE_MAX: usize = 64;

const TIMEOUT: Duration = Duration::from_secs(5);
const REDIRECTS_MAX: usize = 3;
const ACCEPTED: &str = "application/jwk-set+json, application/json";
