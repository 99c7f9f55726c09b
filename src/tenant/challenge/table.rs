//! Ceremonies of one kind in the order of their beginning, and where each challenge stands in it. What is done over and
//! over (saving, expiring) walks along the order; only taking looks up.

use hashbrown::HashTable;
use hashbrown::hash_table::OccupiedEntry;

use super::Checkpoint;
use super::log::{Log, low, narrow, wide};
use crate::tenant::ids::{Challenge, Timestamp};

#[derive(Debug, Default)]
pub(super) struct Table {
    log: Log,
    /// From this number on, no checkpoint was made yet, or the last one failed.
    unsaved_from: u64,
    /// Below this number, some checkpoint names the ceremonies, and it may be durable whatever became of later ones.
    named_until: u64,
    /// The low halves of the numbers of the ceremonies that are out, found by their challenges. A number alone is a
    /// quarter of what a map would take, so that far more of them stay close to the processor.
    index: HashTable<u32>,
}

/// A ceremony that is out no more.
pub(super) struct Taken {
    pub packed: Vec<u8>,
    pub expires_at: Timestamp,
    /// Whether a checkpoint names it.
    pub saved: bool,
}

impl Table {
    pub(super) fn push(&mut self, challenge: &Challenge, expires_at: Timestamp, packed: &[u8]) {
        let number = low(self.log.end());
        self.log.push(challenge, expires_at, packed);
        let log = &self.log;
        let rehash = |number: &u32| log.challenge(*number).map_or(0, hash);
        self.index.insert_unique(hash(&challenge.0), number, rehash);
    }

    pub(super) fn take(&mut self, challenge: &Challenge) -> Option<Taken> {
        let log = &self.log;
        let is_it = |number: &u32| log.challenge(*number) == Some(&challenge.0);
        let found = self.index.find_entry(hash(&challenge.0), is_it).ok()?;
        let number = self.log.widened(found.remove().0);
        let record = self.log.take(number)?;
        let taken = Taken {
            packed: record.packed,
            expires_at: record.expires_at,
            saved: number < self.named_until,
        };
        self.pass_over_taken();
        if self.log.len() > 2 * self.index.len() + SLACK {
            self.tidy();
        }
        Some(taken)
    }

    pub(super) fn evict_oldest(&mut self) -> bool {
        self.pass_over_taken();
        self.drop_front_if(|_| true)
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.index.len();
        self.pass_over_taken();
        while self.drop_front_if(|expires_at| expires_at <= now) {
            self.pass_over_taken();
        }
        before - self.index.len()
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn save(&mut self, most: usize, checkpoint: &mut Checkpoint) {
        let until = self
            .log
            .end()
            .min(self.unsaved_from.saturating_add(wide(most)));
        checkpoint
            .began
            .reserve(self.log.bytes(self.unsaved_from..until));
        for number in self.unsaved_from..until {
            if let Some(record) = self.log.get(number) {
                checkpoint.began.extend_from_slice(record.pair);
                checkpoint.note(record.expires_at);
            }
        }
        self.unsaved_from = until;
        self.named_until = self.named_until.max(until);
    }

    /// The next checkpoints carry all that is out.
    pub(super) const fn save_failed(&mut self) {
        self.unsaved_from = self.log.first();
    }

    pub(super) fn unsaved(&self) -> usize {
        narrow(self.log.end() - self.unsaved_from)
    }

    /// All that is out stands in a checkpoint.
    pub(super) const fn note_named(&mut self) {
        self.unsaved_from = self.log.end();
        self.named_until = self.log.end();
    }

    /// Closes up the places of what was taken, so that it costs no memory for long.
    fn tidy(&mut self) {
        self.unsaved_from = self.closed_up(self.unsaved_from);
        self.named_until = self.closed_up(self.named_until);
        self.index.clear();
        let fresh = Log::starting_at(self.log.first());
        let old = std::mem::replace(&mut self.log, fresh);
        for record in old.records() {
            let challenge = Challenge(*record.challenge);
            self.push(&challenge, record.expires_at, record.packed());
        }
    }

    /// Which number a number becomes when the places of what was taken before it go.
    fn closed_up(&self, number: u64) -> u64 {
        let first = self.log.first();
        let out = (first..number).filter(|number| self.log.get(*number).is_some());
        first + wide(out.count())
    }

    fn pass_over_taken(&mut self) {
        while self.log.front_is_taken() {
            self.pass();
        }
    }

    /// The front is none that was taken.
    fn drop_front_if(&mut self, goes: impl Fn(Timestamp) -> bool) -> bool {
        let first = self.log.first();
        let front = self.log.get(first);
        let Some(front) = front.filter(|front| goes(front.expires_at)) else {
            return false;
        };
        let number = low(first);
        let found = self
            .index
            .find_entry(hash(front.challenge), |&it| it == number);
        drop(found.map(OccupiedEntry::remove));
        self.pass();
        true
    }

    fn pass(&mut self) {
        self.log.pop_front();
        self.unsaved_from = self.unsaved_from.max(self.log.first());
        self.named_until = self.named_until.max(self.log.first());
    }
}

/// Eight of a challenge's random bytes, as they are: they are ours, so nobody can make them collide.
fn hash(challenge: &[u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&challenge[2..10]);
    u64::from_le_bytes(bytes)
}

/// How many places of what was taken there may be beyond as many as of what is out, so that small tables are not tidied
/// all the time.
const SLACK: usize = 64;
