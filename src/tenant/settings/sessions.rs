//! How people stay signed in with the Public API, and who else may vouch for them.

use minicbor::{Decode, Encode};

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sessions {
    #[n(0)]
    pub lifetime_seconds: u32,
    /// 0: a session that nobody uses lives as long as one in use.
    #[n(1)]
    pub idle_timeout_seconds: u32,
    /// How many a user may have at a time.
    #[n(2)]
    pub limit: u32,
    /// Whether the token is sent in a header instead of the cookie, for pages on another site.
    #[n(3)]
    pub auth_token_header: bool,
    #[n(4)]
    pub cookie: Cookie,
    #[n(5)]
    pub issuers: Vec<Issuer>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            lifetime_seconds: 43_200,
            idle_timeout_seconds: 0,
            limit: 5,
            auth_token_header: false,
            cookie: Cookie::default(),
            issuers: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cookie {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub domain: Option<String>,
    #[n(2)]
    pub secure: bool,
    #[n(3)]
    pub http_only: bool,
    #[n(4)]
    pub same_site: SameSite,
}

impl Default for Cookie {
    fn default() -> Self {
        Self {
            name: "hanko".to_owned(),
            domain: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Strict,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SameSite {
    #[n(0)]
    Strict,
    #[n(1)]
    Lax,
    #[n(2)]
    None,
}

impl SameSite {
    pub const ALL: [Self; 3] = [Self::Strict, Self::Lax, Self::None];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lax => "lax",
            Self::None => "none",
        }
    }
}

/// Whose tokens stand for a session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Issuer {
    #[n(0)]
    pub issuer: String,
    #[n(1)]
    pub audience: String,
    #[n(2)]
    pub keys: IssuerKeys,
    #[n(3)]
    pub claims: Claims,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum IssuerKeys {
    /// A JWKS, as JSON.
    #[n(0)]
    Given(#[n(0)] String),
    /// Where the JWKS is.
    #[n(1)]
    At(#[n(0)] String),
}

/// Which claims say what of the user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claims {
    #[n(0)]
    pub user_id: String,
    #[n(1)]
    pub name: Option<String>,
    #[n(2)]
    pub display_name: Option<String>,
    #[n(3)]
    pub email: Option<String>,
}

impl Default for Claims {
    fn default() -> Self {
        Self {
            user_id: "sub".to_owned(),
            name: None,
            display_name: None,
            email: None,
        }
    }
}
