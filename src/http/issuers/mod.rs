//! Tokens of issuers that a tenant trusts, in place of a session of the Public API.
//!
//! A token is of the issuer that it names in `iss`; which of the tenant's issuers that is, is looked up before anything is
//! verified, and then the token is verified with that issuer's keys ([`crate::tenant::issuer`]). Keys that are not in the
//! settings are fetched over HTTPS and kept ([`key_sets`]).
//!
//! Such a token does what a session does for its bearer: register a passkey, see and change one's own passkeys, ask who one
//! is. It is not a session: it has no record, cannot be ended here, is never put in a cookie, counts in no limit, and
//! `sessions/validate` does not know it. Without a session to end, `logout` with one is 204 and changes nothing.
//! A refusal is 401 like that of any token, also where the issuer's keys cannot be fetched.
//!
//! Who sets the address of keys is the operator, or whoever the operator lets use the admin API: that address, and those
//! it redirects to, are asked whatever network they are in. Nobody is shown what they answer.

mod entry;
mod fetched;
mod key_sets;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use url::{Host, Url};

use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::issuer::{Issuer, Keys, Refused, Subject, Unverified};

pub use fetched::{FetchError, Fetched, Reply};
pub use key_sets::{Fetch, KeySets};

/// Of whom a token speaks. `issuers` are those of the tenant's policy.
pub async fn subject(
    key_sets: &Arc<KeySets>,
    (tenant, issuers): (TenantId, &[Issuer]),
    token: &str,
    now: Timestamp,
) -> Result<Subject, Refused> {
    let token = Unverified::parse(token)?;
    let issuer = token.issuer_among(issuers)?;
    let claimed = issuer.claimed(token, now)?;
    let address = match &issuer.keys {
        Keys::Given(keys) => return claimed.proven(keys),
        Keys::At(address) => (tenant, address.clone()),
    };
    let keys = key_sets.keys(&address).await;
    let keys = keys.ok_or(Refused::KeysUnavailable)?;
    match claimed.proven(&keys) {
        Err(Refused::UnknownKey) => {
            let newer = key_sets.newer_than(&keys, &address).await;
            let newer = newer.ok_or(Refused::UnknownKey)?;
            claimed.proven(&newer)
        }
        proven => proven,
    }
}

/// Keys are believed because of TLS. Without it, only within this machine.
pub fn is_key_address(url: &Url) -> bool {
    let has_secret = !url.username().is_empty() || url.password().is_some();
    let is_safe = match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host().is_some_and(|host| is_this_machine(&host)),
        _ => false,
    };
    is_safe && !has_secret
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
