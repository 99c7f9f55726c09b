//! The CBOR of authenticators: maps whose keys are integers or text, read strictly and without recursion that input could drive.
//!
//! Indefinite lengths, tags, duplicate keys and trailing bytes are never accepted (CTAP2 canonical form). Two of its rules are not enforced,
//! because authenticators break them harmlessly: the order of keys and the shortest form of integers.

use minicbor::Decoder;
use minicbor::data::Type;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum CborError {
    #[error("not well-formed, or not of the expected type")]
    Malformed(#[from] minicbor::decode::Error),
    #[error("an item of indefinite length or with a tag")]
    NotCanonical,
    #[error("nested too deeply")]
    TooDeep,
    #[error("a map or a list with too many entries")]
    TooManyEntries,
    #[error("a key occurs twice in a map")]
    DuplicateKey,
    #[error("a map key is neither an integer nor text")]
    KeyType,
    #[error("a required entry is missing")]
    EntryMissing,
    #[error("bytes behind the end")]
    TrailingBytes,
}

/// One map, each value kept as the checked bytes it was written with.
pub(super) struct Map<'b> {
    entries: Vec<(Key<'b>, &'b [u8])>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'b> {
    Integer(i64),
    Text(&'b str),
}

impl<'b> Map<'b> {
    /// One map and nothing behind it.
    pub(super) fn parse(input: &'b [u8]) -> Result<Self, CborError> {
        let (map, rest) = Self::parse_prefix(input)?;
        if !rest.is_empty() {
            return Err(CborError::TrailingBytes);
        }
        Ok(map)
    }

    /// One map, and what stands behind it.
    pub(super) fn parse_prefix(input: &'b [u8]) -> Result<(Self, &'b [u8]), CborError> {
        let mut decoder = Decoder::new(input);
        let map = read_map(&mut decoder, DEPTH_MAX)?;
        let rest = input.get(decoder.position()..).unwrap_or_default();
        Ok((map, rest))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn raw(&self, key: Key<'_>) -> Option<&'b [u8]> {
        let entry = self.entries.iter().find(|(candidate, _)| *candidate == key);
        entry.map(|(_, value)| *value)
    }

    pub(super) fn integer(&self, key: Key<'_>) -> Result<i64, CborError> {
        Ok(self.value(key)?.i64()?)
    }

    pub(super) fn bytes(&self, key: Key<'_>) -> Result<&'b [u8], CborError> {
        Ok(self.value(key)?.bytes()?)
    }

    pub(super) fn text(&self, key: Key<'_>) -> Result<&'b str, CborError> {
        Ok(self.value(key)?.str()?)
    }

    /// A list of byte strings.
    pub(super) fn byte_strings(
        &self,
        key: Key<'_>,
        length_max: u64,
    ) -> Result<Vec<&'b [u8]>, CborError> {
        let mut value = self.value(key)?;
        let length = value.array()?.ok_or(CborError::NotCanonical)?;
        if length > length_max {
            return Err(CborError::TooManyEntries);
        }
        (0..length).map(|_| Ok(value.bytes()?)).collect()
    }

    fn value(&self, key: Key<'_>) -> Result<Decoder<'b>, CborError> {
        let raw = self.raw(key).ok_or(CborError::EntryMissing)?;
        Ok(Decoder::new(raw))
    }
}

fn read_map<'b>(decoder: &mut Decoder<'b>, depth_left: u32) -> Result<Map<'b>, CborError> {
    let length = decoder.map()?.ok_or(CborError::NotCanonical)?;
    if length > MAP_ENTRIES_MAX {
        return Err(CborError::TooManyEntries);
    }
    let mut entries = Vec::new();
    for _ in 0..length {
        let key = read_key(decoder)?;
        if entries.iter().any(|(earlier, _)| *earlier == key) {
            return Err(CborError::DuplicateKey);
        }
        entries.push((key, read_raw(decoder, depth_left)?));
    }
    Ok(Map { entries })
}

fn read_key<'b>(decoder: &mut Decoder<'b>) -> Result<Key<'b>, CborError> {
    if decoder.datatype()? == Type::String {
        return Ok(Key::Text(decoder.str()?));
    }
    let integer = decoder.i64().map_err(|_| CborError::KeyType)?;
    Ok(Key::Integer(integer))
}

fn read_raw<'b>(decoder: &mut Decoder<'b>, depth_left: u32) -> Result<&'b [u8], CborError> {
    let start = decoder.position();
    skip_item(decoder, depth_left)?;
    let item = decoder.input().get(start..decoder.position());
    Ok(item.unwrap_or_default())
}

fn skip_item(decoder: &mut Decoder<'_>, depth_left: u32) -> Result<(), CborError> {
    let depth_left = depth_left.checked_sub(1).ok_or(CborError::TooDeep)?;
    match decoder.datatype()? {
        Type::Map => read_map(decoder, depth_left).map(drop),
        Type::Array => skip_array(decoder, depth_left),
        Type::String => Ok(decoder.str().map(drop)?),
        Type::Bytes => Ok(decoder.bytes().map(drop)?),
        Type::MapIndef | Type::ArrayIndef | Type::StringIndef | Type::BytesIndef => {
            Err(CborError::NotCanonical)
        }
        Type::Tag | Type::Break | Type::Unknown(_) => Err(CborError::NotCanonical),
        // What is left has no parts.
        Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::Int
        | Type::F16
        | Type::F32
        | Type::F64
        | Type::Bool
        | Type::Null
        | Type::Undefined
        | Type::Simple => Ok(decoder.skip()?),
    }
}

/// A hostile length costs nothing: the loop ends where the input ends.
fn skip_array(decoder: &mut Decoder<'_>, depth_left: u32) -> Result<(), CborError> {
    let length = decoder.array()?.ok_or(CborError::NotCanonical)?;
    for _ in 0..length {
        skip_item(decoder, depth_left)?;
    }
    Ok(())
}

/// CTAP2 allows 4 levels in a message; an attestation object nests one statement more.
const DEPTH_MAX: u32 = 16;

/// Bounds the search for duplicate keys; the largest map that is defined has fewer than 10.
const MAP_ENTRIES_MAX: u64 = 64;
