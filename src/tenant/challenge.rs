//! The challenges that are out: what was begun with each, bounded, expiring, single use.
//!
//! A table, no actor: whoever owns it (one actor a worker and tenant) decides when to ask it. It remembers what began and
//! what was taken since its last checkpoint, so that a restart breaks no ceremony under way and revives none that was finished.

use std::collections::{HashSet, VecDeque};

use hashbrown::HashTable;
use hashbrown::hash_table::OccupiedEntry;

use minicbor::{Decode, Encode};

use super::ids::{Challenge, CredentialId, Timestamp, TransactionId, UserId};
use super::token::Operation;
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
    /// Where it began, and the only place where it ends.
    #[n(5)]
    #[cbor(default, skip_if = "Api::is_passkey")]
    pub api: Api,
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
    /// The challenge in the table is the head of the one that the response answers.
    #[n(2)]
    Transaction {
        #[n(0)]
        id: TransactionId,
        #[n(1)]
        user: UserId,
        #[n(2)]
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

impl Factor {
    pub const fn registration(self) -> Operation {
        match self {
            Self::Passkey => Operation::Registration,
            Self::Mfa => Operation::MfaRegistration,
        }
    }

    pub const fn login(self) -> Operation {
        match self {
            Self::Passkey => Operation::Login,
            Self::Mfa => Operation::MfaLogin,
        }
    }
}

/// Which of the two contracts a ceremony follows. What one of them may say about a response, the other must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Api {
    #[default]
    #[n(0)]
    Passkey,
    #[n(1)]
    Public,
}

impl Api {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the derive of the row calls it so"
    )]
    const fn is_passkey(&self) -> bool {
        matches!(self, Self::Passkey)
    }
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
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Challenges, each with its packed ceremony.
    pub began: Vec<(Challenge, Box<[u8]>)>,
    pub taken: Vec<Challenge>,
    /// When nothing in it matters any more.
    pub expires_at: Option<Timestamp>,
}

impl Checkpoint {
    fn note(&mut self, expires_at: Timestamp) {
        self.expires_at = self.expires_at.max(Some(expires_at));
    }
}

/// What checkpoints say is still pending: what began, less what is gone or has expired. Each once: a checkpoint after a
/// failed one repeats what earlier ones may have told.
pub fn still_pending(
    began: impl Iterator<Item = (Challenge, Ceremony)>,
    gone: impl Iterator<Item = Challenge>,
    now: Timestamp,
) -> Vec<(Challenge, Ceremony)> {
    let mut seen: HashSet<Challenge> = gone.collect();
    began
        .filter(|(_, ceremony)| ceremony.expires_at > now)
        .filter(|(challenge, _)| seen.insert(*challenge))
        .collect()
}

#[derive(Debug, Default)]
pub struct Pending {
    keyed: Table,
    unkeyed: Table,
    taken: Vec<(Challenge, Timestamp)>,
    scratch: Vec<u8>,
}

impl Pending {
    pub fn begin(&mut self, challenge: Challenge, ceremony: &Ceremony) {
        let slot = self.slot(challenge, ceremony);
        self.table(ceremony.access).push(slot);
    }

    /// Puts back what a checkpoint of an earlier process says was pending. Comes before anything begins.
    pub fn restore(&mut self, challenge: Challenge, ceremony: &Ceremony) {
        let slot = self.slot(challenge, ceremony);
        let table = self.table(ceremony.access);
        table.push(slot);
        table.unsaved_from = table.end();
        table.named_until = table.end();
    }

    /// Gives a challenge away, once. An expired one is given too: the caller says so to whoever sent it.
    ///
    /// # Panics
    /// Never: what is unpacked here was packed here.
    pub fn take(&mut self, challenge: &Challenge) -> Option<Ceremony> {
        let keyed = self.keyed.take(challenge);
        let taken = keyed.or_else(|| self.unkeyed.take(challenge))?;
        let ceremony = minicbor::decode(&taken.packed).expect("it was packed by this program");
        self.note_taken(*challenge, &taken);
        Some(ceremony)
    }

