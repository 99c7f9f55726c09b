//! Verifying an assertion: WebAuthn L3 §7.2, from the JSON of the client to a verdict.
//!
//! No policy is applied here: counter and backup eligibility are reported, and the domain compares them with what it knows.

use serde::Deserialize;

use super::authenticator_data::AuthenticatorData;
use super::ceremony::{self, Expected};
use super::client_data::ClientData;
use super::cose::PublicKey;
use super::error::{ResponseError, VerificationError};
use super::json::{Bytes, Credential};

/// A response that could be read. Nothing in it is verified.
pub struct AuthenticationResponse {
    pub credential_id: Vec<u8>,
    pub client_data: ClientData,
    pub user_handle: Option<Vec<u8>>,
    client_data_json: Vec<u8>,
    authenticator_data: AuthenticatorData,
    authenticator_data_bytes: Vec<u8>,
    signature: Vec<u8>,
}

/// What a verified assertion says about its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentication {
    pub counter: u32,
    pub user_verified: bool,
    pub backup_eligible: bool,
    pub backed_up: bool,
}

impl AuthenticationResponse {
    /// Reads the `PublicKeyCredential` JSON of an assertion.
    pub fn parse(body: &[u8]) -> Result<Self, ResponseError> {
        let mut credential = Credential::<AssertionResponse>::parse(body)?;
        let credential_id = credential.checked_id()?;
        let response = credential.take_response()?;
        let client_data_json = response.client_data_json;
        let Bytes(client_data_json) = client_data_json.ok_or(ResponseError::ClientDataMissing)?;
        let bytes = response.authenticator_data;
        let Bytes(bytes) = bytes.ok_or(ResponseError::AuthenticatorDataMissing)?;
        let signature = response.signature;
        let Bytes(signature) = signature.ok_or(ResponseError::SignatureMissing)?;
        let client_data =
            ClientData::parse(&client_data_json).map_err(ResponseError::ClientData)?;
        let authenticator_data =
            AuthenticatorData::parse(&bytes).map_err(ResponseError::AuthenticatorData)?;
        let user_handle = response.user_handle.map(|Bytes(handle)| handle);
        Ok(Self {
            credential_id,
            client_data,
            user_handle: user_handle.filter(|handle| !handle.is_empty()),
            client_data_json,
            authenticator_data,
            authenticator_data_bytes: bytes,
            signature,
        })
    }
}

/// WebAuthn L3 §7.2. `public_key` is the `COSE_Key` of the credential's registration.
pub fn verify(
    response: &AuthenticationResponse,
    expected: &Expected<'_>,
    public_key: &[u8],
) -> Result<Authentication, VerificationError> {
    let client_data = &response.client_data;
    let authenticator_data = &response.authenticator_data;
    let flags = authenticator_data.flags;
    // Steps 1 to 4 run in the browser. 5 and 6, the credential is allowed and its user identified: the domain's, which found the key.
    // 7 to 9, the parts of the response, UTF-8 and JSON of the client data: done by `AuthenticationResponse::parse`.
    // 10. The client data was made for an authentication.
    ceremony::check_type(client_data, "webauthn.get")?;
    // 11. It answers our challenge.
    ceremony::check_challenge(client_data, expected)?;
    // 12. It was made on an origin of ours.
    expected.origins.check_origin(client_data)?;
    // 13. It was made in a foreign frame only where that is expected,
    expected.origins.check_cross_origin(client_data)?;
    // 14. and in the frame of a page that is expected.
    expected.origins.check_top_origin(client_data)?;
    // 15. The authenticator answered for our RP id; the appid extension is never asked for.
    ceremony::check_rp_id_hash(authenticator_data, expected)?;
    // 16. The user was present.
    ceremony::check_user_present(flags)?;
    // 17. The user was verified, where that is required.
    ceremony::check_user_verified(flags, expected)?;
    // 18. What is backed up is eligible for backup.
    ceremony::check_backup_flags(flags)?;
    // 19. Backup eligibility is what it was at registration: reported, for policy to judge.
    // 20, extension outputs: skipped, no extension is asked for and unsolicited ones are ignored, as the specification allows.
    // 21 and 22. The signature over authenticator data and hash of the client data is the credential's.
    response.check_signature(public_key)?;
    // 23, the signature counter: reported, for policy to judge.
    // 24 and 25, the credential record's new state and the success of the ceremony: the domain's, made from this result.
    Ok(Authentication {
        counter: authenticator_data.counter,
        user_verified: flags.user_verified(),
        backup_eligible: flags.backup_eligible(),
        backed_up: flags.backed_up(),
    })
}

/// The `AuthenticatorAssertionResponse` in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON", alias = "clientDataJson")]
    client_data_json: Option<Bytes>,
    authenticator_data: Option<Bytes>,
    signature: Option<Bytes>,
    user_handle: Option<Bytes>,
}

impl AuthenticationResponse {
    fn check_signature(&self, public_key: &[u8]) -> Result<(), VerificationError> {
        let key = PublicKey::parse(public_key).map_err(VerificationError::PublicKey)?;
        let message =
            ceremony::signed_message(&self.authenticator_data_bytes, &self.client_data_json);
        if !key.verify(&message, &self.signature) {
            return Err(VerificationError::Signature);
        }
        Ok(())
    }
}
