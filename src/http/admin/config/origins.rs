//! Lists of origins: web origins or Android apps, each once, and kept in the form in which clients send them.

use crate::http::validation::Validation;
use crate::webauthn::client_data::normalise;

/// What is no origin could never match, which would be found out only when somebody signs in.
pub(super) fn check_origins(
    field: &str,
    origins: Vec<String>,
    validation: &mut Validation,
) -> Vec<String> {
    let mut checked = Vec::with_capacity(origins.len());
    for origin in origins {
        match normalise(&origin).filter(|origin| !origin.ends_with(':')) {
            Some(normal) => checked.push(normal),
            None => validation.fail(format!("{field} must be origins like https://example.com or android:apk-key-hash:…, '{origin}' is none")),
        }
    }
    check_unique(field, &checked, validation);
    checked
}

pub(super) fn check_unique(field: &str, entries: &[String], validation: &mut Validation) {
    let mut seen = std::collections::HashSet::new();
    for entry in entries.iter().filter(|entry| !seen.insert(*entry)) {
        validation.fail(format!(
            "{field} must be unique, '{entry}' stands there twice"
        ));
    }
}
