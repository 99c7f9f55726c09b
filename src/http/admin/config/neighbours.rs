//! Tenants of one base domain are neighbours: a cookie for that domain, or for one above it, goes to all of them.

use crate::http::validation::Validation;
use crate::tenant::settings::Settings;

/// Refused: `SameSite` does not separate neighbours, and one could plant a session with another's name.
pub(in crate::http::admin) fn check_neighbours(
    settings: &Settings,
    base_domain: Option<&str>,
    validation: &mut Validation,
) {
    let (Some(domain), Some(base)) = (&settings.sessions.cookie.domain, base_domain) else {
        return;
    };
    let above = base.strip_suffix(&*domain.to_ascii_lowercase());
    if above.is_some_and(|above| above.is_empty() || above.ends_with('.')) {
        validation.fail(format!(
            "sessions.cookie.domain must be neither tenancy.base_domain ({base}) nor above it: the cookie would go to other tenants"
        ));
    }
}
