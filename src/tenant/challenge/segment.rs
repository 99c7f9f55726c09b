//! Ceremonies one behind the other in one piece of memory, and where each challenge stands in it. A million small pieces
//! that come and go, and one large index of all, would cost more than all else that an initialize does.

use std::ops::Range;

use hashbrown::HashTable;
use minicbor::{Decoder, Encoder};

use crate::tenant::ids::{Challenge, Timestamp};

/// The ceremonies of a few moments. One that was taken leaves its place.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// The number of the first place.
    first: u64,
    places: Vec<Place>,
    bytes: Vec<u8>,
    /// Which places the challenges that are out have.
    index: HashTable<u16>,
}

/// Where a record stands in the bytes.
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

/// A ceremony that is out no more.
pub(super) struct Removed {
    pub number: u64,
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

impl Segment {
    pub(super) fn starting_at(mut self, number: u64) -> Self {
        self.first = number;
        self.places.clear();
        self.bytes.clear();
        self.index.clear();
        self
    }

    /// A new one with room for as much: it need not grow as this one did.
    pub(super) fn as_large(&self) -> Self {
        Self {
            first: 0,
            places: Vec::with_capacity(self.places.len()),
            bytes: Vec::with_capacity(self.bytes.len()),
            index: HashTable::with_capacity(self.places.len()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.places.len() >= PLACES_MAX
    }

    /// # Panics
    /// Never: it is encoded to memory.
    pub(super) fn push(&mut self, challenge: &Challenge, expires_at: Timestamp, packed: &[u8]) {
        let place = u16::try_from(self.places.len()).expect("a full segment takes no more");
        let start = self.bytes.len();
        let mut encoder = Encoder::new(&mut self.bytes);
        encoder
            .bytes(&challenge.0)
            .and_then(|encoder| encoder.bytes(packed))
            .expect("encoding to memory does not fail");
        let length = self.bytes.len() - start;
        self.places.push(Place {
            expires_at,
            start,
            length,
        });
        let (places, bytes) = (&self.places, &self.bytes);
        let rehash = |place: &u16| record(places, bytes, *place).map_or(0, |it| hash(it.challenge));
        self.index.insert_unique(hash(&challenge.0), place, rehash);
    }

    pub(super) fn take(&mut self, challenge: &Challenge) -> Option<Removed> {
        let (places, bytes) = (&self.places, &self.bytes);
        let is_it = |place: &u16| {
            record(places, bytes, *place).is_some_and(|it| *it.challenge == challenge.0)
        };
        let found = self.index.find_entry(hash(&challenge.0), is_it).ok()?;
        let (place, _) = found.remove();
        let record = record(&self.places, &self.bytes, place)?;
        let removed = Removed {
            number: self.first + u64::from(place),
            packed: record.packed().to_vec(),
            expires_at: record.expires_at,
        };
        self.places[usize::from(place)].length = 0;
        Some(removed)
    }

    /// The number behind the last place.
    pub(super) fn end(&self) -> u64 {
        self.first + wide(self.places.len())
    }

    /// Drops what has a number.
    pub(super) fn forget(&mut self, number: u64) {
        let found = self.place(number).and_then(|place| {
            let record = record(&self.places, &self.bytes, place)?;
            let hash = hash(record.challenge);
            self.index.find_entry(hash, |it| *it == place).ok()
        });
        if let Some(found) = found {
            let (place, _) = found.remove();
            self.places[usize::from(place)].length = 0;
        }
    }

    /// `None` for what was taken or is not there.
    pub(super) fn get(&self, number: u64) -> Option<Record<'_>> {
        record(&self.places, &self.bytes, self.place(number)?)
    }

    fn place(&self, number: u64) -> Option<u16> {
        u16::try_from(number.checked_sub(self.first)?).ok()
    }

    /// What is out of these numbers, in order.
    pub(super) fn records(&self, numbers: Range<u64>) -> impl Iterator<Item = Record<'_>> {
        let numbers = numbers.start.max(self.first)..numbers.end.min(self.end());
        numbers.filter_map(|number| self.get(number))
    }
}

fn record<'a>(places: &[Place], bytes: &'a [u8], place: u16) -> Option<Record<'a>> {
    let place = places.get(usize::from(place))?;
    let pair = &bytes[place.start..place.start + place.length];
    let challenge = pair.get(CHALLENGE_START..CHALLENGE_END)?;
    Some(Record {
        challenge: challenge.try_into().ok()?,
        expires_at: place.expires_at,
        pair,
    })
}

/// Eight of a challenge's random bytes, as they are: they are ours, so nobody can make them collide.
fn hash(challenge: &[u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&challenge[4..12]);
    u64::from_le_bytes(bytes)
}

pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

pub(super) fn narrow(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

const PLACES_MAX: usize = 1 << 15;

/// A byte string of 32 bytes has two bytes in front in CBOR.
const CHALLENGE_START: usize = 2;
const CHALLENGE_END: usize = CHALLENGE_START + 32;
