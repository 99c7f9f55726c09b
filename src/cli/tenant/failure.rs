//! Why a command about tenants did not do it, and what would help.

use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
pub(in crate::cli) enum Failure {
    #[error("--admin-url {0:?} is not an address like http://127.0.0.1:8001")]
    Address(String),
    #[error(
        "the admin token holds what no header can carry: it is the text of server.admin_token, without a line end"
    )]
    Token,
    #[error("{file:?} cannot be read: {cause}")]
    Unreadable {
        file: PathBuf,
        cause: std::io::Error,
    },
    #[error("{file:?} is neither JSON nor TOML that could be a tenant's config: {cause}")]
    NotConfig { file: PathBuf, cause: String },
    #[error("--origin {0:?} is not an origin like https://shop.example")]
    Origin(String),
    #[error(
        "--rp-id localhost needs the page's origin with its port too, for example --origin http://localhost:3000"
    )]
    LocalhostPort,
    #[error(
        "there is no terminal to ask on: say --yes if the tenant and all it has shall be deleted"
    )]
    NobodyToAsk,
    #[error("the tenant has several API keys: say with --name which one to rotate: {0}")]
    WhichKey(String),
    #[error("nothing was deleted")]
    Declined,
    #[error(
        "{address} does not answer: {cause}. Is the server running, and is this its server.admin_address? That of another machine is reached by `ssh -L 8001:127.0.0.1:8001 MACHINE`, or with --admin-url"
    )]
    Unreachable { address: String, cause: String },
    #[error(
        "the server asks for its admin token: give what its server.admin_token is, best as KEYWRIGHT_ADMIN_TOKEN, or with --token"
    )]
    TokenMissing,
    #[error("the server does not take this admin token: it must be what its server.admin_token is")]
    TokenWrong,
    #[error("the server says no ({status}): {title}{}{details}", if details.is_empty() { "" } else { ": " })]
    Refused {
        status: u16,
        title: String,
        details: String,
    },
    #[error(
        "what answers at {address} is not the admin API of a keywright server: it says {status} to {path}"
    )]
    Stranger {
        address: String,
        path: String,
        status: u16,
    },
    #[error(
        "{0:?} stands in the settings file of the server, which would bring it back: rotate it there"
    )]
    DeclaredKey(String),
}

impl Failure {
    /// 1: refused or failed. 2: bad usage or unreadable input.
    pub(in crate::cli) const fn code(&self) -> u8 {
        match self {
            Self::Address(_)
            | Self::Token
            | Self::Unreadable { .. }
            | Self::NotConfig { .. }
            | Self::Origin(_)
            | Self::LocalhostPort
            | Self::NobodyToAsk
            | Self::WhichKey(_) => 2,
            Self::Declined
            | Self::Unreachable { .. }
            | Self::TokenMissing
            | Self::TokenWrong
            | Self::Refused { .. }
            | Self::Stranger { .. }
            | Self::DeclaredKey(_) => 1,
        }
    }
}
