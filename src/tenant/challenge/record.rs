//! A ceremony as it waits in memory: packed, behind its challenge, in the form in which a checkpoint carries both. Most
//! ceremonies are never finished, so each is a few bytes behind those of the one before.

use std::iter;

use super::Ceremony;
use crate::tenant::ids::{Challenge, Timestamp};

/// When it expires; a byte string of 32 bytes, in CBOR; a byte string whose length takes four.
pub(super) struct Record<'a> {
    pub expires_at: Timestamp,
    pub challenge: &'a [u8; 32],
    /// Both byte strings.
    pub pair: &'a [u8],
}

impl<'a> Record<'a> {
    /// # Panics
    /// Never: it is encoded to memory.
    pub(super) fn write(bytes: &mut Vec<u8>, challenge: &Challenge, ceremony: &Ceremony) {
        let mut head = [0; HEAD];
        let expires_at = ceremony.expires_at.max(FIRST);
        head[..EXPIRY].copy_from_slice(&expires_at.0.to_be_bytes());
        head[EXPIRY..CHALLENGE].copy_from_slice(&[0x58, 32]);
        head[CHALLENGE..CHALLENGE_END].copy_from_slice(&challenge.0);
        head[CHALLENGE_END] = 0x5a;
        bytes.extend_from_slice(&head);
        let packed = bytes.len();
        minicbor::encode(ceremony, &mut *bytes).expect("encoding to memory does not fail");
        let length = u32::try_from(bytes.len() - packed).expect("a ceremony is small");
        bytes[packed - LENGTH..packed].copy_from_slice(&length.to_be_bytes());
    }

    /// `None` behind the last.
    pub(super) fn at(bytes: &'a [u8], offset: usize) -> Option<Self> {
        let record = bytes.get(offset..)?;
        let head: &[u8; HEAD] = record.first_chunk()?;
        let (expires_at, _) = head.split_first_chunk()?;
        let (_, length) = head.split_last_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        Some(Self {
            expires_at: Timestamp(u64::from_be_bytes(*expires_at)),
            challenge: head[CHALLENGE..].first_chunk()?,
            pair: record.get(EXPIRY..HEAD + length)?,
        })
    }

    /// From an offset on, each with its own, also those of what is gone.
    pub(super) fn all(bytes: &'a [u8], from: usize) -> impl Iterator<Item = (usize, Self)> {
        let mut next = from;
        iter::from_fn(move || {
            let offset = next;
            let record = Self::at(bytes, offset)?;
            next += record.size();
            Some((offset, record))
        })
    }

    /// Leaves a place that is nobody's.
    pub(super) fn wipe(bytes: &mut [u8], offset: usize) {
        bytes[offset..offset + EXPIRY].copy_from_slice(&GONE.0.to_be_bytes());
    }

    pub(super) fn is_out(&self) -> bool {
        self.expires_at != GONE
    }

    pub(super) const fn size(&self) -> usize {
        EXPIRY + self.pair.len()
    }

    /// # Panics
    /// Never: what is unpacked here was packed here.
    pub(super) fn ceremony(&self) -> Ceremony {
        let packed = &self.pair[HEAD - EXPIRY..];
        minicbor::decode(packed).expect("it was packed by this program")
    }
}

/// In place of when it expires. What would have expired then does so a microsecond later.
const GONE: Timestamp = Timestamp(0);
const FIRST: Timestamp = Timestamp(1);

const EXPIRY: usize = 8;
const CHALLENGE: usize = EXPIRY + 2;
const CHALLENGE_END: usize = CHALLENGE + 32;
const LENGTH: usize = 4;
const HEAD: usize = CHALLENGE_END + 1 + LENGTH;