    /// Drops the oldest of its kind to make room. That is no taking: nobody has used it, so a restart may bring it back.
    pub fn evict_oldest(&mut self, access: Access) -> bool {
        self.table(access).evict_oldest()
    }

    /// Drops what has expired at the old end, and says how many of each kind went.
    pub fn expire(&mut self, now: Timestamp) -> [usize; 2] {
        Access::ALL.map(|access| self.table(access).expire(now))
    }

    pub fn len(&self, access: Access) -> usize {
        match access {
            Access::Keyed => self.keyed.index.len(),
            Access::Unkeyed => self.unkeyed.index.len(),
        }
    }

    /// Whether every taking of a challenge that a checkpoint names stands in a checkpoint too.
    pub fn is_saved(&self) -> bool {
        self.taken.is_empty()
    }

    /// At most `most` ceremonies of each kind that no checkpoint has yet, and all that was taken since the last.
    pub fn checkpoint(&mut self, most: usize) -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        self.keyed.save(most, &mut checkpoint);
        self.unkeyed.save(most, &mut checkpoint);
        for (challenge, expires_at) in self.taken.drain(..) {
            checkpoint.taken.push(challenge);
            checkpoint.note(expires_at);
        }
        checkpoint
    }

    /// A checkpoint did not become durable: the next ones carry all that is pending, and its takings again.
    pub fn checkpoint_failed(&mut self, failed: Checkpoint) {
        self.keyed.unsaved_from = self.keyed.first;
        self.unkeyed.unsaved_from = self.unkeyed.first;
        let until = failed.expires_at.unwrap_or(Timestamp(0));
        let taken = failed.taken.into_iter();
        self.taken.extend(taken.map(|challenge| (challenge, until)));
    }

    pub fn has_unsaved(&self) -> bool {
        self.keyed.has_unsaved() || self.unkeyed.has_unsaved()
    }

    /// Most ceremonies are never finished, so each waits as one small piece of memory, in the form in which a checkpoint carries it.
    fn slot(&mut self, challenge: Challenge, ceremony: &Ceremony) -> Slot {
        self.scratch.clear();
        minicbor::encode(ceremony, &mut self.scratch).expect("encoding to memory does not fail");
        Slot {
            challenge,
            expires_at: ceremony.expires_at,
            packed: self.scratch.as_slice().into(),
        }
    }

    fn note_taken(&mut self, challenge: Challenge, taken: &Taken) {
        if taken.saved {
            self.taken.push((challenge, taken.expires_at));
        }
    }

    fn table(&mut self, access: Access) -> &mut Table {
        match access {
            Access::Keyed => &mut self.keyed,
            Access::Unkeyed => &mut self.unkeyed,
        }
    }
}

/// Ceremonies of one kind in the order of their beginning, and where each challenge stands in it. What is done over and
/// over (saving, expiring) walks along the order; only taking looks up.
#[derive(Debug, Default)]
struct Table {
    slots: VecDeque<Slot>,
    /// The number of the slot in front; slots are numbered from 0 on as they come.
    first: u64,
    /// From this number on, no checkpoint was made yet, or the last one failed.
    unsaved_from: u64,
    /// Below this number, some checkpoint names the ceremonies, and it may be durable whatever became of later ones.
    named_until: u64,
    /// The numbers of the filled slots, found by their challenges. A number alone is a quarter of what a map would
    /// take, so that far more of them stay close to the processor.
    index: HashTable<u32>,
}

/// A ceremony in its place. One that was taken leaves an empty slot, until that comes to the front.
#[derive(Debug)]
struct Slot {
    challenge: Challenge,
    expires_at: Timestamp,
    packed: Box<[u8]>,
}

struct Taken {
    packed: Box<[u8]>,
    expires_at: Timestamp,
    /// Whether a checkpoint names it.
    saved: bool,
}

impl Table {
    fn push(&mut self, slot: Slot) {
        let (hash, number) = (hash(&slot.challenge), low(self.end()));
        self.slots.push_back(slot);
        let (slots, first) = (&self.slots, self.first);
        let rehash = |number: &u32| hash_at(slots, position(*number, first));
        self.index.insert_unique(hash, number, rehash);
    }

