//! Sessions of the Public API: who is signed in, since when and until when. They are durable; a token of a session
//! that has no record is worth nothing.
//!
//! A session is of a user id, whether or not a user of that id has a credential yet: whoever registers a first passkey
//! must be signed in already. When it was last used is told by the requests themselves, and is no event.

mod commands;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minicbor::{Decode, Decoder, Encode, Encoder};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::ids::{Timestamp, UserId, uuid_bytes};
use super::state::TenantState;

pub use commands::{CreateSession, DeleteSession, DeleteSessions, EndIdleSession, SignIn};

#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub struct Session {
    #[cbor(n(0), with = "uuid_bytes")]
    pub id: Uuid,
    #[n(1)]
    pub user: UserId,
    #[n(2)]
    pub name: Option<Box<str>>,
    #[n(3)]
    pub display_name: Option<Box<str>>,
    #[n(4)]
    pub email: Option<Box<str>>,
    #[n(5)]
    pub created_at: Timestamp,
    #[n(6)]
    pub expires_at: Timestamp,
    /// In the row it is the time of creation; later uses are saved apart.
    #[n(7)]
    pub last_used: LastUsed,
    /// Empty where it is not known.
    #[n(8)]
    pub source_ip: Box<str>,
    #[n(9)]
    pub user_agent: Box<str>,
}

/// Whom somebody means who vouches for a user or asks for one. A UUID is the same user in either case, as it comes back from
/// an authenticator in lower case; unless there is a user of that very spelling.
pub fn user_named(text: &str, state: &TenantState) -> Option<UserId> {
    let exact = UserId::parse(text)?;
    let uuid = Uuid::try_parse(text).ok();
    let uuid = uuid.filter(|_| text.len() == Hyphenated::LENGTH);
    let is_known = state.users.contains_key(&exact);
    match uuid {
        Some(uuid) if !is_known => UserId::parse(&uuid.to_string()),
        _ => Some(exact),
    }
}

impl Session {
    pub fn last_used_at(&self) -> Timestamp {
        self.last_used.at()
    }

    /// Whether nobody has used it for as long as the tenant allows; 0 seconds allow for ever.
    pub fn is_idle(&self, idle_timeout_seconds: u32, now: Timestamp) -> bool {
        self.idle_at(idle_timeout_seconds)
            .is_some_and(|at| at <= now)
    }

    /// When it ends if nobody uses it; `None` where the tenant does not end unused sessions.
    pub fn idle_at(&self, idle_timeout_seconds: u32) -> Option<Timestamp> {
        let milliseconds = i64::from(idle_timeout_seconds) * 1000;
        (milliseconds > 0).then(|| self.last_used_at().plus_milliseconds(milliseconds))
    }
}

/// The time of the last use, told by any thread, never set back.
#[derive(Debug)]
pub struct LastUsed(AtomicU64);

impl LastUsed {
    pub const fn new(at: Timestamp) -> Self {
        Self(AtomicU64::new(at.0))
    }

    pub fn at(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    pub fn use_at(&self, at: Timestamp) {
        self.0.fetch_max(at.0, Ordering::Relaxed);
    }
}

impl<C> Encode<C> for LastUsed {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.at().encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for LastUsed {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        Timestamp::decode(d, ctx).map(Self::new)
    }
}

/// A tenant's sessions. Those that have expired go when others are created.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: HashMap<Uuid, Arc<Session>>,
    /// In the order of creation.
    of_user: HashMap<UserId, Vec<Uuid>>,
    by_expiry: BTreeSet<(Timestamp, Uuid)>,
}

impl Sessions {
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// One that is there and has not expired.
    pub fn find(&self, id: Uuid, now: Timestamp) -> Option<&Arc<Session>> {
        self.by_id
            .get(&id)
            .filter(|session| session.expires_at > now)
    }

    /// Those of a user that have not expired, oldest first.
    pub fn of_user(&self, user: &UserId, now: Timestamp) -> impl Iterator<Item = &Arc<Session>> {
        let ids = self.of_user.get(user).into_iter().flatten();
        ids.filter_map(move |id| self.find(*id, now))
    }

    /// A use that was saved apart from the session.
    pub fn use_at(&self, id: Uuid, at: Timestamp) {
        if let Some(session) = self.by_id.get(&id) {
            session.last_used.use_at(at);
        }
    }

    pub(super) fn add(&mut self, session: Arc<Session>) {
        self.forget_expired(session.created_at);
        let of_user = self.of_user.entry(session.user.clone()).or_default();
        of_user.push(session.id);
        self.by_expiry.insert((session.expires_at, session.id));
        self.by_id.insert(session.id, session);
    }

    pub(super) fn remove(&mut self, id: Uuid) {
        let Some(session) = self.by_id.remove(&id) else {
            return;
        };
        self.by_expiry.remove(&(session.expires_at, id));
        if let Some(ids) = self.of_user.get_mut(&session.user) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.of_user.remove(&session.user);
            }
        }
    }

    /// A few at a time: however many expire at once, nobody waits for all of them to go.
    fn forget_expired(&mut self, now: Timestamp) {
        for _ in 0..FORGOTTEN_AT_ONCE_MAX {
            let first = self.by_expiry.first().copied();
            let Some((_, id)) = first.filter(|(expires_at, _)| *expires_at <= now) else {
                return;
            };
            self.remove(id);
        }
    }
}

/// More than one, so that a creation forgets more than it adds.
const FORGOTTEN_AT_ONCE_MAX: usize = 8;
