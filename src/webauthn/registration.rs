//! Registering a credential: WebAuthn L3 §7.1, from the JSON of the client to the facts that are worth storing.
//!
//! Nothing is stored here, what a statement is worth is judged in `attestation`, and whether the credential id is taken is never decided here: the domain knows.

use std::fmt;

use serde::Deserialize;

use super::attestation::{AttestationObject, AttestationPolicy, AttestationType, Attested};
use super::authenticator_data::AttestedCredential;
use super::ceremony::{self, Expected};
use super::client_data::ClientData;
use super::cose::{Algorithm, PublicKey};
use super::error::{ResponseError, VerificationError};
use super::json::{Bytes, Credential};

/// A response that could be read. Nothing in it is verified.
pub struct RegistrationResponse {
    pub client_data: ClientData,
    pub transports: Vec<String>,
    client_data_json: Vec<u8>,
    attestation: AttestationObject,
    credential: AttestedCredential,
}

/// What a verified registration says about its credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    pub credential_id: Vec<u8>,
    /// The `COSE_Key`, byte for byte as attested.
    pub public_key: Vec<u8>,
    pub algorithm: Algorithm,
    pub counter: u32,
    pub aaguid: [u8; 16],
    pub user_verified: bool,
    pub backup_eligible: bool,
    pub backed_up: bool,
    /// One of the seven identifiers, or a well-formed other one where statements are not looked at.
    pub attestation_format: Box<str>,
    pub attestation_type: AttestationType,
    pub transports: Vec<String>,
}

impl fmt::Debug for Registration {
    /// Shows neither key nor credential id.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Registration")
            .field("algorithm", &self.algorithm)
            .field("attestation_format", &self.attestation_format)
            .field("attestation_type", &self.attestation_type)
            .finish_non_exhaustive()
    }
}

impl RegistrationResponse {
    /// Reads the `PublicKeyCredential` JSON of a registration.
    pub fn parse(body: &[u8]) -> Result<Self, ResponseError> {
        let mut credential = Credential::<AttestationResponse>::parse(body)?;
        let id = credential.checked_id()?;
        let response = credential.take_response()?;
        let client_data_json = response.client_data_json;
        let Bytes(client_data_json) = client_data_json.ok_or(ResponseError::ClientDataMissing)?;
        let object = response.attestation_object;
        let Bytes(object) = object.ok_or(ResponseError::AttestationObjectMissing)?;
        let client_data =
            ClientData::parse(&client_data_json).map_err(ResponseError::ClientData)?;
        let mut attestation = AttestationObject::parse(&object)?;
        let attested = attestation.authenticator_data.attested_credential.take();
        let attested = attested.ok_or(ResponseError::AttestedCredentialMissing)?;
        if attested.credential_id != id {
            return Err(ResponseError::AttestedIdMismatch);
        }
        Ok(Self {
            client_data,
            transports: clean_transports(response.transports, credential.transports),
            client_data_json,
            attestation,
            credential: attested,
        })
    }
}

