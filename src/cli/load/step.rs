//! The requests that a load is made of.

/// In the order in which reports show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    RegistrationInitialize,
    RegistrationFinalize,
    LoginInitialize,
    LoginFinalize,
    Credentials,
}

impl Step {
    pub(super) const ALL: [Self; 5] = [
        Self::RegistrationInitialize,
        Self::RegistrationFinalize,
        Self::LoginInitialize,
        Self::LoginFinalize,
        Self::Credentials,
    ];

    /// Below a tenant.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::RegistrationInitialize => "registration/initialize",
            Self::RegistrationFinalize => "registration/finalize",
            Self::LoginInitialize => "login/initialize",
            Self::LoginFinalize => "login/finalize",
            Self::Credentials => "credentials",
        }
    }

    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Credentials => "GET",
            Self::RegistrationInitialize
            | Self::RegistrationFinalize
            | Self::LoginInitialize
            | Self::LoginFinalize => "POST",
        }
    }

    /// As the server's metrics name it: ceremony and step.
    pub(super) const fn ceremony(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::RegistrationInitialize => Some(("registration", "initialize")),
            Self::RegistrationFinalize => Some(("registration", "finalize")),
            Self::LoginInitialize => Some(("login", "initialize")),
            Self::LoginFinalize => Some(("login", "finalize")),
            Self::Credentials => None,
        }
    }
}
