//! What many rows have in common: such a value stands here once, and in each row its number.

use super::bytes::{Reader, put_bytes};

/// The first few that came. Whatever comes later stands in its row, so nobody makes this grow.
pub(super) struct Common<T: ?Sized>(Vec<Box<T>>);

impl<T: ?Sized> Default for Common<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: ?Sized + AsRef<[u8]> + PartialEq> Common<T>
where
    Box<T>: for<'a> From<&'a T>,
{
    pub(super) fn put(&mut self, row: &mut Vec<u8>, value: &T) {
        let number = self.number(value);
        row.push(number.unwrap_or(IN_THE_ROW));
        if number.is_none() {
            put_bytes(row, value.as_ref());
        }
    }

    /// From 1.
    fn number(&mut self, value: &T) -> Option<u8> {
        let known = self.0.iter().position(|known| **known == *value);
        let place = known.unwrap_or(self.0.len());
        if known.is_none() {
            if place >= MOST || value.as_ref().len() > LENGTH_MAX {
                return None;
            }
            self.0.push(value.into());
        }
        u8::try_from(place + 1).ok()
    }
}

impl<T: ?Sized> Common<T> {
    /// `None`: it stands in the row, and comes next.
    fn known(&self, row: &mut Reader<'_>) -> Option<&T> {
        let number = usize::from(row.byte());
        number.checked_sub(1).map(|place| &*self.0[place])
    }
}

impl Common<str> {
    pub(super) fn read<'a>(&'a self, row: &mut Reader<'a>) -> &'a str {
        self.known(row).unwrap_or_else(|| row.text())
    }
}

impl Common<[u8]> {
    pub(super) fn read<'a>(&'a self, row: &mut Reader<'a>) -> &'a [u8] {
        self.known(row).unwrap_or_else(|| row.bytes())
    }
}

#[cfg(test)]
impl<T: ?Sized> Common<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

const IN_THE_ROW: u8 = 0;
pub(super) const MOST: usize = 127;
const LENGTH_MAX: usize = 64;
