//! Rows of bytes, each under a number that is its own as long as it is there.

/// Each row is one allocation of its length. An empty place has none.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Box<[u8]>>,
    free: Vec<u32>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }

    /// Room for so many, and no more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve_exact(more);
    }

    /// # Panics
    /// If there is no such row.
    pub(super) fn get(&self, number: u32) -> &[u8] {
        &self.rows[place(number)]
    }

    /// # Panics
    /// If there are 2^32 of them.
    pub(super) fn insert(&mut self, row: &[u8]) -> u32 {
        if let Some(number) = self.free.pop() {
            self.rows[place(number)] = row.into();
            return number;
        }
        let number = u32::try_from(self.rows.len()).expect("fewer rows than that fill any memory");
        self.rows.push(row.into());
        number
    }

    /// In its place, where the new row is as long as the old one.
    pub(super) fn replace(&mut self, number: u32, row: &[u8]) {
        let old = &mut self.rows[place(number)];
        if old.len() == row.len() {
            old.copy_from_slice(row);
        } else {
            *old = row.into();
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        self.rows[place(number)] = Box::default();
        self.free.push(number);
    }

    /// Their numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let rows = (0..).zip(&self.rows);
        rows.filter(|(_, row)| !row.is_empty())
            .map(|(number, _)| number)
    }

    /// What they take, each with what an allocator adds at worst.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let rows = self.rows.iter().map(|row| row.len().next_multiple_of(16));
        let places = self.rows.capacity() * size_of::<Box<[u8]>>() + self.free.capacity() * 4;
        rows.sum::<usize>() + places
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).expect("a row in memory has an address")
}
