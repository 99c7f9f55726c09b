//! Ceremonies one behind the other in one piece of memory. A million small pieces that come and go, and one large index of
//! all, would cost more than all else that an initialize does. Nor is a challenge indexed before somebody asks for one of
//! its time: most never come back.

use hashbrown::HashTable;

use super::Ceremony;
use super::record::Record;
use crate::tenant::ids::Challenge;

/// The ceremonies of a few moments. Each has a number, of which the larger began later. (In this order: see the table.)
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Segment {
    span: Span,
    bytes: Vec<u8>,
    /// The number of the first; those behind it count the bytes.
    first: u64,
    /// How many of the bytes are of ceremonies that are out no more.
    gone: usize,
    index: Index,
}

/// From one moment to another, on a clock that goes round.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    from: u16,
    to: u16,
}

/// Which offsets the challenges have that began before somebody last asked.
#[derive(Debug, Default)]
struct Index {
    offsets: HashTable<u32>,
    until: usize,
}

impl Segment {
    /// One behind this one. It need not grow as this one did, unless it becomes much longer.
    pub(super) fn next(&self, spare: Option<Self>) -> Self {
        let length = self.bytes.len();
        let spare = spare.unwrap_or_else(|| Self {
            bytes: Vec::with_capacity(length + length / 8),
            ..Self::default()
        });
        Self {
            first: self.end(),
            ..spare.emptied()
        }
    }

    /// Whether what begins at a moment belongs here. A small segment takes what comes later too: a tenant that is hardly
    /// asked has none for each moment.
    pub(super) fn takes(&mut self, moment: u16) -> bool {
        let length = self.bytes.len();
        if length == 0 {
            self.span.from = moment;
        } else if moment == self.span.to {
            return length < BYTES_MAX;
        } else if length >= SMALL || !self.span.may_reach(moment) {
            return false;
        }
        self.span.to = moment;
        true
    }

    pub(super) fn push(&mut self, challenge: &Challenge, ceremony: &Ceremony) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(ROOM_MIN);
        }
        Record::write(&mut self.bytes, challenge, ceremony);
    }

    /// With the number that it had.
    pub(super) fn take(&mut self, challenge: &Challenge) -> Option<(u64, Ceremony)> {
        if !self.span.has(challenge.moment()) {
            return None;
        }
        self.index.catch_up(&self.bytes);
        let offset = self.index.find(&self.bytes, challenge)?;
        let ceremony = Record::at(&self.bytes, offset)?.ceremony();
        let number = self.number(offset);
        self.let_go(number);
        Some((number, ceremony))
    }

    /// What has this number is out no more.
    pub(super) fn let_go(&mut self, number: u64) {
        let offset = self.offset(number);
        if let Some(record) = Record::at(&self.bytes, offset) {
            self.gone += record.size();
            Record::wipe(&mut self.bytes, offset);
        }
    }

    /// The number behind the last.
    pub(super) fn end(&self) -> u64 {
        self.number(self.bytes.len())
    }

    /// What is out, from a number on.
    pub(super) fn records(&self, from: u64) -> impl Iterator<Item = (u64, Record<'_>)> {
        let records = Record::all(&self.bytes, self.offset(from));
        let out = records.filter(|(_, record)| record.is_out());
        out.map(|(offset, record)| (self.number(offset), record))
    }

    /// How many bytes there are from a number on.
    pub(super) fn bytes_from(&self, number: u64) -> usize {
        self.bytes.len() - self.offset(number)
    }

    /// Whether more is gone than is out.
    pub(super) const fn is_untidy(&self) -> bool {
        self.gone > self.bytes.len() / 2
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Closes up the places of what is gone, so that it costs no memory for long.
    pub(super) fn tidy(&mut self) {
        let (mut from, mut to) = (0, 0);
        while let Some(record) = Record::at(&self.bytes, from) {
            let (size, is_out) = (record.size(), record.is_out());
            if is_out {
                self.bytes.copy_within(from..from + size, to);
                to += size;
            }
            from += size;
        }
        self.bytes.truncate(to);
        self.bytes.shrink_to(ROOM_MIN.max(2 * to));
        self.gone = 0;
        self.index = Index::default();
    }

    /// Which number a number becomes when the places of what is gone are closed up.
    pub(super) fn closed_up(&self, number: u64) -> u64 {
        if !(self.first..=self.end()).contains(&number) {
            return number;
        }
        let records = self.records(self.first);
        let before = records.take_while(|(at, _)| *at < number);
        self.number(before.map(|(_, record)| record.size()).sum())
    }

    fn emptied(mut self) -> Self {
        self.bytes.clear();
        self.gone = 0;
        self.index.offsets.clear();
        self.index.until = 0;
        self
    }

    fn number(&self, offset: usize) -> u64 {
        self.first + u64::try_from(offset).unwrap_or(u64::MAX)
    }

    /// Of a number that is not here, that of the end which is nearer.
    fn offset(&self, number: u64) -> usize {
        let offset = number.saturating_sub(self.first);
        usize::try_from(offset).map_or(self.bytes.len(), |offset| offset.min(self.bytes.len()))
    }
}

impl Index {
    /// # Panics
    /// Never: a segment is far smaller than what an offset can tell.
    fn catch_up(&mut self, bytes: &[u8]) {
        let hash_of = |offset: &u32| record(bytes, *offset).map_or(0, |it| hash(it.challenge));
        for (offset, record) in Record::all(bytes, self.until) {
            let offset = u32::try_from(offset).expect("a full segment takes no more");
            let hash = hash(record.challenge);
            self.offsets.insert_unique(hash, offset, hash_of);
        }
        self.until = bytes.len();
    }

    fn find(&self, bytes: &[u8], challenge: &Challenge) -> Option<usize> {
        let is_it = |offset: &u32| {
            let record = record(bytes, *offset);
            record.is_some_and(|it| it.is_out() && *it.challenge == challenge.0)
        };
        let offset = self.offsets.find(hash(&challenge.0), is_it)?;
        usize::try_from(*offset).ok()
    }
}

impl Span {
    fn has(self, moment: u16) -> bool {
        moment.wrapping_sub(self.from) <= self.to.wrapping_sub(self.from)
    }

    fn may_reach(self, moment: u16) -> bool {
        let length = self.to.wrapping_sub(self.from);
        (length..SPAN_MAX).contains(&moment.wrapping_sub(self.from))
    }
}

fn record(bytes: &[u8], offset: u32) -> Option<Record<'_>> {
    Record::at(bytes, usize::try_from(offset).ok()?)
}

/// Eight of a challenge's random bytes, as they are: they are ours, so nobody can make them collide.
fn hash(challenge: &[u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&challenge[4..12]);
    u64::from_le_bytes(bytes)
}

/// Of some 8,000 ceremonies: what is done with a whole segment must not keep others waiting.
const BYTES_MAX: usize = 1 << 20;

/// Of some 50 ceremonies; and what passes it has not grown to twice as much room.
const SMALL: usize = 6 << 10;

const ROOM_MIN: usize = 512;

/// Far less than once round the clock.
const SPAN_MAX: u16 = 1 << 14;
