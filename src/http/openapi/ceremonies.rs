//! The options and responses of ceremonies as the description shows them. Nothing is made of these types: options are
//! rendered from templates and responses are parsed by `webauthn`; the tests hold the two against each other.
#![expect(dead_code, reason = "described, never constructed")]

use utoipa::ToSchema;

use super::shapes::RawId;

/// What `navigator.credentials.create` takes, binary members as base64url without padding.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct CreationOptions {
    public_key: PublicKeyCredentialCreationOptions,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct PublicKeyCredentialCreationOptions {
    rp: RpEntity,
    user: UserEntity,
    #[schema(example = "AAB1vY5hJ7b2Yw0RkYv5yqX0mJpXkqv8sQ0m1mWw2dE")]
    challenge: String,
    pub_key_cred_params: Vec<CredentialParameters>,
    /// In milliseconds.
    timeout: i64,
    #[schema(nullable = false)]
    exclude_credentials: Option<Vec<CredentialDescriptor>>,
    authenticator_selection: AuthenticatorSelection,
    attestation: String,
    #[schema(nullable = false)]
    hints: Option<Vec<String>>,
    #[schema(nullable = false)]
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(ToSchema)]
struct RpEntity {
    name: String,
    id: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct UserEntity {
    name: String,
    #[schema(nullable = false)]
    icon: Option<String>,
    display_name: String,
    /// The bytes of `user_id`.
    id: String,
}

#[derive(ToSchema)]
struct CredentialParameters {
    #[schema(example = "public-key")]
    r#type: String,
    /// A COSE algorithm.
    #[schema(example = -7)]
    alg: i64,
}

#[derive(ToSchema)]
struct CredentialDescriptor {
    #[schema(example = "public-key")]
    r#type: String,
    id: String,
    #[schema(nullable = false)]
    transports: Option<Vec<String>>,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct AuthenticatorSelection {
    #[schema(nullable = false)]
    authenticator_attachment: Option<String>,
    require_resident_key: bool,
    resident_key: String,
    user_verification: String,
}

/// What `navigator.credentials.get` takes.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RequestOptions {
    public_key: PublicKeyCredentialRequestOptions,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct PublicKeyCredentialRequestOptions {
    challenge: String,
    /// In milliseconds.
    timeout: i64,
    rp_id: String,
    /// Absent where any passkey of the relying party will do.
    #[schema(nullable = false)]
    allow_credentials: Option<Vec<CredentialDescriptor>>,
    user_verification: String,
}

/// What `navigator.credentials.create` gave, as JSON.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RegistrationCredential {
    #[schema(value_type = RawId)]
    id: String,
    /// The same bytes as `id`.
    #[schema(value_type = RawId)]
    raw_id: String,
    #[schema(pattern = "^public-key$", example = "public-key")]
    r#type: String,
    authenticator_attachment: Option<String>,
    client_extension_results: Option<serde_json::Map<String, serde_json::Value>>,
    response: AttestationResponse,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct AttestationResponse {
    /// The JSON that the browser made, base64url.
    #[schema(
        rename = "clientDataJSON",
        min_length = 1,
        example = "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQUFCMXZZNWhKN2IyWXcwUmtZdjV5cVgwbUpwWGtxdjhzUTBtMW1XdzJkRSIsIm9yaWdpbiI6Imh0dHBzOi8vc2hvcC5leGFtcGxlIn0"
    )]
    client_data_json: String,
    /// CBOR, base64url.
    #[schema(min_length = 1)]
    attestation_object: String,
    transports: Option<Vec<String>>,
}

/// What `navigator.credentials.get` gave, as JSON.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct AuthenticationCredential {
    #[schema(value_type = RawId)]
    id: String,
    /// The same bytes as `id`.
    #[schema(value_type = RawId)]
    raw_id: String,
    #[schema(pattern = "^public-key$", example = "public-key")]
    r#type: String,
    authenticator_attachment: Option<String>,
    client_extension_results: Option<serde_json::Map<String, serde_json::Value>>,
    response: AssertionResponse,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct AssertionResponse {
    /// The JSON that the browser made, base64url.
    #[schema(
        rename = "clientDataJSON",
        min_length = 1,
        example = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFCMXZZNWhKN2IyWXcwUmtZdjV5cVgwbUpwWGtxdjhzUTBtMW1XdzJkRSIsIm9yaWdpbiI6Imh0dHBzOi8vc2hvcC5leGFtcGxlIn0"
    )]
    client_data_json: String,
    /// Base64url.
    #[schema(
        min_length = 1,
        example = "EREREREREREREREREREREREREREREREREREREREREREFAAAAAQ"
    )]
    authenticator_data: String,
    /// Base64url.
    #[schema(min_length = 1, example = "MEUCIQDx")]
    signature: String,
    /// The bytes of `user_id`, base64url.
    #[schema(example = "YW5u")]
    user_handle: Option<String>,
}
