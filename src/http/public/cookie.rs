//! The session's cookie, with the attributes that the tenant wants.

use actix_web::http::header::{COOKIE, HeaderValue};

use crate::http::call::Call;
use crate::tenant::settings::{Cookie, SameSite};

/// The values of all cookies of that name, as far as anybody needs them. Other cookies of this host may hold any bytes, and
/// spoil nothing.
pub(super) fn values<'a>(call: &'a Call, name: &'a str) -> impl Iterator<Item = &'a str> {
    let headers = call.headers().get_all(COOKIE);
    let pairs = headers
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='));
    pairs
        .filter(move |(other, _)| *other == name)
        .map(|(_, value)| value.trim_matches('"'))
        .take(COOKIES_MAX)
}

/// `Set-Cookie` for one that has ended.
pub(super) fn delete(cookie: &Cookie) -> Option<HeaderValue> {
    set(cookie, "", 0)
}

/// `Set-Cookie` with the attributes in the order of the contract. `None` never: the settings let nothing in that a header could not hold.
pub(super) fn set(cookie: &Cookie, value: &str, seconds: u32) -> Option<HeaderValue> {
    let domain = cookie.domain.as_deref();
    let parts = [
        Some(format!("{}={value}", cookie.name)),
        Some("Path=/".to_owned()),
        domain.map(|domain| format!("Domain={domain}")),
        Some(format!("Max-Age={seconds}")),
        cookie.http_only.then(|| "HttpOnly".to_owned()),
        cookie.secure.then(|| "Secure".to_owned()),
        Some(format!("SameSite={}", same_site(cookie.same_site))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    HeaderValue::try_from(parts.join("; ")).ok()
}

const fn same_site(same_site: SameSite) -> &'static str {
    match same_site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
        SameSite::None => "None",
    }
}

const COOKIES_MAX: usize = 20;
