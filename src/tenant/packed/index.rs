//! From a key to the number of the row that has it. The keys stand in the rows and nowhere else.

use std::hash::{BuildHasher, Hasher, RandomState};

use hashbrown::HashTable;

/// Clients choose the keys, so each table hashes in a way of its own that nobody knows.
#[derive(Default)]
pub(in crate::tenant) struct Index {
    numbers: HashTable<u32>,
    hashes: Hashes,
}

#[derive(Default)]
pub(in crate::tenant) struct Hashes(RandomState);

impl Index {
    /// The number of the row that has the key, as `has` can tell.
    pub(in crate::tenant) fn find(&self, key: &[u8], has: impl Fn(u32) -> bool) -> Option<u32> {
        if self.numbers.is_empty() {
            return None;
        }
        let found = self
            .numbers
            .find(self.hashes.of(key), |number| has(*number));
        found.copied()
    }

    /// For a key that is not there. `hash` tells those of others, by their numbers.
    pub(in crate::tenant) fn insert(
        &mut self,
        key: &[u8],
        number: u32,
        hash: impl Fn(&Hashes, u32) -> u64,
    ) {
        let Self { numbers, hashes } = self;
        numbers.insert_unique(hashes.of(key), number, |other| hash(hashes, *other));
    }

    pub(in crate::tenant) fn remove(&mut self, key: &[u8], number: u32) {
        let hash = self.hashes.of(key);
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
    }

    pub(in crate::tenant) fn reserve(&mut self, more: usize, hash: impl Fn(&Hashes, u32) -> u64) {
        let Self { numbers, hashes } = self;
        numbers.reserve(more, |other| hash(hashes, *other));
    }

    #[cfg(test)]
    pub(in crate::tenant) fn memory(&self) -> usize {
        self.numbers.allocation_size()
    }
}

impl Hashes {
    pub(in crate::tenant) fn of(&self, key: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(key);
        hasher.finish()
    }
}
