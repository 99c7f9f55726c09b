//! What a tenant's audit log tells: who did what, from where, and how it ended.

use minicbor::{Decode, Encode};

use super::ids::UserId;
use super::token::Operation;

/// What an entry tells of. The names are the contract's (§7), and keywright's beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Ceremony {
        operation: Operation,
        step: Step,
        outcome: Outcome,
    },
    CredentialUpdated,
    CredentialDeleted,
    TenantCreated,
    TenantUpdated,
    TenantConfigUpdated,
    TenantDeleted,
    SecretCreated,
    SecretDeleted,
    SigningKeyCreated,
    UserDeleted,
    SessionCreated,
    SessionDeleted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    Initialize,
    Finalize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Succeeded,
    Failed,
}

impl Kind {
    /// A ceremony that was finished as it should be.
    pub const fn finished(operation: Operation) -> Self {
        ceremony(operation, Step::Finalize, Outcome::Succeeded)
    }

    /// A ceremony that begins.
    pub const fn begun(operation: Operation) -> Self {
        ceremony(operation, Step::Initialize, Outcome::Succeeded)
    }

    /// The same step of the same ceremony, refused. Changes are told of only where they happen.
    #[must_use]
    pub const fn refused(self) -> Self {
        match self {
            Self::Ceremony {
                operation, step, ..
            } => ceremony(operation, step, Outcome::Failed),
            Self::CredentialUpdated
            | Self::CredentialDeleted
            | Self::TenantCreated
            | Self::TenantUpdated
            | Self::TenantConfigUpdated
            | Self::TenantDeleted
            | Self::SecretCreated
            | Self::SecretDeleted
            | Self::SigningKeyCreated
            | Self::UserDeleted
            | Self::SessionCreated
            | Self::SessionDeleted => self,
        }
    }

    pub fn name(self) -> &'static str {
        let found = KINDS.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| *name)
    }

    pub fn of_name(name: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }

    pub fn of_number(number: u8) -> Option<Self> {
        KINDS
            .iter()
            .find(|(kind, _)| kind.number() == number)
            .map(|(kind, _)| *kind)
    }

    /// On disk: never changed, only added to.
    pub const fn number(self) -> u8 {
        match self {
            Self::Ceremony {
                operation,
                step,
                outcome,
            } => operation.number() * 4 + step.number() * 2 + outcome.number(),
            Self::CredentialUpdated => 100,
            Self::CredentialDeleted => 101,
            Self::TenantCreated => 102,
            Self::TenantUpdated => 103,
            Self::TenantConfigUpdated => 104,
            Self::TenantDeleted => 105,
            Self::SecretCreated => 106,
            Self::SecretDeleted => 107,
            Self::SigningKeyCreated => 108,
            Self::UserDeleted => 109,
            Self::SessionCreated => 110,
            Self::SessionDeleted => 111,
        }
    }
}

impl Step {
    const fn number(self) -> u8 {
        match self {
            Self::Initialize => 0,
            Self::Finalize => 1,
        }
    }
}

impl Outcome {
    const fn number(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Failed => 1,
        }
    }
}

/// What a decision says of its change; it goes into the commit of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub kind: Kind,
    pub user: Option<UserId>,
    /// The relying party's name for the transaction.
    pub transaction: Option<Box<str>>,
    /// Why it failed; or what was wrong and accepted, because the tenant's policy says so.
    pub error: Option<Box<str>>,
}

impl Note {
    pub const fn of(kind: Kind) -> Self {
        Self {
            kind,
            user: None,
            transaction: None,
            error: None,
        }
    }

    #[must_use]
    pub fn about(mut self, user: &UserId) -> Self {
        self.user = Some(user.clone());
        self
    }

    #[must_use]
    pub fn in_transaction(mut self, id: &str) -> Self {
        self.transaction = Some(id.into());
        self
    }

    #[must_use]
    pub fn refused(mut self, error: &str) -> Self {
        self.kind = self.kind.refused();
        self.because(error)
    }

    /// Cut where it is too long to keep.
    #[must_use]
    pub fn because(mut self, error: &str) -> Self {
        self.error = Some(error[..error.floor_char_boundary(ERROR_BYTES_MAX)].into());
        self
    }
}