    fn take(&mut self, challenge: &Challenge) -> Option<Taken> {
        let (slots, first) = (&self.slots, self.first);
        let is_it = |number: &u32| slots[position(*number, first)].challenge == *challenge;
        let found = self.index.find_entry(hash(challenge), is_it).ok()?;
        let position = position(found.remove().0, first);
        let slot = &mut self.slots[position];
        let taken = Taken {
            packed: std::mem::take(&mut slot.packed),
            expires_at: slot.expires_at,
            saved: first + wide(position) < self.named_until,
        };
        self.drop_front_while(Slot::is_empty);
        if self.slots.len() > 2 * self.index.len() + SLACK {
            self.tidy();
        }
        Some(taken)
    }

    /// Closes up the empty slots, so that what was taken costs no memory for long.
    fn tidy(&mut self) {
        self.unsaved_from = self.closed_up(self.unsaved_from);
        self.named_until = self.closed_up(self.named_until);
        let slots = std::mem::take(&mut self.slots);
        self.index.clear();
        for slot in slots.into_iter().filter(|slot| !slot.is_empty()) {
            self.push(slot);
        }
    }

    /// Which number a number becomes when the empty slots before it go.
    fn closed_up(&self, number: u64) -> u64 {
        let before = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        let filled = |slot: &&Slot| !slot.is_empty();
        let filled = self.slots.iter().take(before).filter(filled).count();
        self.first + wide(filled)
    }

    fn evict_oldest(&mut self) -> bool {
        self.drop_front_while(Slot::is_empty);
        self.drop_front_if(|_| true)
    }

    fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.index.len();
        self.drop_front_while(|slot| slot.is_empty() || slot.expires_at <= now);
        before - self.index.len()
    }

    fn save(&mut self, most: usize, checkpoint: &mut Checkpoint) {
        let from = usize::try_from(self.unsaved_from - self.first).unwrap_or(usize::MAX);
        let mut seen = 0;
        for slot in self.slots.iter().skip(from).take(most) {
            seen += 1;
            if !slot.is_empty() {
                checkpoint.began.push((slot.challenge, slot.packed.clone()));
                checkpoint.note(slot.expires_at);
            }
        }
        self.unsaved_from += seen;
        self.named_until = self.named_until.max(self.unsaved_from);
    }

    fn has_unsaved(&self) -> bool {
        self.unsaved_from < self.end()
    }

    fn end(&self) -> u64 {
        self.first + wide(self.slots.len())
    }

    fn drop_front_while(&mut self, goes: impl Fn(&Slot) -> bool) {
        while self.drop_front_if(&goes) {}
    }

    fn drop_front_if(&mut self, goes: impl Fn(&Slot) -> bool) -> bool {
        let Some(slot) = self.slots.pop_front_if(|slot| goes(slot)) else {
            return false;
        };
        if !slot.is_empty() {
            let number = low(self.first);
            let found = self
                .index
                .find_entry(hash(&slot.challenge), |&it| it == number);
            drop(found.map(OccupiedEntry::remove));
        }
        self.first += 1;
        self.unsaved_from = self.unsaved_from.max(self.first);
        self.named_until = self.named_until.max(self.first);
        true
    }
}

impl Slot {
    fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }
}

/// Eight of a challenge's random bytes, as they are: they are ours, so nobody can make them collide.
fn hash(challenge: &Challenge) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&challenge.0[2..10]);
    u64::from_le_bytes(bytes)
}

fn hash_at(slots: &VecDeque<Slot>, position: usize) -> u64 {
    hash(&slots[position].challenge)
}

/// Where the slot of a number is. Numbers in the index are cut to 32 bits; there are never as many slots at a time.
fn position(number: u32, first: u64) -> usize {
    usize::try_from(number.wrapping_sub(low(first))).unwrap_or(usize::MAX)
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// How many empty slots there may be beyond as many as filled ones, so that small tables are not tidied all the time.
const SLACK: usize = 64;
