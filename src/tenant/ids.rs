//! The names of things, parsed once at the edge: whoever holds one of these holds a valid one.

use std::fmt;
use std::sync::Arc;

use minicbor::bytes::ByteSlice;
use minicbor::decode::{Decode, Decoder};
use minicbor::encode::{Encode, Encoder, Write};
use uuid::Uuid;

/// A tenant: one relying party with its own users, credentials, keys and policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub Uuid);

impl TenantId {
    /// Any version and spelling of a UUID: hyphenated, simple, braced or URN, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The relying party's name for a user, opaque to us. Its UTF-8 bytes are the WebAuthn user handle, hence 1 to 64 of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

impl UserId {
    pub const BYTES_MAX: usize = 64;

    pub fn parse(text: &str) -> Option<Self> {
        (1..=Self::BYTES_MAX)
            .contains(&text.len())
            .then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The relying party's name for a transaction, 1 to 128 characters, unique in its tenant for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(Arc<str>);

impl TransactionId {
    pub const LENGTH_MAX: usize = 128;

    pub fn parse(text: &str) -> Option<Self> {
        (1..=Self::LENGTH_MAX)
            .contains(&text.chars().count())
            .then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id that an authenticator gave to a credential, 1 to 1023 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(Arc<[u8]>);

impl CredentialId {
    pub const BYTES_MAX: usize = 1023;

    pub fn parse(bytes: &[u8]) -> Option<Self> {
        (1..=Self::BYTES_MAX)
            .contains(&bytes.len())
            .then(|| Self(bytes.into()))
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({} bytes)", self.0.len())
    }
}

/// What an authenticator signs. Secret until it comes back, so it is never shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Challenge(pub [u8; 32]);

impl Challenge {
    /// `None` for anything that is not 32 bytes long: not one of ours.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The challenge that a response answers: all that it names, or the head of a transaction's, whose tail says what is
    /// confirmed. Whoever takes it compares the whole.
    pub fn head(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            32 | 64 => Self::parse(&bytes[..32]),
            _ => None,
        }
    }

    /// About when it began, on the clock of [`Timestamp::moment`]. Whoever sends it back may claim any.
    pub const fn moment(&self) -> u16 {
        u16::from_be_bytes([self.0[2], self.0[3]])
    }

    /// Who holds it, out of `workers`. The byte comes back from a client, and the number of workers may have changed since.
    pub fn holder(&self, workers: usize) -> usize {
        usize::from(self.0[0]) % workers
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(…)")
    }
}

/// Microseconds since 1970-01-01, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// A quarter of a second on a clock that goes round in five hours: what began together is looked for together.
    pub fn moment(self) -> u16 {
        let moments = self.0 >> 18;
        u16::try_from(moments & u64::from(u16::MAX)).unwrap_or_default()
    }

    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Saturates at both ends: a tenant may configure any timeout.
    #[must_use]
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self(
            self.0
                .saturating_add_signed(milliseconds.saturating_mul(1000)),
        )
    }
}

impl<C> Encode<C> for UserId {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for UserId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(d.str()?).ok_or_else(|| minicbor::decode::Error::message("not a user id"))
    }
}

impl<C> Encode<C> for TransactionId {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for TransactionId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(d.str()?)
            .ok_or_else(|| minicbor::decode::Error::message("not a transaction id"))
    }
}

impl<C> Encode<C> for CredentialId {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for CredentialId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(d.bytes()?)
            .ok_or_else(|| minicbor::decode::Error::message("not a credential id"))
    }
}

impl<C> Encode<C> for Challenge {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Challenge {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::parse(d.bytes()?).ok_or_else(|| minicbor::decode::Error::message("not a challenge"))
    }
}

impl<C> Encode<C> for Timestamp {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u64(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Timestamp {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u64().map(Self)
    }
}

/// The UUID that a text is, where it is spelt as [`Uuid`] does, so that the text can be made of it again.
pub(super) fn plain_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut spelling = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut spelling) == text).then_some(uuid)
}

/// UUIDs as 16 bytes, for `#[cbor(with = "…")]`.
pub mod uuid_bytes {
    use super::{ByteSlice, Decode, Decoder, Encode, Encoder, Uuid, Write};

    pub fn encode<C, W: Write>(
        id: &Uuid,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        <&ByteSlice>::from(id.as_bytes().as_slice()).encode(e, ctx)
    }

    pub fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Uuid, minicbor::decode::Error> {
        let bytes = <&ByteSlice>::decode(d, ctx)?;
        Uuid::from_slice(bytes).map_err(minicbor::decode::Error::custom)
    }
}
