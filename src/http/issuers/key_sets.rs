//! The keys of issuers that have them at an address, each tenant's apart. Whoever needs them waits here; who fetches them is
//! given by the composition root, and works on threads of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::timeout;

use super::entry::{Entry, Next};
use super::fetched::{FetchError, Reply};
use crate::http::rate::Clock;
use crate::telemetry::metrics::{IssuerFetch, KeySetsHeld, Metrics};
use crate::tenant::ids::TenantId;
use crate::tenant::issuer::KeySet;

/// Begins to fetch an address, and does not wait for it.
pub type Fetch = Box<dyn Fn(Arc<str>, Reply) + Send + Sync>;

/// A tenant, and where one of its issuers has its keys.
pub(super) type Address = (TenantId, Arc<str>);

pub struct KeySets {
    fetch: Fetch,
    clock: Clock,
    metrics: Metrics,
    entries: Mutex<HashMap<Address, Entry>>,
}

impl KeySets {
    pub fn new(fetch: Fetch, clock: Clock, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self {
            fetch,
            clock,
            metrics,
            entries: Mutex::default(),
        })
    }

    /// What is kept, for who scrapes. Nobody is blamed for the age of keys that nobody needs.
    pub fn held(&self) -> KeySetsHeld {
        let now = (self.clock)();
        let entries = self.entries.lock();
        let ages = entries.values().filter_map(|entry| entry.age(now));
        let used = entries.values().filter(|it| it.used_at + LATELY > now);
        let oldest = used.filter_map(|entry| entry.age(now)).max();
        KeySetsHeld {
            count: ages.count(),
            oldest: oldest.unwrap_or_default(),
        }
    }

    /// `None`: there are none, and none can be fetched now.
    pub(super) async fn keys(self: &Arc<Self>, of: &Address) -> Option<Arc<KeySet>> {
        let next = self.with(of, Entry::next)?;
        self.wait(of, next).await.or_else(|| {
            let usable = self.with(of, |entry, now| entry.usable(now));
            usable.flatten()
        })
    }

    /// Others than `old`.
    pub(super) async fn newer_than(
        self: &Arc<Self>,
        old: &Arc<KeySet>,
        of: &Address,
    ) -> Option<Arc<KeySet>> {
        let next = self.with(of, |entry, now| entry.next_after(old, now))?;
        self.wait(of, next)
            .await
            .or_else(|| self.with(of, |entry, _| entry.newer(old)).flatten())
    }

    /// The keys, where there is no need to wait for them.
    async fn wait(self: &Arc<Self>, of: &Address, next: Next) -> Option<Arc<KeySet>> {
        let done = match next {
            Next::Use(keys) => return Some(keys),
            Next::Unavailable => return None,
            Next::Wait(done) => done,
            Next::Fetch(done) => {
                (self.fetch)(of.1.clone(), Reply::new(Arc::clone(self), of.clone()));
                done
            }
        };
        // However it ends: what matters is what is there then.
        let _ = timeout(WAIT_MAX, done).await;
        None
    }

    /// `None`: there is no room for another address.
    fn with<T>(&self, of: &Address, work: impl FnOnce(&mut Entry, Duration) -> T) -> Option<T> {
        let now = (self.clock)();
        let mut entries = self.entries.lock();
        if !entries.contains_key(of) && entries.len() >= SETS_MAX {
            let idle = entries.iter().filter(|(_, entry)| !entry.is_fetching);
            let oldest = idle.min_by_key(|(_, entry)| entry.used_at)?.0.clone();
            entries.remove(&oldest);
        }
        Some(work(entries.entry(of.clone()).or_default(), now))
    }

    pub(super) fn end(
        &self,
        of: &Address,
        fetched: Result<(KeySet, Option<Duration>), FetchError>,
    ) {
        match fetched {
            Ok((keys, max_age)) => {
                self.metrics.issuer_fetched(IssuerFetch::Succeeded);
                self.with(of, |entry, now| entry.succeed(keys, max_age, now));
            }
            Err(error) => {
                self.metrics.issuer_fetched((&error).into());
                let pause = self.with(of, Entry::fail);
                let again_seconds = pause.unwrap_or_default().as_secs();
                tracing::warn!(tenant = %of.0, address = %of.1, %error, again_seconds, "the keys of an issuer could not be fetched");
            }
        }
    }
}

/// As long as a fetch takes at most, and a little for those before it.
const WAIT_MAX: Duration = Duration::from_secs(6);

const LATELY: Duration = Duration::from_mins(10);

/// Addresses whose keys are kept; the one longest unused gives way.
pub(super) const SETS_MAX: usize = 1024;
