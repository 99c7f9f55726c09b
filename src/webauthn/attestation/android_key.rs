//! The `android-key` format (WebAuthn L3 §8.4): a key of Android's keystore, described in an extension of its certificate.

use super::der::{self, DerError, Reader, Tag};
use super::error::StatementError;
use super::x5c;
use super::{AttestationType, Attested, Statement};
use crate::webauthn::cbor::Map;

pub(super) fn verify<'b>(
    statement: &Map<'b>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    let chain = x5c::chain(statement)?;
    let leaf = x5c::leaf(&chain)?;
    // 2. The certified key signed.
    x5c::verify_signature(statement, &leaf.key, attested.message)?;
    // 3. It is the credential's.
    x5c::check_key(&leaf.key, &attested.credential.public_key)?;
    // 4. It was made for this ceremony.
    let extension = leaf.required(KEY_DESCRIPTION)?;
    let description = KeyDescription::parse(extension.value)?;
    if description.challenge != attested.client_data_hash() {
        return Err(StatementError::OtherCeremony);
    }
    // 5. It belongs to one application, was made inside and signs. Hardware is not insisted on: what software enforces counts too.
    for enforced in [description.by_software, description.by_hardware] {
        check_authorization(enforced)?;
    }
    Ok(Statement::with_chain(AttestationType::Certified, chain))
}

/// The beginning and the lists of Android's `KeyDescription`.
struct KeyDescription<'b> {
    challenge: &'b [u8],
    by_software: Reader<'b>,
    by_hardware: Reader<'b>,
}

impl<'b> KeyDescription<'b> {
    fn parse(value: &'b [u8]) -> Result<Self, DerError> {
        let mut members = Reader::new(der::whole(value, Tag::SEQUENCE)?);
        members.take(Tag::INTEGER)?; // Version
        members.take(Tag::ENUMERATED)?; // and security level of the attestation,
        members.take(Tag::INTEGER)?; // the same
        members.take(Tag::ENUMERATED)?; // of the keystore.
        let challenge = members.take(Tag::OCTET_STRING)?;
        members.take(Tag::OCTET_STRING)?; // The unique id.
        Ok(Self {
            challenge,
            by_software: members.take_reader(Tag::SEQUENCE)?,
            by_hardware: members.take_reader(Tag::SEQUENCE)?,
        })
    }
}

/// Where a list tells of origin and purpose, they must be right. It may leave them to the other list; the specification's own test vector
/// tells of neither, so that both may is accepted.
fn check_authorization(mut list: Reader<'_>) -> Result<(), StatementError> {
    while !list.is_empty() {
        let entry = list.element()?;
        if entry.tag == ALL_APPLICATIONS {
            return Err(StatementError::AllApplications);
        }
        let is_right = match entry.tag {
            PURPOSE => is_only_signing(entry.content)?,
            ORIGIN => Reader::new(entry.content).take_small_integer()? == ORIGIN_GENERATED,
            _ => true,
        };
        if !is_right {
            return Err(StatementError::KeyUse);
        }
    }
    Ok(())
}

fn is_only_signing(content: &[u8]) -> Result<bool, DerError> {
    let mut purposes = Reader::new(der::whole(content, Tag::SET)?);
    Ok(purposes.take_small_integer()? == PURPOSE_SIGN && purposes.is_empty())
}

/// 1.3.6.1.4.1.11129.2.1.17.
const KEY_DESCRIPTION: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x01, 0x11];
const PURPOSE: Tag = Tag::explicit(1);
const ALL_APPLICATIONS: Tag = Tag::explicit(600);
const ORIGIN: Tag = Tag::explicit(702);
const PURPOSE_SIGN: u32 = 2;
const ORIGIN_GENERATED: u32 = 0;
