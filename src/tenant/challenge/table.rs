//! Ceremonies of one kind in the order of their beginning. What is done over and over (saving, expiring) walks along the
//! order; only taking looks up, in the segments of the moment that the challenge names.

use std::collections::VecDeque;
use std::{iter, mem};

use super::record::Record;
use super::segment::Segment;
use super::{Ceremony, Checkpoint};
use crate::tenant::ids::{Challenge, Timestamp};

/// In this order: all that a push needs of it is on one cache line.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Table {
    /// How many ceremonies are out.
    out: usize,
    /// Where what begins is written.
    last: Segment,
    /// Those before the last.
    earlier: VecDeque<Segment>,
    /// Before this number, nothing is out.
    first: u64,
    /// From this number on, no checkpoint was made yet, or the last one failed.
    unsaved_from: u64,
    /// Below this number, some checkpoint names the ceremonies, and it may be durable whatever became of later ones.
    named_until: u64,
    /// The last segment that was passed, to be written again.
    spare: Option<Segment>,
}

/// What was taken, and whether a checkpoint names it.
pub(super) struct Taken {
    pub ceremony: Ceremony,
    pub saved: bool,
}

impl Table {
    pub(super) fn push(&mut self, challenge: &Challenge, ceremony: &Ceremony) {
        let moment = challenge.moment();
        if !self.last.takes(moment) {
            self.open_segment();
            self.last.takes(moment);
        }
        self.last.push(challenge, ceremony);
        self.out += 1;
    }

    pub(super) fn take(&mut self, challenge: &Challenge) -> Option<Taken> {
        let mut segments = iter::once(&mut self.last)
            .chain(self.earlier.iter_mut().rev())
            .enumerate();
        let found = segments.find_map(|(behind, segment)| {
            let (number, ceremony) = segment.take(challenge)?;
            Some((behind, segment, number, ceremony))
        });
        let (behind, segment, number, ceremony) = found?;
        let saved = number < self.named_until;
        if segment.is_untidy() {
            self.first = segment.closed_up(self.first);
            self.unsaved_from = segment.closed_up(self.unsaved_from);
            self.named_until = segment.closed_up(self.named_until);
            segment.tidy();
            if behind > 0 && segment.is_empty() {
                self.earlier.remove(self.earlier.len() - behind);
            }
        }
        self.out -= 1;
        self.oldest();
        Some(Taken { ceremony, saved })
    }

    pub(super) fn evict_oldest(&mut self) -> bool {
        self.drop_oldest_if(|_| true)
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.out;
        while self.drop_oldest_if(|expires_at| expires_at <= now) {}
        before - self.out
    }

    pub(super) const fn len(&self) -> usize {
        self.out
    }

    pub(super) fn save(&mut self, most: usize, checkpoint: &mut Checkpoint) {
        checkpoint.began.reserve(most.min(self.unsaved()));
        let mut until = self.last.end();
        let mut length = 0;
        for (number, record) in self.records(self.unsaved_from) {
            if length >= most {
                until = number;
                break;
            }
            length += record.size();
            checkpoint.began.extend_from_slice(record.pair);
            checkpoint.note(record.expires_at);
        }
        self.unsaved_from = until;
        self.named_until = self.named_until.max(until);
    }

    /// The next checkpoints carry all that is out.
    pub(super) const fn save_failed(&mut self) {
        self.unsaved_from = self.first;
    }

    /// How many bytes no checkpoint has yet.
    pub(super) fn unsaved(&self) -> usize {
        let segments = self.segments();
        let unsaved = segments.map(|segment| segment.bytes_from(self.unsaved_from));
        unsaved.sum()
    }

    /// All that is out stands in a checkpoint.
    pub(super) fn note_named(&mut self) {
        self.unsaved_from = self.last.end();
        self.named_until = self.last.end();
    }

    fn open_segment(&mut self) {
        let next = self.last.next(self.spare.take());
        self.earlier.push_back(mem::replace(&mut self.last, next));
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.earlier.iter().chain(iter::once(&self.last))
    }

    fn records(&self, from: u64) -> impl Iterator<Item = (u64, Record<'_>)> {
        self.segments()
            .flat_map(move |segment| segment.records(from))
    }

    fn drop_oldest_if(&mut self, goes: impl Fn(Timestamp) -> bool) -> bool {
        let goes = self.oldest().is_some_and(goes);
        if goes {
            let segment = self.earlier.front_mut().unwrap_or(&mut self.last);
            segment.let_go(self.first);
            self.out -= 1;
        }
        goes
    }

    /// When the oldest that is out expires. Whatever comes before it goes.
    fn oldest(&mut self) -> Option<Timestamp> {
        if self.out == 0 {
            *self = Self::default();
            return None;
        }
        loop {
            let segment = self.earlier.front().unwrap_or(&self.last);
            if let Some((number, record)) = segment.records(self.first).next() {
                self.first = number;
                return Some(record.expires_at);
            }
            self.spare = Some(self.earlier.pop_front()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Access;
    use super::*;
    use crate::tenant::tests::ceremony;

    fn challenge(moment: u16, number: u8) -> Challenge {
        let mut challenge = [0; 32];
        challenge[2..4].copy_from_slice(&moment.to_be_bytes());
        challenge[4] = number;
        Challenge(challenge)
    }

    /// However long the oldest stays out.
    #[test]
    fn segments_that_all_was_taken_of_go() {
        let ceremony = ceremony(Access::Keyed, 10);
        let mut table = Table::default();
        for moment in 0..100 {
            for number in 0..200 {
                table.push(&challenge(moment, number), &ceremony);
            }
            // What began a moment ago, but for the very first.
            for number in u8::from(moment == 1)..200 {
                let taken = table.take(&challenge(moment.wrapping_sub(1), number));
                assert_eq!(taken.is_some(), moment > 0);
            }
        }
        assert_eq!((table.out, table.segments().count()), (201, 2));
        assert!(table.take(&challenge(0, 0)).is_some());
    }
}
