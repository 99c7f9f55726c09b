//! Who asks, and by which address they reached us: what the connection says, and behind a trusted proxy what that says.
//!
//! What anybody else sends in these headers is not looked at. A proxy appends to a list that its client may have begun, so
//! lists are read from their end, and only as far as the addresses on them are trusted.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use actix_http::{HttpMessage, Request};
use actix_web::http::header::{
    FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR, X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
};
use actix_web::http::uri::Authority;
use ipnet::IpNet;

/// The proxies whose word counts.
#[derive(Debug, Clone, Default)]
pub struct Proxies(pub Vec<IpNet>);

/// How the client reached us, for the links of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    pub scheme: &'static str,
    /// With the port, if it was named.
    pub host: &'a str,
}

impl Proxies {
    /// The address of the client. Nothing is allocated.
    pub fn client(&self, request: &Request) -> IpAddr {
        let peer = peer(request);
        if !self.trust(peer) {
            return peer;
        }
        let headers = request.headers();
        if headers.contains_key(X_FORWARDED_FOR) {
            self.farthest(peer, list(headers, X_FORWARDED_FOR).map(node))
        } else {
            let hops = list(headers, FORWARDED);
            self.farthest(peer, hops.map(|hop| node(parameter(hop, "for")?)))
        }
    }

    pub fn origin<'a>(&self, request: &'a Request) -> Origin<'a> {
        let headers = request.headers();
        let trusted = self.speak(request);
        let told = |name, parameter| told(headers, name, parameter).filter(|_| trusted);
        let host = told(X_FORWARDED_HOST, "host").filter(|host| is_host(host));
        let is_https = told(X_FORWARDED_PROTO, "proto")
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        Origin {
            scheme: if is_https { "https" } else { "http" },
            host: host.unwrap_or_else(|| asked_for(request)),
        }
    }

    /// The host that the client asked for, as it was sent, with its port. `None`: none, or several.
    pub fn host<'a>(&self, request: &'a Request) -> Option<&'a [u8]> {
        let headers = request.headers();
        if !self.0.is_empty()
            && self.speak(request)
            && let Some(host) = told(headers, X_FORWARDED_HOST, "host")
            && !host.is_empty()
        {
            return Some(host.as_bytes());
        }
        if let Some(authority) = request.uri().authority() {
            return Some(authority.as_str().as_bytes());
        }
        let mut hosts = headers.get_all(HOST);
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => Some(host.as_bytes()),
            _ => None,
        }
    }

    /// Whether somebody whose word does not count says to speak for others.
    pub fn is_overheard(&self, request: &Request) -> bool {
        let headers = request.headers();
        let speaks = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
        speaks && !self.speak(request)
    }

    /// Whether the request comes from one of them.
    pub fn speak(&self, request: &Request) -> bool {
        self.trust(peer(request))
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The first hop that is no proxy of ours, or the last that can be read.
    fn farthest(&self, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for hop in hops.map_while(|hop| hop) {
            client = hop;
            if !self.trust(hop) {
                break;
            }
        }
        client
    }
}

/// A listener on `[::]` shows IPv4 clients as IPv6 ones.
fn peer(request: &Request) -> IpAddr {
    let peer = request.peer_addr();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
        peer.ip().to_canonical()
    })
}

/// The entries of a list over all headers of the name, the last first. Quotes are not minded: a comma in them would be the
/// client's, and the proxy's entry behind it must not end up in the client's quotes.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).rev();
    values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
}

/// What the nearest proxy says.
fn told<'a>(headers: &'a HeaderMap, name: HeaderName, parameter_name: &str) -> Option<&'a str> {
    if headers.contains_key(&name) {
        return list(headers, name).next().map(str::trim);
    }
    parameter(list(headers, FORWARDED).next()?, parameter_name)
}

/// A parameter of an element of `Forwarded` (RFC 7239).
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(other, _)| other.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// An address, with or without a port. Those who hide have none.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0.parse().ok()?,
        None => text.parse().ok().or_else(|| {
            let (address, _) = text.split_once(':')?;
            address.parse().ok()
        })?,
    };
    Some(IpAddr::to_canonical(&address))
}

/// What the request itself says, as far as it can stand in a link.
fn asked_for(request: &Request) -> &str {
    let authority = request.uri().authority().map(Authority::as_str);
    let header = || request.headers().get(HOST).map(HeaderValue::to_str);
    let host = authority.or_else(|| header()?.ok());
    host.filter(|host| is_host(host)).unwrap_or("localhost")
}

fn is_host(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    (1..=HOST_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_fit)
}

/// A name has at most 253, then there is the port.
const HOST_LENGTH_MAX: usize = 259;
