//! DER, as far as certificates and the extensions of attestation need it (X.690).
//!
//! A reader over borrowed bytes: nothing is copied, nothing recurses, so no input drives depth or memory. Lengths are definite and minimal;
//! what an element holds is its reader's to judge.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum DerError {
    #[error("ends too early")]
    Truncated,
    #[error("a length that is not definite and minimal, or too long")]
    Length,
    #[error("a tag that is not minimal, or too large")]
    Tag,
    #[error("another element than the expected one")]
    Unexpected,
    #[error("bytes behind the end")]
    TrailingBytes,
    #[error("a value that its type does not have")]
    Value,
}

/// The leading bits (class, constructed) and the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u8, u32);

impl Tag {
    pub(super) const BOOLEAN: Self = Self(0x00, 1);
    pub(super) const INTEGER: Self = Self(0x00, 2);
    pub(super) const BIT_STRING: Self = Self(0x00, 3);
    pub(super) const OCTET_STRING: Self = Self(0x00, 4);
    pub(super) const OBJECT_IDENTIFIER: Self = Self(0x00, 6);
    pub(super) const ENUMERATED: Self = Self(0x00, 10);
    pub(super) const PRINTABLE_STRING: Self = Self(0x00, 19);
    pub(super) const UTC_TIME: Self = Self(0x00, 23);
    pub(super) const GENERALIZED_TIME: Self = Self(0x00, 24);
    pub(super) const SEQUENCE: Self = Self(CONSTRUCTED, 16);
    pub(super) const SET: Self = Self(CONSTRUCTED, 17);

    /// `[number]` around another element.
    pub(super) const fn explicit(number: u32) -> Self {
        Self(CONTEXT | CONSTRUCTED, number)
    }

    /// `[number]` in place of a primitive's own tag.
    pub(super) const fn implicit(number: u32) -> Self {
        Self(CONTEXT, number)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'b> {
    pub(super) tag: Tag,
    pub(super) content: &'b [u8],
    /// With tag and length.
    pub(super) encoded: &'b [u8],
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(super) const fn new(input: &'b [u8]) -> Self {
        Self(input)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn end(self) -> Result<(), DerError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(DerError::TrailingBytes)
    }

    pub(super) fn element(&mut self) -> Result<Element<'b>, DerError> {
        let input = self.0;
        let (tag, rest) = take_tag(input)?;
        let (length, rest) = take_length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(DerError::Truncated)?;
        let (encoded, _) = input.split_at(input.len() - rest.len());
        self.0 = rest;
        Ok(Element {
            tag,
            content,
            encoded,
        })
    }

    /// The content of the next element, which has this tag.
    pub(super) fn take(&mut self, tag: Tag) -> Result<&'b [u8], DerError> {
        self.optional(tag)?.ok_or(DerError::Unexpected)
    }

    /// The same, where the next element may be another one or none.
    pub(super) fn optional(&mut self, tag: Tag) -> Result<Option<&'b [u8]>, DerError> {
        if self.is_empty() {
            return Ok(None);
        }
        let mut ahead = *self;
        let element = ahead.element()?;
        if element.tag != tag {
            return Ok(None);
        }
        *self = ahead;
        Ok(Some(element.content))
    }

    pub(super) fn take_reader(&mut self, tag: Tag) -> Result<Self, DerError> {
        self.take(tag).map(Self)
    }

    /// A BIT STRING of whole bytes. The first security keys came with certificates that call some bits of their signature unused; they are not.
    pub(super) fn take_bits(&mut self) -> Result<&'b [u8], DerError> {
        match self.take(Tag::BIT_STRING)? {
            [0..8, bytes @ ..] => Ok(bytes),
            _ => Err(DerError::Value),
        }
    }

    /// An INTEGER that is small and not negative.
    pub(super) fn take_small_integer(&mut self) -> Result<u32, DerError> {
        small_integer(self.take(Tag::INTEGER)?)
    }

    /// An INTEGER that is positive, without leading zeros.
    pub(super) fn take_positive_integer(&mut self) -> Result<&'b [u8], DerError> {
        match self.take(Tag::INTEGER)? {
            [0, number @ ..] | number @ [1..0x80, ..] if !number.is_empty() => Ok(number),
            _ => Err(DerError::Value),
        }
    }
}

/// The only element of `input`, which has this tag.
pub(super) fn whole(input: &[u8], tag: Tag) -> Result<&[u8], DerError> {
    let mut reader = Reader::new(input);
    let content = reader.take(tag)?;
    reader.end()?;
    Ok(content)
}

/// BER's freedom in what is true: certificates of old are not all strict here.
pub(super) fn boolean(content: &[u8]) -> Result<bool, DerError> {
    match content {
        [byte] => Ok(*byte != 0),
        _ => Err(DerError::Value),
    }
}

fn small_integer(content: &[u8]) -> Result<u32, DerError> {
    let is_negative = content.first().is_none_or(|byte| byte & 0x80 != 0);
    if is_negative || content.len() > 4 {
        return Err(DerError::Value);
    }
    Ok(content
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn take_tag(input: &[u8]) -> Result<(Tag, &[u8]), DerError> {
    let (first, mut rest) = input.split_first().ok_or(DerError::Truncated)?;
    let leading = first & (CLASS | CONSTRUCTED);
    if first & LONG_TAG != LONG_TAG {
        return Ok((Tag(leading, u32::from(first & LONG_TAG)), rest));
    }
    let mut number = 0_u32;
    for position in 0..TAG_BYTES_MAX {
        let (byte, behind) = rest.split_first().ok_or(DerError::Truncated)?;
        rest = behind;
        if position == 0 && *byte == 0x80 {
            return Err(DerError::Tag);
        }
        number = number << 7 | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((Tag(leading, number), rest));
        }
    }
    Err(DerError::Tag)
}

fn take_length(input: &[u8]) -> Result<(usize, &[u8]), DerError> {
    let (first, rest) = input.split_first().ok_or(DerError::Truncated)?;
    if first & 0x80 == 0 {
        return Ok((usize::from(*first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > LENGTH_BYTES_MAX {
        return Err(DerError::Length);
    }
    let (bytes, rest) = rest.split_at_checked(count).ok_or(DerError::Truncated)?;
    let length = bytes
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    let is_minimal = length >= 0x80 && bytes.first() != Some(&0);
    if !is_minimal {
        return Err(DerError::Length);
    }
    Ok((length, rest))
}

const CLASS: u8 = 0b1100_0000;
const CONTEXT: u8 = 0b1000_0000;
const CONSTRUCTED: u8 = 0b0010_0000;
const LONG_TAG: u8 = 0b0001_1111;
/// 21 bits; the largest number that is looked for is 702.
const TAG_BYTES_MAX: usize = 3;
/// Nothing that is read here has more than 64 KiB.
const LENGTH_BYTES_MAX: usize = 3;
