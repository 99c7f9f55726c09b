//! What is legal in a `config` and yet may surprise.

use url::Url;

use crate::tenant::settings::{Settings, VerifyAttestation};

pub(in crate::http::admin) fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = foreign_origins(settings);
    let attestation = &settings.attestation;
    if attestation.verify == VerifyAttestation::Trusted && attestation.roots.is_empty() {
        warnings.push(
            "attestation.verify is trusted and attestation.roots is empty: no attestation can be trusted".to_owned(),
        );
    }
    warnings
}

/// Browsers let a page use an RP id only on that host and below it.
fn foreign_origins(settings: &Settings) -> Vec<String> {
    let rp = &settings.relying_party;
    rp.origins
        .iter()
        .filter(|origin| is_foreign(origin, &rp.id))
        .map(|origin| {
            format!(
                "origin {origin} is not on {} or below it: browsers will refuse it unless https://{}/.well-known/webauthn names it as a related origin",
                rp.id, rp.id
            )
        })
        .collect()
}

fn is_foreign(origin: &str, rp_id: &str) -> bool {
    let Some(host) = Url::parse(origin)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
    else {
        return false;
    };
    host != rp_id && !host.ends_with(&format!(".{rp_id}"))
}