/// WebAuthn L3 §7.1. `algorithms` are those that the options offered; `policy` is about attestation.
pub fn verify(
    response: &RegistrationResponse,
    expected: &Expected<'_>,
    algorithms: &[Algorithm],
    policy: &AttestationPolicy<'_>,
) -> Result<Registration, VerificationError> {
    let client_data = &response.client_data;
    let authenticator_data = &response.attestation.authenticator_data;
    let flags = authenticator_data.flags;
    // Steps 1 to 4 run in the browser. 5 and 6, UTF-8 and JSON of the client data: done by `RegistrationResponse::parse`.
    // 7. The client data was made for a registration.
    ceremony::check_type(client_data, "webauthn.create")?;
    // 8. It answers our challenge.
    ceremony::check_challenge(client_data, expected)?;
    // 9. It was made on an origin of ours.
    expected.origins.check_origin(client_data)?;
    // 10. It was made in a foreign frame only where that is expected,
    expected.origins.check_cross_origin(client_data)?;
    // 11. and in the frame of a page that is expected.
    expected.origins.check_top_origin(client_data)?;
    // 12. The hash of the client data: part of the message that attestations sign.
    let message = response.signed_message();
    // 13. CBOR of the attestation object: done by `RegistrationResponse::parse`.
    // 14. The authenticator answered for our RP id.
    ceremony::check_rp_id_hash(authenticator_data, expected)?;
    // 15. The user was present. Always asked for: conditional creation is never offered.
    ceremony::check_user_present(flags)?;
    // 16. The user was verified, where that is required.
    ceremony::check_user_verified(flags, expected)?;
    // 17. What is backed up is eligible for backup.
    ceremony::check_backup_flags(flags)?;
    // 18 and 19, policy by backup eligibility and state: skipped, both are in the result for the domain to judge.
    // 20. The key is sound and its algorithm was offered.
    let public_key = offered_key(&response.credential.public_key, algorithms)?;
    // 21, extension outputs: skipped, no extension is asked for and unsolicited ones are ignored, as the specification allows.
    // 22 to 25, format, statement and trust in it: as far as the relying party wants to know.
    let attestation_type = policy.judge(
        &response.attestation,
        &Attested {
            rp_id_hash: &authenticator_data.rp_id_hash,
            credential: &response.credential,
            public_key: &public_key,
            message: &message,
        },
    )?;
    let format = response.attestation.format.clone();
    let format = format.ok_or(VerificationError::UnknownAttestationFormat)?;
    // 26, a credential id of at most 1023 bytes: `AuthenticatorData::parse` refuses longer ones.
    // 27, the credential id is not registered yet: skipped, only the domain knows; it checks in the same step that stores.
    // 28 and 29, the credential record and its storing: the domain's, made from this result.
    Ok(response.registration(public_key.algorithm, format, attestation_type))
}

/// The `AuthenticatorAttestationResponse` in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponse {
    #[serde(rename = "clientDataJSON", alias = "clientDataJson")]
    client_data_json: Option<Bytes>,
    attestation_object: Option<Bytes>,
    transports: Option<Vec<String>>,
}

impl RegistrationResponse {
    fn signed_message(&self) -> Vec<u8> {
        let authenticator_data = &self.attestation.authenticator_data_bytes;
        ceremony::signed_message(authenticator_data, &self.client_data_json)
    }

    fn registration(
        &self,
        algorithm: Algorithm,
        attestation_format: Box<str>,
        attestation_type: AttestationType,
    ) -> Registration {
        let flags = self.attestation.authenticator_data.flags;
        Registration {
            credential_id: self.credential.credential_id.clone(),
            public_key: self.credential.public_key.clone(),
            algorithm,
            counter: self.attestation.authenticator_data.counter,
            aaguid: self.credential.aaguid,
            user_verified: flags.user_verified(),
            backup_eligible: flags.backup_eligible(),
            backed_up: flags.backed_up(),
            attestation_format,
            attestation_type,
            transports: self.transports.clone(),
        }
    }
}

fn offered_key(cose_key: &[u8], offered: &[Algorithm]) -> Result<PublicKey, VerificationError> {
    let public_key = PublicKey::parse(cose_key).map_err(VerificationError::PublicKey)?;
    if !offered.contains(&public_key.algorithm) {
        return Err(VerificationError::AlgorithmNotOffered);
    }
    Ok(public_key)
}

/// Transports are hints from the client: names that are not known yet are kept, but not without limits. The member beside `response` is where
/// older client libraries put them.
fn clean_transports(current: Option<Vec<String>>, legacy: Option<Vec<String>>) -> Vec<String> {
    let given = current.filter(|names| !names.is_empty()).or(legacy);
    let mut transports = Vec::new();
    for name in given.unwrap_or_default() {
        let is_new = !transports.contains(&name);
        if is_new && is_transport_name(&name) && transports.len() < TRANSPORTS_MAX {
            transports.push(name);
        }
    }
    transports
}

/// The form that all registered names have; what is stored or shown as a list can rely on it.
fn is_transport_name(name: &str) -> bool {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_word && !name.is_empty() && name.len() <= TRANSPORT_BYTES_MAX
}

const TRANSPORTS_MAX: usize = 16;
const TRANSPORT_BYTES_MAX: usize = 32;
