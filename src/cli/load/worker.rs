//! One connection and what it does: sends a request, waits for its answer, records it. The workers of a thread share all else.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::authenticator::Shares;
use super::clock;
use super::connection::Connection;
use super::record::{Record, reason};
use super::step::Step;
use super::target::{Request, Target};
use crate::forge::Authenticator;

/// A user with a passkey.
pub(super) struct Account {
    pub(super) tenant: usize,
    pub(super) user_id: String,
    pub(super) authenticator: Authenticator,
}

/// What the workers of one thread share. None of them runs while another does.
pub(super) struct Crew<'a> {
    pub(super) target: &'a Target,
    pub(super) settings: &'a Settings,
    pub(super) seen: &'a Seen,
    pub(super) accounts: RefCell<Vec<Arc<Account>>>,
    pub(super) record: RefCell<Record>,
    /// No two operations of a load have the same number: it names new users.
    pub(super) numbers: &'a AtomicU64,
    /// The next account to log in.
    pub(super) turn: Cell<usize>,
}

/// What is the same for all threads.
pub(super) struct Settings {
    /// Tells the users of this load from those of others.
    pub(super) run: String,
    /// Different users a tenant, where nobody needs to have registered.
    pub(super) users: u64,
    pub(super) origin: Option<String>,
    pub(super) algorithms: Shares,
}

impl Settings {
    /// Where the page is: by default what the RP id says.
    pub(super) fn origin(&self, rp_id: &str) -> String {
        let given = self.origin.clone();
        given.unwrap_or_else(|| format!("https://{rp_id}"))
    }
}

/// What a thread lets others see while it runs.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) requests: AtomicU64,
    pub(super) errors: AtomicU64,
}

impl Crew<'_> {
    /// Each in turn.
    pub(super) fn next_account(&self) -> Option<Arc<Account>> {
        let accounts = self.accounts.borrow();
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        accounts.get(turn.checked_rem(accounts.len())?).cloned()
    }

    /// What an authenticator makes of the options in an answer. A success that has none is an error.
    pub(super) fn understand(
        &self,
        step: Step,
        answer: &[u8],
        respond: impl FnOnce(&PublicKey<'_>) -> Option<String>,
    ) -> Option<String> {
        let options: Option<Options<'_>> = serde_json::from_slice(answer).ok();
        let response = options.and_then(|options| respond(&options.public_key));
        if response.is_none() {
            self.record.borrow_mut().misunderstood(step);
            self.seen.errors.fetch_add(1, Ordering::Relaxed);
        }
        response
    }
}

pub(super) struct Worker<'a> {
    pub(super) crew: &'a Crew<'a>,
    connection: Connection,
    request: Vec<u8>,
    /// How many operations it has begun.
    pub(super) turn: u64,
}

impl<'a> Worker<'a> {
    pub(super) const fn new(crew: &'a Crew<'a>, connection: Connection) -> Self {
        Self {
            crew,
            connection,
            request: Vec::new(),
            turn: 0,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.crew.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn user_id(&self, number: u64) -> String {
        format!("load-{}-{number}", self.crew.settings.run)
    }

    pub(super) fn tenant_of(&self, number: u64) -> usize {
        let tenants = self.crew.target.tenants.len();
        usize::try_from(number).unwrap_or_default() % tenants
    }

    /// The body of the answer, if it is a success. Its latency counts from `due`.
    pub(super) async fn send(
        &mut self,
        tenant: usize,
        request: &Request<'_>,
        due: Instant,
    ) -> Option<&[u8]> {
        let tenant = &self.crew.target.tenants[tenant];
        self.request.clear();
        tenant.write(request, &mut self.request);
        let answer = self.connection.exchange(&self.request).await;
        let took = clock::now().saturating_duration_since(due);
        self.crew.seen.requests.fetch_add(1, Ordering::Relaxed);
        let step = request.step;
        let answer = match answer {
            Ok(answer) => answer,
            Err(broken) => {
                self.crew.record.borrow_mut().broke(step, broken, took);
                self.crew.seen.errors.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(RESPITE).await;
                return None;
            }
        };
        let mut record = self.crew.record.borrow_mut();
        record.answered(step, answer.status, took);
        if (200..300).contains(&answer.status) {
            return Some(answer.body);
        }
        record.fault(step, Some(answer.status), reason(answer.body));
        self.crew.seen.errors.fetch_add(1, Ordering::Relaxed);
        None
    }
}

/// Of options, what an authenticator needs.
#[derive(Deserialize)]
struct Options<'a> {
    #[serde(borrow, rename = "publicKey")]
    public_key: PublicKey<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicKey<'a> {
    #[serde(borrow)]
    pub(super) challenge: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) rp_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) rp: Option<RelyingParty<'a>>,
}

#[derive(Deserialize)]
pub(super) struct RelyingParty<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Cow<'a, str>>,
}

/// A server that turns connections away is not asked as fast as it can say so.
const RESPITE: Duration = Duration::from_millis(10);