/// Who asked, as far as the network tells. Bounded before it comes here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Requester {
    #[n(0)]
    pub request_id: Box<str>,
    #[n(1)]
    pub source_ip: Box<str>,
    #[n(2)]
    pub user_agent: Box<str>,
}

/// What is kept of an entry beside its time, its id and its kind.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    #[n(0)]
    pub by: Requester,
    #[n(1)]
    pub user: Option<Box<str>>,
    #[n(2)]
    pub transaction: Option<Box<str>>,
    /// Why it failed, or what was accepted although it was wrong.
    #[n(3)]
    pub error: Option<Box<str>>,
}

const ERROR_BYTES_MAX: usize = 512;

const fn ceremony(operation: Operation, step: Step, outcome: Outcome) -> Kind {
    Kind::Ceremony {
        operation,
        step,
        outcome,
    }
}

pub const KINDS: [(Kind, &str); 32] = {
    use Operation::{Login, MfaLogin, MfaRegistration, Registration, Transaction};
    use Outcome::{Failed, Succeeded};
    use Step::{Finalize, Initialize};
    [
        (
            ceremony(Registration, Initialize, Succeeded),
            "webauthn_registration_init_succeeded",
        ),
        (
            ceremony(Registration, Initialize, Failed),
            "webauthn_registration_init_failed",
        ),
        (
            ceremony(Registration, Finalize, Succeeded),
            "webauthn_registration_final_succeeded",
        ),
        (
            ceremony(Registration, Finalize, Failed),
            "webauthn_registration_final_failed",
        ),
        (
            ceremony(Login, Initialize, Succeeded),
            "webauthn_authentication_init_succeeded",
        ),
        (
            ceremony(Login, Initialize, Failed),
            "webauthn_authentication_init_failed",
        ),
        (
            ceremony(Login, Finalize, Succeeded),
            "webauthn_authentication_final_succeeded",
        ),
        (
            ceremony(Login, Finalize, Failed),
            "webauthn_authentication_final_failed",
        ),
        (
            ceremony(Transaction, Initialize, Succeeded),
            "webauthn_transaction_init_succeeded",
        ),
        (
            ceremony(Transaction, Initialize, Failed),
            "webauthn_transaction_init_failed",
        ),
        (
            ceremony(Transaction, Finalize, Succeeded),
            "webauthn_transaction_final_succeeded",
        ),
        (
            ceremony(Transaction, Finalize, Failed),
            "webauthn_transaction_final_failed",
        ),
        (
            ceremony(MfaRegistration, Initialize, Succeeded),
            "mfa_registration_init_succeeded",
        ),
        (
            ceremony(MfaRegistration, Initialize, Failed),
            "mfa_registration_init_failed",
        ),
        (
            ceremony(MfaRegistration, Finalize, Succeeded),
            "mfa_registration_final_succeeded",
        ),
        (
            ceremony(MfaRegistration, Finalize, Failed),
            "mfa_registration_final_failed",
        ),
        (
            ceremony(MfaLogin, Initialize, Succeeded),
            "mfa_authentication_init_succeeded",
        ),
        (
            ceremony(MfaLogin, Initialize, Failed),
            "mfa_authentication_init_failed",
        ),
        (
            ceremony(MfaLogin, Finalize, Succeeded),
            "mfa_authentication_final_succeeded",
        ),
        (
            ceremony(MfaLogin, Finalize, Failed),
            "mfa_authentication_final_failed",
        ),
        (Kind::CredentialUpdated, "webauthn_credential_updated"),
        (Kind::CredentialDeleted, "webauthn_credential_deleted"),
        (Kind::TenantCreated, "tenant_created"),
        (Kind::TenantUpdated, "tenant_updated"),
        (Kind::TenantConfigUpdated, "tenant_config_updated"),
        (Kind::TenantDeleted, "tenant_deleted"),
        (Kind::SecretCreated, "secret_created"),
        (Kind::SecretDeleted, "secret_deleted"),
        (Kind::SigningKeyCreated, "signing_key_created"),
        (Kind::UserDeleted, "user_deleted"),
        (Kind::SessionCreated, "session_created"),
        (Kind::SessionDeleted, "session_deleted"),
    ]
};
