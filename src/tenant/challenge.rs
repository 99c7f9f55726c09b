//! The challenges that are out: what was begun with each, bounded, expiring, single use.
//!
//! A table, no actor: whoever owns it (one actor a worker and tenant) decides when to ask it. It remembers what began and
//! what was taken since its last checkpoint, so that a restart breaks no ceremony under way and revives none that was finished.

use std::collections::{HashMap, VecDeque};

use minicbor::{Decode, Encode};

use super::ids::{Challenge, CredentialId, Timestamp, UserId};
use super::user::Profile;
use crate::webauthn::options::UserVerification;

/// A ceremony between initialize and finalize.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ceremony {
    #[n(0)]
    pub purpose: Purpose,
    #[n(1)]
    pub factor: Factor,
    #[n(2)]
    pub access: Access,
    #[n(3)]
    pub user_verification: UserVerification,
    #[n(4)]
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Purpose {
    /// `user_existed`: a user who was there at initialize and is gone at finalize was deleted meanwhile.
    #[n(0)]
    Registration {
        #[n(0)]
        user: Profile,
        #[n(1)]
        user_existed: bool,
    },
    /// Without a user it is a discoverable login, and any passkey of the tenant will do.
    #[n(1)]
    Login {
        #[n(0)]
        user: Option<UserId>,
        #[n(1)]
        allowed: Vec<CredentialId>,
    },
}

/// What is registered or used: a passkey that signs in by itself, or a second factor that never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Factor {
    #[n(0)]
    Passkey,
    #[n(1)]
    Mfa,
}

/// Who began: somebody with a key (or a session), or anybody. Counted apart, so that a flood of the second cannot push out the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Access {
    #[n(0)]
    Keyed,
    #[n(1)]
    Unkeyed,
}

impl Access {
    pub const ALL: [Self; 2] = [Self::Keyed, Self::Unkeyed];
}

/// A ceremony that a decision has begun, and the options to answer.
#[derive(Debug)]
pub struct Begun {
    pub challenge: Challenge,
    pub ceremony: Ceremony,
    pub options: String,
}

/// What a checkpoint carries: enough to restore what is still pending.
#[derive(Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    #[n(0)]
    pub began: Vec<(Challenge, Ceremony)>,
    #[n(1)]
    pub taken: Vec<(Challenge, Timestamp)>,
}

impl Checkpoint {
    pub fn is_empty(&self) -> bool {
        self.began.is_empty() && self.taken.is_empty()
    }

    /// When nothing in it matters any more.
    pub fn expires_at(&self) -> Timestamp {
        let began = self.began.iter().map(|(_, ceremony)| ceremony.expires_at);
        let taken = self.taken.iter().map(|(_, expires_at)| *expires_at);
        began.chain(taken).max().unwrap_or(Timestamp(0))
    }
}

#[derive(Debug, Default)]
pub struct Pending {
    keyed: Table,
    unkeyed: Table,
    unsaved: VecDeque<Challenge>,
    taken: Vec<(Challenge, Timestamp)>,
}

impl Pending {
    pub fn begin(&mut self, challenge: Challenge, ceremony: Ceremony) {
        self.unsaved.push_back(challenge);
        if self.unsaved.len() > 2 * self.total() + SLACK {
            let (keyed, unkeyed) = (&self.keyed, &self.unkeyed);
            self.unsaved
                .retain(|challenge| keyed.holds(challenge) || unkeyed.holds(challenge));
        }
        self.table(ceremony.access)
            .insert(challenge, ceremony, Saved::No);
    }

    /// Puts back what a checkpoint of an earlier process says was pending.
    pub fn restore(&mut self, challenge: Challenge, ceremony: Ceremony) {
        self.table(ceremony.access)
            .insert(challenge, ceremony, Saved::Yes);
    }

    /// Gives a challenge away, once. An expired one is given too: the caller says so to whoever sent it.
    pub fn take(&mut self, challenge: &Challenge) -> Option<Ceremony> {
        let entry = self
            .keyed
            .remove(challenge)
            .or_else(|| self.unkeyed.remove(challenge))?;
        self.note_taken(*challenge, &entry);
        Some(entry.ceremony)
    }

