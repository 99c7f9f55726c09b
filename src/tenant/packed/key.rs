//! Public keys. Almost every authenticator writes the same CBOR around the numbers of its key, so only the numbers are kept.

use super::bytes::{Reader, put_bytes};

/// CBOR before, between and after the numbers, which have 32 bytes each.
struct Form {
    before: &'static [u8],
    between: Option<&'static [u8]>,
}

/// Three bytes of COSE ES256: `kty` EC2, `alg` -7, `crv` P-256, then x and y. And OKP, -8, Ed25519, x.
const FORMS: [Form; 2] = [
    Form {
        before: b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20",
        between: Some(b"\x22\x58\x20"),
    },
    Form {
        before: b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20",
        between: None,
    },
];

const NUMBER: usize = 32;
/// A key in a form of its own, byte for byte.
const AS_IT_IS: u8 = 0;

pub(super) fn put(row: &mut Vec<u8>, key: &[u8]) {
    for (tag, form) in (1..).zip(&FORMS) {
        if let Some((first, second)) = form.numbers(key) {
            row.push(tag);
            row.extend_from_slice(first);
            row.extend_from_slice(second);
            return;
        }
    }
    row.push(AS_IT_IS);
    put_bytes(row, key);
}

pub(super) fn read(row: &mut Reader<'_>) -> Box<[u8]> {
    let Some(form) = usize::from(row.byte()).checked_sub(1) else {
        return row.bytes().into();
    };
    let form = &FORMS[form];
    match form.between {
        Some(between) => [form.before, row.take(NUMBER), between, row.take(NUMBER)].concat(),
        None => [form.before, row.take(NUMBER)].concat(),
    }
    .into()
}

impl Form {
    fn numbers<'a>(&self, key: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let (first, rest) = key.strip_prefix(self.before)?.split_at_checked(NUMBER)?;
        let second = match self.between {
            Some(between) => rest.strip_prefix(between).filter(|it| it.len() == NUMBER)?,
            None => Some(rest).filter(|it| it.is_empty())?,
        };
        Some((first, second))
    }
}
