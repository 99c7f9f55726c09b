//! Which authenticators a tenant takes, as far as their attestation tells.

use minicbor::{Decode, Encode};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct AttestationRules {
    #[n(0)]
    pub verify: VerifyAttestation,
    /// Certificates in DER.
    #[cbor(n(1), with = "byte_strings")]
    pub roots: Vec<Vec<u8>>,
    /// Empty: all that are not denied.
    #[cbor(n(2), with = "uuids")]
    pub aaguids_allowed: Vec<Uuid>,
    #[cbor(n(3), with = "uuids")]
    pub aaguids_denied: Vec<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum VerifyAttestation {
    /// A statement must be sound; its chain is not judged.
    #[default]
    #[n(0)]
    Format,
    #[n(1)]
    Off,
    /// Its chain must end in one of the roots.
    #[n(2)]
    Trusted,
}

impl VerifyAttestation {
    pub const ALL: [Self; 3] = [Self::Format, Self::Off, Self::Trusted];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Off => "off",
            Self::Trusted => "trusted",
        }
    }
}

/// A list of byte strings, for `#[cbor(with = "…")]`.
mod byte_strings {
    use minicbor::bytes::{ByteSlice, ByteVec};
    use minicbor::decode::{self, Decoder};
    use minicbor::encode::{self, Encode, Encoder, Write};

    pub(super) fn encode<C, W: Write>(
        all: &[Vec<u8>],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let all: Vec<&ByteSlice> = all.iter().map(|one| one.as_slice().into()).collect();
        all.encode(e, ctx)
    }

    pub(super) fn decode<C>(
        d: &mut Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Vec<Vec<u8>>, decode::Error> {
        let all: Vec<ByteVec> = d.decode_with(ctx)?;
        Ok(all.into_iter().map(Vec::from).collect())
    }
}

/// A list of UUIDs, each as 16 bytes.
mod uuids {
    use minicbor::decode::{self, Decoder};
    use minicbor::encode::{self, Encoder, Write};
    use uuid::Uuid;

    use super::byte_strings;

    pub(super) fn encode<C, W: Write>(
        all: &[Uuid],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let all: Vec<Vec<u8>> = all.iter().map(|one| one.as_bytes().to_vec()).collect();
        byte_strings::encode(&all, e, ctx)
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Vec<Uuid>, decode::Error> {
        let all = byte_strings::decode(d, ctx)?;
        let all = all.iter().map(|one| Uuid::from_slice(one));
        all.collect::<Result<_, _>>().map_err(decode::Error::custom)
    }
}
