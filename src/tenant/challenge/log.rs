//! Ceremonies one behind the other, in large pieces of memory: one that begins is written behind the last, one that goes
//! leaves at the front. A million small pieces that come and go would cost more than all else that an initialize does.

use std::collections::VecDeque;
use std::ops::Range;

use minicbor::{Decoder, Encoder};

use crate::tenant::ids::{Challenge, Timestamp};

/// Numbered from `first` to `end`. One that was taken leaves its place, until that comes to the front.
#[derive(Debug, Default)]
pub(super) struct Log {
    segments: VecDeque<Segment>,
    /// The number of the first place of the segment in front.
    base: u64,
    first: u64,
    end: u64,
    /// The last one that was passed, to be written again.
    spare: Option<Segment>,
}

#[derive(Debug, Default)]
struct Segment {
    places: Vec<Place>,
    bytes: Vec<u8>,
}

/// Where a record stands in the bytes of its segment.
#[derive(Debug, Clone, Copy)]
struct Place {
    expires_at: Timestamp,
    start: usize,
    /// 0: taken.
    length: usize,
}

/// A ceremony that is out.
pub(super) struct Record<'a> {
    pub challenge: &'a [u8; 32],
    pub expires_at: Timestamp,
    /// Challenge and packed ceremony, as a checkpoint's row has them.
    pub pair: &'a [u8],
}

/// A record that has left.
pub(super) struct Removed {
    pub packed: Vec<u8>,
    pub expires_at: Timestamp,
}

impl Record<'_> {
    /// # Panics
    /// Never: what is read here was written here.
    pub(super) fn packed(&self) -> &[u8] {
        let mut decoder = Decoder::new(&self.pair[CHALLENGE_END..]);
        decoder.bytes().expect("it was written by this program")
    }
}

impl Log {
    pub(super) fn starting_at(number: u64) -> Self {
        Self {
            base: number,
            first: number,
            end: number,
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, challenge: &Challenge, expires_at: Timestamp, packed: &[u8]) {
        let (index, _) = self.position(self.end);
        if index == self.segments.len() {
            let fresh = self.spare.take().unwrap_or_default();
            self.segments.push_back(fresh);
        }
        self.segments[index].push(challenge, expires_at, packed);
        self.end += 1;
    }

    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// How many places there are, taken or not.
    pub(super) fn len(&self) -> usize {
        narrow(self.end - self.first)
    }

    /// What is out, in order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        (self.first..self.end).filter_map(|number| self.get(number))
    }

    /// `None` for what was taken or is not there.
    pub(super) fn get(&self, number: u64) -> Option<Record<'_>> {
        let (index, place) = self.position(number);
        self.segments.get(index)?.record(place)
    }

    /// How many bytes the pairs of these numbers have together.
    pub(super) fn bytes(&self, numbers: Range<u64>) -> usize {
        let records = numbers.filter_map(|number| self.get(number));
        records.map(|record| record.pair.len()).sum()
    }

    /// The challenge of a number that the index has.
    pub(super) fn challenge(&self, number: u32) -> Option<&[u8; 32]> {
        self.get(self.widened(number))
            .map(|record| record.challenge)
    }

    /// The whole of a number whose low half is in the index: there are never as many places at a time.
    pub(super) fn widened(&self, number: u32) -> u64 {
        self.first + u64::from(number.wrapping_sub(low(self.first)))
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Removed> {
        let record = self.get(number)?;
        let removed = Removed {
            packed: record.packed().to_vec(),
            expires_at: record.expires_at,
        };
        let (index, place) = self.position(number);
        self.segments[index].places[place].length = 0;
        Some(removed)
    }

    pub(super) fn front_is_taken(&self) -> bool {
        self.first < self.end && self.get(self.first).is_none()
    }

    /// Passes the front, taken or not.
    pub(super) fn pop_front(&mut self) {
        self.first += 1;
        if self.first - self.base == wide(PLACES) {
            self.base = self.first;
            self.spare = self.segments.pop_front().map(Segment::emptied);
        }
    }

    fn position(&self, number: u64) -> (usize, usize) {
        let distance = narrow(number.wrapping_sub(self.base));
        (distance / PLACES, distance % PLACES)
    }
}

impl Segment {
    fn push(&mut self, challenge: &Challenge, expires_at: Timestamp, packed: &[u8]) {
        let start = self.bytes.len();
        let mut encoder = Encoder::new(&mut self.bytes);
        encoder
            .bytes(&challenge.0)
            .and_then(|encoder| encoder.bytes(packed))
            .expect("encoding to memory does not fail");
        self.places.push(Place {
            expires_at,
            start,
            length: self.bytes.len() - start,
        });
    }

    fn record(&self, place: usize) -> Option<Record<'_>> {
        let place = self.places.get(place)?;
        let pair = &self.bytes[place.start..place.start + place.length];
        let challenge = pair.get(CHALLENGE_START..CHALLENGE_END)?;
        Some(Record {
            challenge: challenge.try_into().ok()?,
            expires_at: place.expires_at,
            pair,
        })
    }

    fn emptied(mut self) -> Self {
        self.places.clear();
        self.bytes.clear();
        self
    }
}

pub(super) fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

pub(super) fn narrow(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Of one segment: about 128 KiB as a rule.
const PLACES: usize = 1024;

/// A byte string of 32 bytes has two bytes in front in CBOR.
const CHALLENGE_START: usize = 2;
const CHALLENGE_END: usize = CHALLENGE_START + 32;
