//! Whose word counts, and how far.

use std::net::IpAddr;

use actix_http::Request;
use actix_web::test::TestRequest;

use super::{Origin, Proxies};

const PROXY: &str = "10.0.0.1:4000";
const STRANGER: &str = "203.0.113.9:4000";

fn proxies() -> Proxies {
    let networks = ["10.0.0.0/8", "fd00::/8"];
    Proxies(networks.map(|text| text.parse().unwrap()).to_vec())
}

fn request(peer: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    request.to_request()
}

#[track_caller]
fn client(peer: &str, headers: &[(&str, &str)], expected: &str) {
    let expected: IpAddr = expected.parse().unwrap();
    assert_eq!(
        proxies().client(&request(peer, headers)),
        expected,
        "{headers:?}"
    );
}

#[test]
fn a_stranger_speaks_for_nobody() {
    for headers in [
        [("X-Forwarded-For", "198.51.100.1")],
        [("Forwarded", "for=198.51.100.1")],
    ] {
        client(STRANGER, &headers, "203.0.113.9");
        let nobody = Proxies::default();
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(nobody.client(&request(PROXY, &headers)), peer);
        assert!(nobody.is_overheard(&request(PROXY, &headers)));
        assert!(!proxies().is_overheard(&request(PROXY, &headers)));
    }
    assert!(!proxies().is_overheard(&request(STRANGER, &[])));
}

#[test]
fn the_last_address_that_is_no_proxy_is_the_client() {
    for (list, expected) in [
        ("198.51.100.1", "198.51.100.1"),
        // What the client sent itself stands on the left.
        ("127.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1,198.51.100.1 , 10.9.9.9,fd00::7", "198.51.100.1"),
        ("10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("198.51.100.1:5123", "198.51.100.1"),
        ("[2001:db8::1]:5123", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        // Nobody can be read on the left of what cannot be read.
        ("198.51.100.1, unknown", "10.0.0.1"),
        ("198.51.100.1, unknown, 10.0.0.9", "10.0.0.9"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("198.51.100.1, [2001:db8::1", "10.0.0.1"),
    ] {
        client(PROXY, &[("X-Forwarded-For", list)], expected);
        client(
            "[::ffff:10.0.0.1]:4000",
            &[("X-Forwarded-For", list)],
            expected,
        );
    }
    let lines = [
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Forwarded-For", "198.51.100.2, 10.0.0.9"),
    ];
    client(PROXY, &lines, "198.51.100.2");
}

#[test]
fn the_standard_header_says_it_too() {
    for (elements, expected) in [
        ("for=198.51.100.1;proto=https;host=x", "198.51.100.1"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        (
            "for=192.0.2.1, proto=http; FOR = 198.51.100.1",
            "198.51.100.1",
        ),
        ("for=192.0.2.1, for=10.0.0.3", "192.0.2.1"),
        ("for=192.0.2.1, for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
        // The client leaves its quotes open.
        ("for=\"192.0.2.1, for=198.51.100.1", "198.51.100.1"),
    ] {
        client(PROXY, &[("Forwarded", elements)], expected);
    }
    let both = [
        ("Forwarded", "for=192.0.2.1"),
        ("X-Forwarded-For", "198.51.100.1"),
    ];
    client(PROXY, &both, "198.51.100.1");
}

#[test]
fn a_trusted_proxy_says_how_it_was_asked() {
    let plain = [("Host", "inside:8000")];
    for (peer, headers, scheme, host) in [
        (PROXY, &[][..], "http", "inside:8000"),
        (
            PROXY,
            &[
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "pass.example"),
            ],
            "https",
            "pass.example",
        ),
        (
            PROXY,
            &[("Forwarded", "for=x;proto=HTTPS;host=\"pass.example:444\"")],
            "https",
            "pass.example:444",
        ),
        (
            PROXY,
            &[("X-Forwarded-Proto", "https, http")],
            "http",
            "inside:8000",
        ),
        (
            PROXY,
            &[("X-Forwarded-Proto", "javascript")],
            "http",
            "inside:8000",
        ),
        (PROXY, &[("X-Forwarded-Host", "a>b")], "http", "inside:8000"),
        (
            STRANGER,
            &[
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "pass.example"),
                ("Forwarded", "proto=https;host=pass.example"),
            ],
            "http",
            "inside:8000",
        ),
    ] {
        let all: Vec<_> = plain.iter().chain(headers).copied().collect();
        let request = request(peer, &all);
        assert_eq!(
            proxies().origin(&request),
            Origin { scheme, host },
            "{headers:?}"
        );
    }
    let odd = request(STRANGER, &[("Host", "a>b")]);
    assert_eq!(proxies().origin(&odd).host, "localhost");
}
