//! The `android-safetynet` format (WebAuthn L3 §8.5): a service of Google's vouched for the device. It is switched off; what is left are responses
//! made before.
//!
//! The age of a response is not judged: its nonce binds it to a fresh challenge.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::certificate::{self, Certificate};
use super::der::{self, Reader, Tag};
use super::error::StatementError;
use super::signature::{self, Hash, Scheme};
use super::x5c::{self, Chain};
use super::{AttestationType, Attested, Statement};
use crate::webauthn::cbor::{Key, Map};

pub(super) fn verify<'b>(
    statement: &Map<'_>,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, StatementError> {
    if statement.text(Key::Text("ver"))?.is_empty() {
        return Err(StatementError::Version);
    }
    // 2. The response is one, and signed by the key of its certificate,
    let response = Response::parse(statement.bytes(Key::Text("response"))?)?;
    let chain = response.chain()?;
    let leaf = x5c::leaf(&chain)?;
    response.verify_signature(&leaf)?;
    // 3. made for this ceremony,
    let nonce = STANDARD.encode(Hash::Sha256.digest(attested.message));
    if response.payload.nonce != nonce {
        return Err(StatementError::OtherCeremony);
    }
    // 4. by the service, which says of the device that it has not been tampered with.
    check_service(&leaf)?;
    if !response.payload.cts_profile_match {
        return Err(StatementError::DeviceIntegrity);
    }
    Ok(Statement::with_chain(AttestationType::Certified, chain))
}

/// A JWS in its compact form.
struct Response<'b> {
    signed: &'b str,
    header: Header,
    payload: Payload,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    x5c: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    nonce: String,
    #[serde(default)]
    cts_profile_match: bool,
}

impl<'b> Response<'b> {
    fn parse(response: &'b [u8]) -> Result<Self, StatementError> {
        let text = str::from_utf8(response).map_err(|_| StatementError::ServiceResponse)?;
        let parts = text.rsplit_once('.');
        let (signed, signature) = parts.ok_or(StatementError::ServiceResponse)?;
        let parts = signed.split_once('.');
        let (header, payload) = parts.ok_or(StatementError::ServiceResponse)?;
        Ok(Self {
            signed,
            header: read(header)?,
            payload: read(payload)?,
            signature: decode(signature)?,
        })
    }

    fn chain<'c>(&self) -> Result<Chain<'c>, StatementError> {
        let count = u64::try_from(self.header.x5c.len());
        if !count.is_ok_and(|count| count <= x5c::CERTIFICATES_MAX) {
            return Err(StatementError::CertificateCount);
        }
        let certificates = self.header.x5c.iter().map(|text| STANDARD.decode(text));
        let chain: Result<Chain<'_>, _> = certificates.map(|der| der.map(Cow::Owned)).collect();
        chain.map_err(|_| StatementError::ServiceResponse)
    }

    fn verify_signature(&self, leaf: &Certificate<'_>) -> Result<(), StatementError> {
        if self.header.alg != "RS256" {
            return Err(StatementError::Algorithm);
        }
        let scheme = Scheme::RsaPkcs1(Hash::Sha256);
        let message = self.signed.as_bytes();
        let is_signed = signature::verify(&leaf.key, scheme, message, &self.signature);
        if !is_signed {
            return Err(StatementError::Signature);
        }
        Ok(())
    }
}

fn check_service(leaf: &Certificate<'_>) -> Result<(), StatementError> {
    let extension = leaf.required(certificate::ALTERNATIVE_NAME)?;
    let mut names = Reader::new(der::whole(extension.value, Tag::SEQUENCE)?);
    while !names.is_empty() {
        let name = names.element()?;
        if name.tag == DNS_NAME && name.content.eq_ignore_ascii_case(b"attest.android.com") {
            return Ok(());
        }
    }
    Err(StatementError::ServiceName)
}

fn read<T: DeserializeOwned>(part: &str) -> Result<T, StatementError> {
    serde_json::from_slice(&decode(part)?).map_err(|_| StatementError::ServiceResponse)
}

fn decode(part: &str) -> Result<Vec<u8>, StatementError> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| StatementError::ServiceResponse)
}

const DNS_NAME: Tag = Tag::implicit(2);
