//! As what a request is counted: the template of its route, by its path alone, so that a wrong method counts there too. The
//! hot path names its templates itself ([`super::passkey::routes`]).

use crate::telemetry::request::Template;

/// Below a tenant, on the Passkey API.
pub(super) fn passkey(path: &[&str]) -> Template {
    match path {
        ["registration", "initialize"] => Template::RegistrationInitialize,
        ["registration", "finalize"] => Template::RegistrationFinalize,
        ["login", "initialize"] => Template::LoginInitialize,
        ["login", "finalize"] => Template::LoginFinalize,
        ["mfa", "registration", "initialize"] => Template::MfaRegistrationInitialize,
        ["mfa", "registration", "finalize"] => Template::MfaRegistrationFinalize,
        ["mfa", "login", "initialize"] => Template::MfaLoginInitialize,
        ["mfa", "login", "finalize"] => Template::MfaLoginFinalize,
        ["transaction", "initialize"] => Template::TransactionInitialize,
        ["transaction", "finalize"] => Template::TransactionFinalize,
        ["transaction", _] => Template::Transactions,
        ["credentials"] => Template::Credentials,
        ["credentials", _] => Template::Credential,
        [".well-known", "jwks.json"] => Template::Jwks,
        ["audit_logs"] => Template::AuditLogs,
        _ => Template::Unknown,
    }
}

/// On a tenant's own host, on the Public API.
pub(super) fn public(path: &[&str]) -> Template {
    match path {
        ["webauthn", "registration", "initialize"] => Template::PublicRegistrationInitialize,
        ["webauthn", "registration", "finalize"] => Template::PublicRegistrationFinalize,
        ["webauthn", "login", "initialize"] => Template::PublicLoginInitialize,
        ["webauthn", "login", "finalize"] => Template::PublicLoginFinalize,
        ["webauthn", "credentials"] => Template::PublicCredentials,
        ["webauthn", "credentials", _] => Template::PublicCredential,
        ["me"] => Template::Me,
        ["users", _] => Template::User,
        ["logout"] => Template::Logout,
        ["sessions", "validate"] => Template::SessionsValidate,
        [".well-known", "config"] => Template::PublicConfig,
        [".well-known", "jwks.json"] => Template::PublicJwks,
        _ => Template::Unknown,
    }
}

pub(super) fn admin(path: &[&str]) -> Template {
    match path {
        ["tenants"] => Template::Tenants,
        ["tenants", _] => Template::Tenant,
        ["tenants", _, "config"] => Template::TenantConfig,
        ["tenants", _, "secrets", "api"] => Template::ApiKeys,
        ["tenants", _, "secrets", "api", _] => Template::ApiKey,
        ["tenants", _, "secrets", "jwk"] => Template::SigningKeys,
        ["tenants", _, "secrets", "jwk", _] => Template::SigningKey,
        ["tenants", _, "users"] => Template::TenantUsers,
        ["tenants", _, "users", _] => Template::TenantUser,
        ["tenants", _, "credentials"] => Template::TenantCredentials,
        ["tenants", _, "credentials", _] => Template::TenantCredential,
        ["tenants", _, "sessions"] => Template::TenantSessions,
        ["tenants", _, "sessions", _] => Template::TenantSession,
        ["tenants", _, "audit_logs"] => Template::TenantAuditLogs,
        _ => Template::Unknown,
    }
}

/// What is no API. `None`: it is one, or nothing.
pub(super) fn page(path: &[&str]) -> Option<Template> {
    Some(match path {
        ["" | "status.css"] => Template::Status,
        ["docs" | "docs.css" | "docs.js"] => Template::Docs,
        ["openapi.json"] => Template::OpenApi,
        ["health", "alive"] => Template::Alive,
        ["health", "ready"] => Template::Ready,
        ["metrics"] => Template::Metrics,
        ["try", ..] => Template::Try,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments that are told apart by their place stand for any.
    #[test]
    fn each_route_is_counted_by_its_own_template() {
        for template in Template::ALL {
            let path = template.as_str().trim_start_matches('/');
            let path: Vec<&str> = path.split('/').collect();
            let below_tenant = path.strip_prefix(&["{tenant_id}"]);
            let of_passkey = below_tenant.map(passkey);
            let found = of_passkey.unwrap_or_else(|| match path[..] {
                ["tenants", ..] => admin(&path),
                [
                    "webauthn" | "me" | "users" | "logout" | "sessions" | ".well-known",
                    ..,
                ] => public(&path),
                _ => page(&path).unwrap_or(Template::Unknown),
            });
            assert_eq!(found, *template);
        }
    }

    #[test]
    fn nothing_of_a_path_is_told() {
        for path in [&["registration"][..], &["a", "b", "c"], &[]] {
            for counted in [passkey(path), public(path), admin(path)] {
                assert_eq!(counted, Template::Unknown);
            }
            assert_eq!(page(path), None);
        }
    }
}
