//! The challenges that are out, on one worker of one tenant.
//!
//! A table, no actor: whoever owns it decides when to ask it. It remembers what began and what was taken since its last
//! checkpoint, so that a restart breaks no ceremony under way and revives none that was finished.

use std::collections::HashSet;

use minicbor::Decoder;

use super::table::{Table, Taken};
use super::{Access, Ceremony};
use crate::tenant::ids::{Challenge, Timestamp};

/// What a checkpoint carries: enough to restore what is still pending.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Challenges, each with its packed ceremony, as they stand in the checkpoint's row.
    pub began: Vec<u8>,
    pub taken: Vec<Challenge>,
    /// When nothing in it matters any more.
    pub expires_at: Option<Timestamp>,
}

impl Checkpoint {
    pub(super) fn note(&mut self, expires_at: Timestamp) {
        self.expires_at = self.expires_at.max(Some(expires_at));
    }

    /// What began, one by one.
    pub fn ceremonies(&self) -> Result<Vec<(Challenge, Ceremony)>, minicbor::decode::Error> {
        let mut decoder = Decoder::new(&self.began);
        let mut ceremonies = Vec::new();
        while decoder.position() < self.began.len() {
            ceremonies.push((decoder.decode()?, minicbor::decode(decoder.bytes()?)?));
        }
        Ok(ceremonies)
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
}

impl Pending {
    pub fn begin(&mut self, challenge: Challenge, ceremony: &Ceremony) {
        self.table(ceremony.access).push(&challenge, ceremony);
    }

    /// Puts back what a checkpoint of an earlier process says was pending. Comes before anything begins.
    pub fn restore(&mut self, challenge: Challenge, ceremony: &Ceremony) {
        self.begin(challenge, ceremony);
        self.table(ceremony.access).note_named();
    }

    /// Gives a challenge away, once. An expired one is given too: the caller says so to whoever sent it.
    pub fn take(&mut self, challenge: &Challenge) -> Option<Ceremony> {
        let keyed = self.keyed.take(challenge);
        let Taken { ceremony, saved } = keyed.or_else(|| self.unkeyed.take(challenge))?;
        if saved {
            self.taken.push((*challenge, ceremony.expires_at));
        }
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
            Access::Keyed => self.keyed.len(),
            Access::Unkeyed => self.unkeyed.len(),
        }
    }

    /// Whether every taking of a challenge that a checkpoint names stands in a checkpoint too.
    pub fn is_saved(&self) -> bool {
        self.taken.is_empty()
    }

    /// Of each kind, ceremonies of `most` bytes that no checkpoint has yet, and all that was taken since the last.
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
        self.keyed.save_failed();
        self.unkeyed.save_failed();
        let until = failed.expires_at.unwrap_or(Timestamp(0));
        let taken = failed.taken.into_iter();
        self.taken.extend(taken.map(|challenge| (challenge, until)));
    }

    /// How many bytes no checkpoint has yet, of the kind which has more.
    pub fn unsaved(&self) -> usize {
        self.keyed.unsaved().max(self.unkeyed.unsaved())
    }

    const fn table(&mut self, access: Access) -> &mut Table {
        match access {
            Access::Keyed => &mut self.keyed,
            Access::Unkeyed => &mut self.unkeyed,
        }
    }
}
