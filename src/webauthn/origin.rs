//! Which origins a relying party expects, and whether a client's origin is one of them.
//!
//! There are no wildcards and no suffix rules here, ever: an origin is equal to a configured one or it is refused.

use url::Url;

use super::client_data::ClientData;
use super::error::VerificationError;

/// The origins of one tenant, normalised once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    allowed: Vec<String>,
    allowed_top: Vec<String>,
    allow_cross_origin: bool,
}

impl Origins {
    /// A configured entry that is no origin at all matches nothing; settings are checked where they are read.
    pub fn new(origins: &[String], top_origins: &[String], allow_cross_origin: bool) -> Self {
        Self {
            allowed: normalise_all(origins),
            allowed_top: normalise_all(top_origins),
            allow_cross_origin,
        }
    }

    /// Whether ceremonies may be made there.
    pub fn contains(&self, origin: &str) -> bool {
        matches!(find(&self.allowed, origin), Match::Equal)
    }

    pub(super) fn check_origin(&self, client_data: &ClientData) -> Result<(), VerificationError> {
        match find(&self.allowed, &client_data.origin) {
            Match::Equal => Ok(()),
            Match::Other => Err(VerificationError::Origin),
            Match::NotUrl => Err(VerificationError::OriginNotUrl),
        }
    }

    pub(super) fn check_cross_origin(
        &self,
        client_data: &ClientData,
    ) -> Result<(), VerificationError> {
        if client_data.cross_origin && !self.allow_cross_origin {
            return Err(VerificationError::CrossOrigin);
        }
        Ok(())
    }

    /// An empty list of top origins means any, once cross-origin ceremonies are allowed at all.
    pub(super) fn check_top_origin(
        &self,
        client_data: &ClientData,
    ) -> Result<(), VerificationError> {
        let Some(top_origin) = &client_data.top_origin else {
            return Ok(());
        };
        if !self.allow_cross_origin {
            return Err(VerificationError::TopOrigin);
        }
        if self.allowed_top.is_empty() {
            return Ok(());
        }
        match find(&self.allowed_top, top_origin) {
            Match::Equal => Ok(()),
            Match::Other | Match::NotUrl => Err(VerificationError::TopOrigin),
        }
    }
}

enum Match {
    Equal,
    Other,
    NotUrl,
}

/// Clients send origins in normal form. The case of scheme and host is all that is forgiven: whatever has a path, a default port
/// or a userinfo is no origin of ours.
fn find(expected: &[String], origin: &str) -> Match {
    let lower =
        || !origin.starts_with(ANDROID_APP) && expected.contains(&origin.to_ascii_lowercase());
    if expected.iter().any(|candidate| candidate == origin) || lower() {
        return Match::Equal;
    }
    if normalise(origin).is_some() {
        Match::Other
    } else {
        Match::NotUrl
    }
}

fn normalise_all(origins: &[String]) -> Vec<String> {
    origins
        .iter()
        .filter_map(|origin| normalise(origin))
        .collect()
}

/// `scheme://host[:port]` in lower case, without default port, path, query and userinfo. An Android app's origin stays as it is: it ends in
/// a base64url hash, where case matters.
pub fn normalise(origin: &str) -> Option<String> {
    if origin.starts_with(ANDROID_APP) {
        return Some(origin.to_owned());
    }
    let url = Url::parse(origin).ok()?;
    let scheme = url.scheme();
    let host = url.host_str()?.to_lowercase();
    Some(match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

const ANDROID_APP: &str = "android:apk-key-hash:";
