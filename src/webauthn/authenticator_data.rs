//! Authenticator data: what the authenticator signs (WebAuthn L3 §6.1).
//!
//! Only the structure is read. The COSE key is kept as the exact bytes that were attested and is never re-encoded.

use thiserror::Error;

use super::cbor::{CborError, Map};

#[derive(Clone, PartialEq, Eq)]
pub struct AuthenticatorData {
    pub rp_id_hash: [u8; 32],
    pub flags: Flags,
    pub counter: u32,
    pub attested_credential: Option<AttestedCredential>,
}

#[derive(Clone, PartialEq, Eq)]
pub struct AttestedCredential {
    pub aaguid: [u8; 16],
    pub credential_id: Vec<u8>,
    /// The `COSE_Key`, byte for byte.
    pub public_key: Vec<u8>,
}

#[derive(Debug, Error)]
pub enum AuthenticatorDataError {
    #[error("ends too early")]
    TooShort,
    #[error("the credential id is empty or longer than 1023 bytes")]
    CredentialIdLength,
    #[error("the credential public key is no CBOR map")]
    PublicKey(#[source] CborError),
    #[error("the extensions are no CBOR map")]
    Extensions(#[source] CborError),
    #[error("bytes behind the end")]
    TrailingBytes,
}

impl AuthenticatorData {
    pub fn parse(input: &[u8]) -> Result<Self, AuthenticatorDataError> {
        let (rp_id_hash, rest) = take_array(input)?;
        let ([flags], rest) = take_array(rest)?;
        let (counter, rest) = take_array(rest)?;
        let flags = Flags(flags);
        let (attested_credential, rest) = take_attested_credential(flags, rest)?;
        let rest = skip_extensions(flags, rest)?;
        if !rest.is_empty() {
            return Err(AuthenticatorDataError::TrailingBytes);
        }
        Ok(Self {
            rp_id_hash,
            flags,
            counter: u32::from_be_bytes(counter),
            attested_credential,
        })
    }
}

/// The flags byte. Bits 1 and 5 are reserved and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    pub fn user_present(self) -> bool {
        self.0 & 0b0000_0001 != 0
    }

    pub fn user_verified(self) -> bool {
        self.0 & 0b0000_0100 != 0
    }

    pub fn backup_eligible(self) -> bool {
        self.0 & 0b0000_1000 != 0
    }

    pub fn backed_up(self) -> bool {
        self.0 & 0b0001_0000 != 0
    }

    pub fn attested_credential_included(self) -> bool {
        self.0 & 0b0100_0000 != 0
    }

    pub fn extensions_included(self) -> bool {
        self.0 & 0b1000_0000 != 0
    }
}

fn take_attested_credential(
    flags: Flags,
    input: &[u8],
) -> Result<(Option<AttestedCredential>, &[u8]), AuthenticatorDataError> {
    if !flags.attested_credential_included() {
        return Ok((None, input));
    }
    let (aaguid, rest) = take_array(input)?;
    let (length, rest) = take_array(rest)?;
    let length = usize::from(u16::from_be_bytes(length));
    if length == 0 || length > CREDENTIAL_ID_BYTES_MAX {
        return Err(AuthenticatorDataError::CredentialIdLength);
    }
    let (credential_id, rest) = take(rest, length)?;
    let (public_key, rest) = take_map(rest).map_err(AuthenticatorDataError::PublicKey)?;
    let attested = AttestedCredential {
        aaguid,
        credential_id: credential_id.to_vec(),
        public_key: public_key.to_vec(),
    };
    Ok((Some(attested), rest))
}

/// No extension is asked for, so none is read; they only have to be what the flag says.
fn skip_extensions(flags: Flags, input: &[u8]) -> Result<&[u8], AuthenticatorDataError> {
    if !flags.extensions_included() {
        return Ok(input);
    }
    let (_, rest) = take_map(input).map_err(AuthenticatorDataError::Extensions)?;
    Ok(rest)
}

fn take_map(input: &[u8]) -> Result<(&[u8], &[u8]), CborError> {
    let (_, rest) = Map::parse_prefix(input)?;
    let length = input.len() - rest.len();
    Ok(input.split_at(length))
}

fn take(input: &[u8], length: usize) -> Result<(&[u8], &[u8]), AuthenticatorDataError> {
    input
        .split_at_checked(length)
        .ok_or(AuthenticatorDataError::TooShort)
}

fn take_array<const N: usize>(input: &[u8]) -> Result<([u8; N], &[u8]), AuthenticatorDataError> {
    let (array, rest) = input
        .split_first_chunk()
        .ok_or(AuthenticatorDataError::TooShort)?;
    Ok((*array, rest))
}

/// WebAuthn L3 §7.1 step 26; a longer one could not be named in any request either.
const CREDENTIAL_ID_BYTES_MAX: usize = 1023;
