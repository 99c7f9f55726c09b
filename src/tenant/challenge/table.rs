//! Ceremonies of one kind in the order of their beginning. What is done over and over (saving, expiring) walks along the
//! order; only taking looks up, in the segments of the moment that the challenge names.

use std::collections::VecDeque;
use std::ops::Range;

use super::Checkpoint;
use super::segment::{Record, Removed, Segment, narrow, wide};
use crate::tenant::ids::{Challenge, Timestamp};

/// Places are numbered from `first` to `end`.
#[derive(Debug, Default)]
pub(super) struct Table {
    segments: VecDeque<Segment>,
    /// Of which moments the segments are.
    spans: VecDeque<Span>,
    first: u64,
    end: u64,
    /// How many ceremonies are out.
    out: usize,
    /// From this number on, no checkpoint was made yet, or the last one failed.
    unsaved_from: u64,
    /// Below this number, some checkpoint names the ceremonies, and it may be durable whatever became of later ones.
    named_until: u64,
    /// The last segment that was passed, to be written again.
    spare: Option<Segment>,
}

/// From one moment to another, on a clock that goes round.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u16,
    to: u16,
}

/// What was taken, and whether a checkpoint names it.
pub(super) struct Taken {
    pub packed: Vec<u8>,
    pub expires_at: Timestamp,
    pub saved: bool,
}

impl Table {
    pub(super) fn push(&mut self, challenge: &Challenge, expires_at: Timestamp, packed: &[u8]) {
        let moment = challenge.moment();
        let fits = match (self.segments.back(), self.spans.back_mut()) {
            (Some(last), Some(span)) => span.takes(moment, last),
            _ => false,
        };
        if !fits {
            let last = self.segments.back();
            let fresh = self.spare.take();
            let fresh =
                fresh.unwrap_or_else(|| last.map_or_else(Segment::default, Segment::as_large));
            self.segments.push_back(fresh.starting_at(self.end));
            self.spans.push_back(Span {
                from: moment,
                to: moment,
            });
        }
        if let Some(last) = self.segments.back_mut() {
            last.push(challenge, expires_at, packed);
        }
        self.end += 1;
        self.out += 1;
    }

    pub(super) fn take(&mut self, challenge: &Challenge) -> Option<Taken> {
        let removed = self.remove(challenge)?;
        self.out -= 1;
        let taken = Taken {
            saved: removed.number < self.named_until,
            packed: removed.packed,
            expires_at: removed.expires_at,
        };
        self.pass_over_taken();
        if narrow(self.end - self.first) > 2 * self.out + SLACK {
            self.tidy();
        }
        Some(taken)
    }

    pub(super) fn evict_oldest(&mut self) -> bool {
        self.pass_over_taken();
        self.drop_front_if(|_| true)
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.out;
        self.pass_over_taken();
        while self.drop_front_if(|expires_at| expires_at <= now) {
            self.pass_over_taken();
        }
        before - self.out
    }

    pub(super) const fn len(&self) -> usize {
        self.out
    }

    pub(super) fn save(&mut self, most: usize, checkpoint: &mut Checkpoint) {
        let until = self.end.min(self.unsaved_from.saturating_add(wide(most)));
        let numbers = self.unsaved_from..until;
        let length = self
            .records(numbers.clone())
            .map(|record| record.pair.len())
            .sum();
        checkpoint.began.reserve(length);
        for record in self.records(numbers) {
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

    pub(super) fn unsaved(&self) -> usize {
        narrow(self.end - self.unsaved_from)
    }

    /// All that is out stands in a checkpoint.
    pub(super) const fn note_named(&mut self) {
        self.unsaved_from = self.end;
        self.named_until = self.end;
    }

    fn remove(&mut self, challenge: &Challenge) -> Option<Removed> {
        let moment = challenge.moment();
        let named = self.spans.iter().zip(&mut self.segments);
        let mut named = named.filter(|(span, _)| span.has(moment));
        named.find_map(|(_, segment)| segment.take(challenge))
    }

    fn records(&self, numbers: Range<u64>) -> impl Iterator<Item = Record<'_>> {
        let numbers = self.first.max(numbers.start)..numbers.end;
        let segments = self.segments.iter();
        segments.flat_map(move |segment| segment.records(numbers.clone()))
    }

    /// Closes up the places of what was taken, so that it costs no memory for long.
    fn tidy(&mut self) {
        let mut tidied = Self {
            first: self.first,
            end: self.first,
            unsaved_from: self.closed_up(self.unsaved_from),
            named_until: self.closed_up(self.named_until),
            ..Self::default()
        };
        for record in self.records(self.first..self.end) {
            let challenge = Challenge(*record.challenge);
            tidied.push(&challenge, record.expires_at, record.packed());
        }
        *self = tidied;
    }

    /// Which number a number becomes when the places of what was taken before it go.
    fn closed_up(&self, number: u64) -> u64 {
        self.first + wide(self.records(self.first..number).count())
    }

    fn pass_over_taken(&mut self) {
        while self.first < self.end && self.front().is_none() {
            self.pass();
        }
    }

    fn front(&self) -> Option<Record<'_>> {
        self.segments.front()?.get(self.first)
    }

    /// The front is none that was taken.
    fn drop_front_if(&mut self, goes: impl Fn(Timestamp) -> bool) -> bool {
        if !self.front().is_some_and(|front| goes(front.expires_at)) {
            return false;
        }
        if let Some(segment) = self.segments.front_mut() {
            segment.forget(self.first);
        }
        self.out -= 1;
        self.pass();
        true
    }

    fn pass(&mut self) {
        self.first += 1;
        let front = self.segments.front();
        if front.is_some_and(|segment| segment.end() <= self.first) {
            self.spare = self.segments.pop_front().filter(|_| self.out > 0);
            self.spans.pop_front();
        }
        self.unsaved_from = self.unsaved_from.max(self.first);
        self.named_until = self.named_until.max(self.first);
    }
}

impl Span {
    fn has(self, moment: u16) -> bool {
        moment.wrapping_sub(self.from) <= self.to.wrapping_sub(self.from)
    }

    /// Whether the segment of this span is the one for a moment; a small one takes what comes later too.
    fn takes(&mut self, moment: u16, segment: &Segment) -> bool {
        let (length, wanted) = (
            self.to.wrapping_sub(self.from),
            moment.wrapping_sub(self.from),
        );
        let is_later = (length..SPAN_MAX).contains(&wanted);
        let fits = moment == self.to && !segment.is_full() || is_later && segment.len() < SMALL;
        if fits {
            self.to = moment;
        }
        fits
    }
}

/// How many places of what was taken there may be beyond as many as of what is out, so that small tables are not tidied
/// all the time.
const SLACK: usize = 64;

/// A tenant that is hardly asked has no segment for each moment.
const SMALL: usize = 64;

/// Far less than once round the clock.
const SPAN_MAX: u16 = 1 << 14;
