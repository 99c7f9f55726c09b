//! The pieces of a row: numbers as short as they are, texts with their lengths.

/// Seven bits a byte, the lowest first.
pub(super) fn put_number(row: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            row.push(low & 0x7f);
            return;
        }
        row.push(low | 0x80);
    }
}

pub(super) fn put_bytes(row: &mut Vec<u8>, bytes: &[u8]) {
    let length = u64::try_from(bytes.len()).expect("a length has at most 64 bits");
    put_number(row, length);
    row.extend_from_slice(bytes);
}

/// What is left of a row. To read what was not written is a bug.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    pub(super) fn array<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk().expect(WRITTEN);
        self.0 = rest;
        *taken
    }

    pub(super) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(super) fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }

    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = self.number();
        self.take(usize::try_from(length).expect(WRITTEN))
    }

    pub(super) fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.bytes()).expect(WRITTEN)
    }
}

pub(super) const WRITTEN: &str = "a row reads back as it was written";
