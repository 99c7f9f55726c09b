//! The two structures of a TPM that a statement carries (TPM 2.0 library, part 2: §10.12.8 `TPMS_ATTEST`, §12.2.4 `TPMT_PUBLIC`).
//!
//! Only keys that a credential can have are read; sizes are the TPM's own, two bytes each.

use super::super::error::StatementError;
use super::super::signature::Hash;

/// `TPMT_PUBLIC`: the public part of a key.
pub(super) struct PublicArea<'b> {
    name_algorithm: u16,
    name_hash: Hash,
    pub(super) key: KeyParameters<'b>,
}

pub(super) enum KeyParameters<'b> {
    Rsa {
        n: &'b [u8],
        exponent: u32,
    },
    /// The curve by its COSE number.
    Ecc {
        curve: i64,
        x: &'b [u8],
        y: &'b [u8],
    },
}

/// `TPMS_ATTEST` of the kind that certifies a key.
pub(super) struct CertifyInfo<'b> {
    pub(super) extra_data: &'b [u8],
    pub(super) attested_name: &'b [u8],
}

impl<'b> PublicArea<'b> {
    pub(super) fn parse(input: &'b [u8]) -> Result<Self, StatementError> {
        let mut input = Input(input);
        let kind = input.u16()?;
        let name_algorithm = input.u16()?;
        let name_hash = name_hash(name_algorithm)?;
        input.skip(4)?; // The object's attributes
        input.sized()?; // and its policy.
        expect(&mut input, ALGORITHM_NULL)?; // No symmetric algorithm: it is no storage key.
        skip_scheme(&mut input)?;
        let key = match kind {
            TYPE_RSA => rsa_parameters(&mut input),
            TYPE_ECC => ecc_parameters(&mut input),
            _ => Err(StatementError::TpmStructure),
        }?;
        input.end()?;
        Ok(Self {
            name_algorithm,
            name_hash,
            key,
        })
    }

    /// What a TPM calls a key: the algorithm and the hash of its public area.
    pub(super) fn name(&self, public_area: &[u8]) -> Vec<u8> {
        let mut name = self.name_algorithm.to_be_bytes().to_vec();
        name.extend_from_slice(&self.name_hash.digest(public_area));
        name
    }
}

impl<'b> CertifyInfo<'b> {
    pub(super) fn parse(input: &'b [u8]) -> Result<Self, StatementError> {
        let mut input = Input(input);
        // Made by the TPM itself, and to certify a key.
        if input.take(4)? != GENERATED_VALUE || input.u16()? != ATTEST_CERTIFY {
            return Err(StatementError::TpmStructure);
        }
        input.sized()?; // Who signed: the certificate tells.
        let extra_data = input.sized()?;
        input.skip(CLOCK_INFO_BYTES + FIRMWARE_VERSION_BYTES)?;
        let attested_name = input.sized()?;
        input.sized()?; // The qualified name.
        input.end()?;
        Ok(Self {
            extra_data,
            attested_name,
        })
    }
}

fn rsa_parameters<'b>(input: &mut Input<'b>) -> Result<KeyParameters<'b>, StatementError> {
    input.skip(2)?; // The length in bits.
    let exponent = input.take(4)?;
    let exponent = exponent
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte));
    Ok(KeyParameters::Rsa {
        n: input.sized()?,
        exponent: if exponent == 0 { 65_537 } else { exponent },
    })
}

fn ecc_parameters<'b>(input: &mut Input<'b>) -> Result<KeyParameters<'b>, StatementError> {
    // TPM_ECC_NIST_P256, P384 and P521.
    let curve = match input.u16()? {
        3 => 1,
        4 => 2,
        5 => 3,
        _ => return Err(StatementError::TpmStructure),
    };
    skip_scheme(input)?; // Of key derivation.
    Ok(KeyParameters::Ecc {
        curve,
        x: input.sized()?,
        y: input.sized()?,
    })
}

/// None, or one with the hash it is fixed to. ECDAA, which has more, is none that a credential has.
fn skip_scheme(input: &mut Input<'_>) -> Result<(), StatementError> {
    match input.u16()? {
        ALGORITHM_NULL => Ok(()),
        ALGORITHM_ECDAA => Err(StatementError::TpmStructure),
        _ => input.skip(2),
    }
}

fn name_hash(algorithm: u16) -> Result<Hash, StatementError> {
    match algorithm {
        0x0004 => Ok(Hash::Sha1),
        0x000b => Ok(Hash::Sha256),
        0x000c => Ok(Hash::Sha384),
        0x000d => Ok(Hash::Sha512),
        _ => Err(StatementError::TpmStructure),
    }
}

fn expect(input: &mut Input<'_>, number: u16) -> Result<(), StatementError> {
    if input.u16()? != number {
        return Err(StatementError::TpmStructure);
    }
    Ok(())
}

/// What is left to read.
struct Input<'b>(&'b [u8]);

impl<'b> Input<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], StatementError> {
        let parts = self.0.split_at_checked(length);
        let (taken, rest) = parts.ok_or(StatementError::TpmStructure)?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, length: usize) -> Result<(), StatementError> {
        self.take(length).map(drop)
    }

    fn u16(&mut self) -> Result<u16, StatementError> {
        let parts = self.0.split_first_chunk();
        let (bytes, rest) = parts.ok_or(StatementError::TpmStructure)?;
        self.0 = rest;
        Ok(u16::from_be_bytes(*bytes))
    }

    /// A `TPM2B`: a length and as many bytes.
    fn sized(&mut self) -> Result<&'b [u8], StatementError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    const fn end(&self) -> Result<(), StatementError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(StatementError::TpmStructure)
    }
}

const TYPE_RSA: u16 = 0x0001;
const TYPE_ECC: u16 = 0x0023;
const ALGORITHM_NULL: u16 = 0x0010;
const ALGORITHM_ECDAA: u16 = 0x001a;
/// `TPM_GENERATED_VALUE`.
const GENERATED_VALUE: &[u8] = &[0xff, 0x54, 0x43, 0x47];
/// `TPM_ST_ATTEST_CERTIFY`.
const ATTEST_CERTIFY: u16 = 0x8017;
const CLOCK_INFO_BYTES: usize = 17;
const FIRMWARE_VERSION_BYTES: usize = 8;
