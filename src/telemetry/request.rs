//! What requests are counted by: the route that they came to, as a template and never as a path; the method; the status.

use super::label::label;

label! {
    /// A route, in the words of its description. All that came to none shares one.
    Template {
        Unknown = "unknown",
        // Pages, and what monitoring asks.
        Status = "/",
        Docs = "/docs",
        OpenApi = "/openapi.json",
        Alive = "/health/alive",
        Ready = "/health/ready",
        Metrics = "/metrics",
        Try = "/try",
        // The Passkey API.
        RegistrationInitialize = "/{tenant_id}/registration/initialize",
        RegistrationFinalize = "/{tenant_id}/registration/finalize",
        LoginInitialize = "/{tenant_id}/login/initialize",
        LoginFinalize = "/{tenant_id}/login/finalize",
        MfaRegistrationInitialize = "/{tenant_id}/mfa/registration/initialize",
        MfaRegistrationFinalize = "/{tenant_id}/mfa/registration/finalize",
        MfaLoginInitialize = "/{tenant_id}/mfa/login/initialize",
        MfaLoginFinalize = "/{tenant_id}/mfa/login/finalize",
        TransactionInitialize = "/{tenant_id}/transaction/initialize",
        TransactionFinalize = "/{tenant_id}/transaction/finalize",
        Transactions = "/{tenant_id}/transaction/{user_id}",
        Credentials = "/{tenant_id}/credentials",
        Credential = "/{tenant_id}/credentials/{credential_id}",
        Jwks = "/{tenant_id}/.well-known/jwks.json",
        AuditLogs = "/{tenant_id}/audit_logs",
        // The Public API, by host or by path.
        PublicRegistrationInitialize = "/webauthn/registration/initialize",
        PublicRegistrationFinalize = "/webauthn/registration/finalize",
        PublicLoginInitialize = "/webauthn/login/initialize",
        PublicLoginFinalize = "/webauthn/login/finalize",
        PublicCredentials = "/webauthn/credentials",
        PublicCredential = "/webauthn/credentials/{credential_id}",
        Me = "/me",
        User = "/users/{user_id}",
        Logout = "/logout",
        SessionsValidate = "/sessions/validate",
        PublicConfig = "/.well-known/config",
        PublicJwks = "/.well-known/jwks.json",
        // The admin API.
        Tenants = "/tenants",
        Tenant = "/tenants/{tenant_id}",
        TenantConfig = "/tenants/{tenant_id}/config",
        ApiKeys = "/tenants/{tenant_id}/secrets/api",
        ApiKey = "/tenants/{tenant_id}/secrets/api/{secret_id}",
        SigningKeys = "/tenants/{tenant_id}/secrets/jwk",
        SigningKey = "/tenants/{tenant_id}/secrets/jwk/{secret_id}",
        TenantUsers = "/tenants/{tenant_id}/users",
        TenantUser = "/tenants/{tenant_id}/users/{user_id}",
        TenantCredentials = "/tenants/{tenant_id}/credentials",
        TenantCredential = "/tenants/{tenant_id}/credentials/{credential_id}",
        TenantSessions = "/tenants/{tenant_id}/sessions",
        TenantSession = "/tenants/{tenant_id}/sessions/{session_id}",
        TenantAuditLogs = "/tenants/{tenant_id}/audit_logs",
    }
}

label! {
    /// Those that OpenTelemetry knows: what a client may call a method may be anything.
    Method {
        Post = "POST",
        Get = "GET",
        Head = "HEAD",
        Put = "PUT",
        Patch = "PATCH",
        Delete = "DELETE",
        Options = "OPTIONS",
        Connect = "CONNECT",
        Trace = "TRACE",
        Other = "_OTHER",
    }
}

label! {
    /// Those that are answered.
    Status {
        Ok = "200",
        Created = "201",
        NoContent = "204",
        NotModified = "304",
        BadRequest = "400",
        Unauthorized = "401",
        Forbidden = "403",
        NotFound = "404",
        MethodNotAllowed = "405",
        RequestTimeout = "408",
        Conflict = "409",
        PayloadTooLarge = "413",
        UnsupportedMediaType = "415",
        UnprocessableEntity = "422",
        TooManyRequests = "429",
        InternalServerError = "500",
        ServiceUnavailable = "503",
        InsufficientStorage = "507",
        Other = "other",
    }
}

impl Status {
    pub const fn of(status: u16) -> Self {
        match status {
            200 => Self::Ok,
            201 => Self::Created,
            204 => Self::NoContent,
            304 => Self::NotModified,
            400 => Self::BadRequest,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            422 => Self::UnprocessableEntity,
            429 => Self::TooManyRequests,
            500 => Self::InternalServerError,
            503 => Self::ServiceUnavailable,
            507 => Self::InsufficientStorage,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_by_its_number() {
        for status in Status::ALL {
            let number = status.as_str().parse().unwrap_or(599);
            assert_eq!(Status::of(number), *status);
        }
    }
}