    /// Drops the oldest of its kind to make room. An eviction is a taking: no restart brings it back.
    pub fn evict_oldest(&mut self, access: Access) -> bool {
        let Some((challenge, entry)) = self.table(access).pop_oldest() else {
            return false;
        };
        self.note_taken(challenge, &entry);
        true
    }

    /// Drops what has expired at the old end, and says how many of each kind went.
    pub fn expire(&mut self, now: Timestamp) -> [usize; 2] {
        Access::ALL.map(|access| self.table(access).expire(now))
    }

    pub fn len(&self, access: Access) -> usize {
        match access {
            Access::Keyed => self.keyed.entries.len(),
            Access::Unkeyed => self.unkeyed.entries.len(),
        }
    }

    pub fn total(&self) -> usize {
        self.keyed.entries.len() + self.unkeyed.entries.len()
    }

    /// Whether every taking of a challenge that a checkpoint names stands in a checkpoint too.
    pub fn is_saved(&self) -> bool {
        self.taken.is_empty()
    }

    /// At most `most` ceremonies that no checkpoint has yet, and all that was taken since the last.
    pub fn checkpoint(&mut self, most: usize) -> Checkpoint {
        let mut began = Vec::new();
        while began.len() < most
            && let Some(challenge) = self.unsaved.pop_front()
        {
            let entry = self.keyed.entries.get_mut(&challenge);
            if let Some(entry) = entry.or_else(|| self.unkeyed.entries.get_mut(&challenge)) {
                entry.saved = Saved::Yes;
                began.push((challenge, entry.ceremony.clone()));
            }
        }
        Checkpoint {
            began,
            taken: std::mem::take(&mut self.taken),
        }
    }

    /// Takes back a checkpoint that did not become durable, so that the next one carries it.
    pub fn checkpoint_failed(&mut self, failed: Checkpoint) {
        for (challenge, _) in failed.began.into_iter().rev() {
            self.unsaved.push_front(challenge);
        }
        self.taken.extend(failed.taken);
    }

    pub fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty()
    }

    fn note_taken(&mut self, challenge: Challenge, entry: &Entry) {
        if entry.saved == Saved::Yes {
            self.taken.push((challenge, entry.ceremony.expires_at));
        }
    }

    fn table(&mut self, access: Access) -> &mut Table {
        match access {
            Access::Keyed => &mut self.keyed,
            Access::Unkeyed => &mut self.unkeyed,
        }
    }
}

/// Ceremonies of one kind by challenge, and their challenges in the order of their beginning. A challenge that was
/// taken stays in the order until it comes to the front or the order is twice as long as it need be.
#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Challenge, Entry>,
    order: VecDeque<Challenge>,
}

#[derive(Debug)]
struct Entry {
    ceremony: Ceremony,
    saved: Saved,
}

/// Whether a checkpoint names the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saved {
    No,
    Yes,
}

impl Table {
    fn insert(&mut self, challenge: Challenge, ceremony: Ceremony, saved: Saved) {
        self.entries.insert(challenge, Entry { ceremony, saved });
        self.order.push_back(challenge);
    }

    fn holds(&self, challenge: &Challenge) -> bool {
        self.entries.contains_key(challenge)
    }

    fn remove(&mut self, challenge: &Challenge) -> Option<Entry> {
        let entry = self.entries.remove(challenge)?;
        if self.order.len() > 2 * self.entries.len() + SLACK {
            let entries = &self.entries;
            self.order
                .retain(|challenge| entries.contains_key(challenge));
        }
        Some(entry)
    }

    fn pop_oldest(&mut self) -> Option<(Challenge, Entry)> {
        loop {
            let challenge = self.order.pop_front()?;
            if let Some(entry) = self.entries.remove(&challenge) {
                return Some((challenge, entry));
            }
        }
    }

    fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.entries.len();
        while let Some(challenge) = self.order.front() {
            match self.entries.get(challenge) {
                Some(entry) if entry.ceremony.expires_at > now => break,
                Some(_) => drop(self.entries.remove(challenge)),
                None => {}
            }
            self.order.pop_front();
        }
        before - self.entries.len()
    }
}

/// How many stale entries an order may hold beyond twice its table, so that small tables are not tidied all the time.
const SLACK: usize = 64;
