//! Why a ceremony or any other request was refused: the stable codes that programs are told, which are a label too.

use super::label::label;

label! {
    /// A stable code. The first kinds stand in answers; the last, which have no code there, only in metrics.
    Reason {
        // What a tenant says no to.
        ChallengeUnknown = "challenge_unknown",
        ChallengeExpired = "challenge_expired",
        UserNotFound = "user_not_found",
        UserGone = "user_gone",
        NoUsableCredential = "no_usable_credential",
        TooManyCredentials = "too_many_credentials",
        CredentialTaken = "credential_taken",
        CredentialNotFound = "credential_not_found",
        UserHandleUnknown = "user_handle_unknown",
        UserHandleMismatch = "user_handle_mismatch",
        CredentialUnknown = "credential_unknown",
        CredentialNotAllowed = "credential_not_allowed",
        CounterNotGreater = "counter_not_greater",
        BackupEligibilityChanged = "backup_eligibility_changed",
        SecretNotFound = "secret_not_found",
        SessionNotFound = "session_not_found",
        KeyNameTaken = "key_name_taken",
        TooManyApiKeys = "too_many_api_keys",
        TransactionTaken = "transaction_taken",
        TooManySigningKeys = "too_many_signing_keys",
        SigningKeyInUse = "signing_key_in_use",
        SigningKeyNeeded = "signing_key_needed",
        Concurrent = "concurrent",
        // What is wrong with an authenticator's response.
        WrongCeremonyType = "wrong_ceremony_type",
        WrongChallenge = "wrong_challenge",
        WrongOrigin = "wrong_origin",
        CrossOrigin = "cross_origin",
        WrongTopOrigin = "wrong_top_origin",
        WrongRpId = "wrong_rp_id",
        UserPresenceMissing = "user_presence_missing",
        UserVerificationMissing = "user_verification_missing",
        BackupFlags = "backup_flags",
        PublicKey = "public_key",
        AlgorithmNotOffered = "algorithm_not_offered",
        AttestationFormat = "attestation_format",
        AttestationSignature = "attestation_signature",
        AttestationCertificate = "attestation_certificate",
        AttestationStatement = "attestation_statement",
        AttestationUntrusted = "attestation_untrusted",
        AaguidNotAllowed = "aaguid_not_allowed",
        Signature = "signature",
        // What is wrong with a request.
        ForeignOrigin = "foreign_origin",
        RateLimited = "rate_limited",
        InvalidRequest = "invalid_request",
        Unauthorized = "unauthorized",
        NotFound = "not_found",
        Other = "other",
        // What is wrong with the server.
        Internal = "internal",
        Unavailable = "unavailable",
        StoreFull = "store_full",
    }
}

impl Reason {
    /// Whether it speaks of the server and not of the request.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Internal | Self::Unavailable | Self::StoreFull)
    }
}
