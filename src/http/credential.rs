//! A credential on the wire: what both APIs show of it, and its id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::time;
use crate::tenant::credential::Credential;
use crate::tenant::ids::CredentialId;

/// What comes first in either body.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialShown {
    id: String,
    name: String,
    /// The COSE key, base64url.
    public_key: String,
    /// The format of its attestation statement.
    attestation_type: String,
    /// Which model of authenticator made it, as far as that tells.
    aaguid: Uuid,
    #[schema(format = DateTime)]
    last_used_at: String,
    #[schema(format = DateTime)]
    created_at: String,
    transports: Vec<String>,
    backup_eligible: bool,
    backup_state: bool,
}

impl From<&Credential> for CredentialShown {
    fn from(credential: &Credential) -> Self {
        let transports = credential.transports.split(',');
        let transports = transports.filter(|name| !name.is_empty());
        Self {
            id: id_text(&credential.id),
            name: credential.name.to_string(),
            public_key: URL_SAFE_NO_PAD.encode(&credential.public_key),
            attestation_type: credential.attestation_format.to_string(),
            aaguid: credential.aaguid,
            last_used_at: time::rfc3339(credential.last_used_at),
            created_at: time::rfc3339(credential.created_at),
            transports: transports.map(str::to_owned).collect(),
            backup_eligible: credential.backup_eligible,
            backup_state: credential.backed_up,
        }
    }
}

pub fn id_text(id: &CredentialId) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

pub fn parse_id(text: &str) -> Option<CredentialId> {
    CredentialId::parse(&URL_SAFE_NO_PAD.decode(text).ok()?)
}
