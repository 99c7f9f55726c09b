//! What is known of the keys at one address, and what to do next about them. Nothing is fetched here, and the time is told.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::tenant::issuer::KeySet;

#[derive(Debug, Default)]
pub(super) struct Entry {
    held: Option<Held>,
    /// Since the last success.
    failures: u32,
    /// After a failure.
    retry_at: Duration,
    /// Until when looking for keys that the set did not have is paid for.
    missed_until: Duration,
    pub(super) is_fetching: bool,
    waiting: Vec<oneshot::Sender<()>>,
    pub(super) used_at: Duration,
}

#[derive(Debug)]
struct Held {
    keys: Arc<KeySet>,
    fetched_at: Duration,
    /// When they are to be fetched again.
    due_at: Duration,
}

#[derive(Debug)]
pub(super) enum Next {
    Use(Arc<KeySet>),
    /// Until the fetch is over that is under way.
    Wait(oneshot::Receiver<()>),
    /// The caller fetches, and waits too.
    Fetch(oneshot::Receiver<()>),
    Unavailable,
}

impl Entry {
    /// The keys while they are not due. Then whoever asks waits for the fetch: a key that the issuer has withdrawn is not
    /// believed longer than the issuer says. Where there is nothing to wait for, what there was is used for a while.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        self.used_at = now;
        match &self.held {
            Some(held) if now < held.due_at => return Next::Use(Arc::clone(&held.keys)),
            Some(_) | None => {}
        }
        let may_fetch = now >= self.retry_at;
        self.fetch_or_wait(may_fetch)
            .or_else(|| self.usable(now).map(Next::Use))
            .unwrap_or(Next::Unavailable)
    }

    /// For who has found no key in `old`. Anybody can send key ids that do not exist: they cost a fetch only now and then.
    pub(super) fn next_after(&mut self, old: &Arc<KeySet>, now: Duration) -> Next {
        if let Some(newer) = self.newer(old) {
            return Next::Use(newer);
        }
        let paid = self.missed_until.max(now) + MISSED_EVERY;
        let is_rare = paid <= now + MISSED_EVERY * MISSES_MAX;
        let may_fetch = is_rare && now >= self.retry_at;
        match self.fetch_or_wait(may_fetch) {
            Some(Next::Fetch(done)) => {
                self.missed_until = paid;
                Next::Fetch(done)
            }
            Some(next) => next,
            None => Next::Unavailable,
        }
    }

    /// What may be used although it is due.
    pub(super) fn usable(&self, now: Duration) -> Option<Arc<KeySet>> {
        let held = self.held.as_ref()?;
        (now < held.due_at + STALE_MAX).then(|| Arc::clone(&held.keys))
    }

    /// How old they are. `None`: there are none.
    pub(super) fn age(&self, now: Duration) -> Option<Duration> {
        let held = self.held.as_ref()?;
        Some(now.saturating_sub(held.fetched_at))
    }

    pub(super) fn newer(&self, old: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        let held = self.held.as_ref()?;
        (!Arc::ptr_eq(&held.keys, old)).then(|| Arc::clone(&held.keys))
    }

    pub(super) fn succeed(&mut self, keys: KeySet, max_age: Option<Duration>, now: Duration) {
        let max_age = max_age.map_or(MAX_AGE, |age| age.clamp(MAX_AGE_LEAST, MAX_AGE_MOST));
        self.held = Some(Held {
            keys: Arc::new(keys),
            fetched_at: now,
            due_at: now + max_age,
        });
        self.failures = 0;
        self.end();
    }

    /// When it is tried again.
    pub(super) fn fail(&mut self, now: Duration) -> Duration {
        let pause = BACK_OFF.saturating_mul(2_u32.saturating_pow(self.failures));
        let pause = pause.min(BACK_OFF_MOST);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = now + pause;
        self.end();
        pause
    }

    fn fetch_or_wait(&mut self, may_fetch: bool) -> Option<Next> {
        if !self.is_fetching && !may_fetch {
            return None;
        }
        self.waiting.retain(|waiting| !waiting.is_closed());
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        let (sender, done) = oneshot::channel();
        self.waiting.push(sender);
        if self.is_fetching {
            return Some(Next::Wait(done));
        }
        self.is_fetching = true;
        Some(Next::Fetch(done))
    }

    fn end(&mut self) {
        self.is_fetching = false;
        for waiting in self.waiting.drain(..) {
            // Whoever waited may be gone.
            let _ = waiting.send(());
        }
    }
}

/// How long keys are used of which the issuer does not say it, and how far it is followed where it does.
const MAX_AGE: Duration = Duration::from_mins(10);
const MAX_AGE_LEAST: Duration = Duration::from_mins(1);
const MAX_AGE_MOST: Duration = Duration::from_hours(24);

/// How long they are used beyond that while none can be fetched.
const STALE_MAX: Duration = Duration::from_hours(24);

/// How often a key is looked for that is not there: a few times at once, so that a new key is found although somebody has just
/// tried another, and this often in the long run.
const MISSED_EVERY: Duration = Duration::from_secs(30);
pub(super) const MISSES_MAX: u32 = 4;

/// After the first failure; twice as long after each that follows.
const BACK_OFF: Duration = Duration::from_secs(1);
const BACK_OFF_MOST: Duration = Duration::from_mins(10);

/// Requests that wait for one address.
pub(super) const WAITING_MAX: usize = 64;
