//! Lists of origins: web origins or Android apps, each once, and kept in the form in which clients send them.

use crate::http::validation::Validation;
use crate::webauthn::origin::normalise;

/// What is no origin could never match, which would be found out only when somebody signs in.
pub(super) fn check_origins(
    field: &str,
    origins: Vec<String>,
    validation: &mut Validation,
) -> Vec<String> {
    let mut checked = Vec::with_capacity(origins.len());
    for origin in origins {
        match normalise(&origin).filter(|origin| is_possible(origin)) {
            Some(normal) => checked.push(normal),
            None => validation.fail(format!("{field} must be origins like https://example.com or android:apk-key-hash:…, '{origin}' is none")),
        }
    }
    check_unique(field, &checked, validation);
    checked
}

/// Letters that no host has, a `*` for instance, match no page: origins are compared exactly.
fn is_possible(normal: &str) -> bool {
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let host = normal.split_once("://");
    !normal.ends_with(':') && host.is_none_or(|(_, host)| host.bytes().all(is_of_host))
}

pub(super) fn check_unique(field: &str, entries: &[String], validation: &mut Validation) {
    let mut seen = std::collections::HashSet::new();
    for entry in entries.iter().filter(|entry| !seen.insert(*entry)) {
        validation.fail(format!(
            "{field} must be unique, '{entry}' stands there twice"
        ));
    }
}
