//! Which tenant a host and a path name, and what hostile ones come to.

use proptest::prelude::*;
use uuid::Uuid;

use super::{Misplaced, Place, Tenancy};
use crate::tenant::ids::TenantId;

const SHOP: &str = "3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42";
const BANK: &str = "0e1b9a4c-3a67-4b0e-9d5c-6d6a3b1f7f10";

fn id(text: &str) -> TenantId {
    TenantId::parse(text).unwrap()
}

fn tenancy() -> Tenancy {
    let hosts = [
        ("login.shop.example", SHOP),
        ("xn--bcher-kva.example", BANK),
    ];
    Tenancy {
        hosts: hosts.map(|(host, tenant)| (host.into(), id(tenant))).into(),
        base_domain: Some("auth.example.com".into()),
        default_tenant: None,
        path_alias: true,
    }
}

/// The tenant that a host names by itself.
fn named(authority: &str) -> Result<Option<TenantId>, Misplaced> {
    tenancy().of_host(authority.as_bytes())
}

/// Which tenant's Public API is asked.
fn public(tenancy: &Tenancy, host: &str, path: &[&str]) -> Result<TenantId, Misplaced> {
    match tenancy.resolve(Some(host.as_bytes()), path)? {
        Place::Public(tenant, _) => Ok(tenant),
        Place::Passkey(..) => panic!("{host} {path:?} is asked of the Passkey API"),
    }
}

#[test]
fn a_name_is_compared_without_port_case_and_trailing_dot() {
    for host in [
        "login.shop.example",
        "login.shop.example:8000",
        "login.shop.example:",
        "login.shop.example.",
        "login.shop.example.:443",
        "LOGIN.Shop.Example",
        "Login.shop.example.:8000",
        "login.shop。example",
    ] {
        assert_eq!(named(host), Ok(Some(id(SHOP))), "{host}");
    }
    for host in [
        "bücher.example",
        "BÜCHER.example:1",
        "XN--bcher-KVA.example",
    ] {
        assert_eq!(named(host), Ok(Some(id(BANK))), "{host}");
    }
    for host in [
        "shop.example",
        "x.login.shop.example",
        "login.shop.example..",
    ] {
        assert_eq!(named(host), Ok(None), "{host}");
    }
}

#[test]
fn a_tenant_id_is_one_label_before_the_base_domain() {
    let upper = SHOP.to_uppercase();
    let simple = SHOP.replace('-', "");
    for (host, expected) in [
        (format!("{SHOP}.auth.example.com"), Some(SHOP)),
        (format!("{upper}.Auth.Example.com.:8000"), Some(SHOP)),
        // One that does not exist is named all the same.
        (format!("{BANK}.auth.example.com"), Some(BANK)),
        (format!("{simple}.auth.example.com"), None),
        (format!("x.{SHOP}.auth.example.com"), None),
        (format!("{SHOP}.x.auth.example.com"), None),
        (format!("{SHOP}auth.example.com"), None),
        (format!("{SHOP}.auth.example.com.evil.example"), None),
        (format!("{SHOP}.evilauth.example.com"), None),
        ("auth.example.com".to_owned(), None),
        (".auth.example.com".to_owned(), None),
        (SHOP.to_owned(), None),
    ] {
        assert_eq!(named(&host), Ok(expected.map(id)), "{host}");
    }
}

#[test]
fn an_address_names_nobody_and_what_is_no_host_is_refused() {
    for host in [
        "127.0.0.1",
        "127.0.0.1:8000",
        "[::1]",
        "[::1]:8000",
        "0X7f.1",
    ] {
        assert_eq!(named(host), Ok(None), "{host}");
    }
    for host in [
        "",
        ":8000",
        ".",
        "[::1",
        "[::1]8000",
        "[x]",
        "::1",
        "a:b",
        "a:123456",
        "a:80:80",
        "ann@login.shop.example",
        "login.shop.example/",
        "login shop",
        "a<b",
        "%",
        "xn--\u{e4}",
    ] {
        assert_eq!(named(host), Err(Misplaced::BadHost), "{host}");
    }
    assert_eq!(tenancy().of_host(b"\xff.example"), Err(Misplaced::BadHost));
    let path = ["me"];
    assert_eq!(tenancy().resolve(None, &path), Err(Misplaced::BadHost));
}

#[test]
fn the_host_comes_before_the_path_and_the_path_before_the_default() {
    let mut tenancy = tenancy();
    let at_root = ["me"];
    let below = [BANK, "me"];
    let nobody = Err(Misplaced::NoTenant);
    assert_eq!(
        public(&tenancy, "login.shop.example", &at_root),
        Ok(id(SHOP))
    );
    assert_eq!(public(&tenancy, "other.example", &at_root), nobody);
    assert_eq!(public(&tenancy, "other.example", &below), Ok(id(BANK)));
    assert_eq!(public(&tenancy, "bücher.example", &below), Ok(id(BANK)));
    let two = Err(Misplaced::TwoTenants);
    assert_eq!(public(&tenancy, "login.shop.example", &below), two);
    tenancy.default_tenant = Some(id(SHOP));
    assert_eq!(public(&tenancy, "other.example", &at_root), Ok(id(SHOP)));
    assert_eq!(public(&tenancy, "[::1]", &at_root), Ok(id(SHOP)));
    assert_eq!(public(&tenancy, "other.example", &below), Ok(id(BANK)));
    assert_eq!(public(&tenancy, "bücher.example", &at_root), Ok(id(BANK)));
}

#[test]
fn two_tenants_are_too_many_for_the_passkey_api_as_well() {
    let path = [BANK, "login", "initialize"];
    let host = Some(&b"login.shop.example"[..]);
    let two = Err(Misplaced::TwoTenants);
    assert_eq!(tenancy().resolve(host, &path), two);
    let host = Some(&b"127.0.0.1:8000"[..]);
    let expected = Place::Passkey(BANK, &path[1..]);
    assert_eq!(tenancy().resolve(host, &path), Ok(expected));
}

#[test]
fn each_path_below_a_tenant_is_one_apis() {
    let place = |rest: &[&str]| {
        let path: Vec<&str> = [SHOP].iter().chain(rest).copied().collect();
        match tenancy().resolve(Some(b"localhost"), &path).unwrap() {
            Place::Public(tenant, rest) => {
                assert_eq!(tenant, id(SHOP));
                Some(rest.join("/"))
            }
            Place::Passkey(tenant, below) => {
                assert_eq!((tenant, below), (SHOP, rest));
                None
            }
        }
    };
    for path in [
        &["webauthn", "login", "initialize"][..],
        &["webauthn", "credentials", "x"],
        &["webauthn"],
        &["me"],
        &["logout"],
        &["sessions", "validate"],
        &["users", "ann"],
        &[".well-known", "config"],
    ] {
        assert_eq!(place(path), Some(path.join("/")));
    }
    // The Passkey API has the shorter path.
    let keys = place(&["webauthn", ".well-known", "jwks.json"]);
    assert_eq!(keys.as_deref(), Some(".well-known/jwks.json"));
    for path in [
        &["registration", "initialize"][..],
        &["login", "finalize"],
        &["credentials"],
        &[".well-known", "jwks.json"],
        &["nothing"],
        &[],
    ] {
        assert_eq!(place(path), None);
    }
}

#[test]
fn without_the_alias_a_path_leads_to_the_passkey_api_only() {
    let tenancy = Tenancy {
        path_alias: false,
        ..tenancy()
    };
    for rest in [&["me"][..], &["webauthn", ".well-known", "jwks.json"]] {
        let path: Vec<&str> = [SHOP].iter().chain(rest).copied().collect();
        for host in ["other.example", "login.shop.example"] {
            let place = tenancy.resolve(Some(host.as_bytes()), &path);
            assert_eq!(place, Ok(Place::Passkey(SHOP, rest)));
        }
    }
    assert_eq!(
        public(&tenancy, "login.shop.example", &["me"]),
        Ok(id(SHOP))
    );
}

#[test]
fn a_mistyped_id_is_told_so_and_a_path_of_the_public_api_is_not() {
    let typo = ["3f1c2e62", "login", "initialize"];
    let place = tenancy().resolve(Some(b"other.example"), &typo);
    assert_eq!(place, Ok(Place::Passkey("3f1c2e62", &typo[1..])));
    let plain = Tenancy::default();
    for path in [&["webauthn", "login", "initialize"][..], &["me"]] {
        for tenancy in [&plain, &tenancy()] {
            assert_eq!(
                public(tenancy, "other.example", path),
                Err(Misplaced::NoTenant)
            );
        }
    }
    let nothing = ["nothing"];
    let host = Some(&b"other.example"[..]);
    assert_eq!(
        plain.resolve(host, &nothing),
        Ok(Place::Passkey("nothing", &[]))
    );
    let nobody = Err(Misplaced::NoTenant);
    assert_eq!(tenancy().resolve(host, &nothing), nobody);
    assert_eq!(plain.resolve(host, &[]), nobody);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_authority_is_too_odd(
        authority in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            "[a-zA-Z0-9.:\\[\\]@%_xn-]{0,60}".prop_map(String::into_bytes),
            "(xn--)?\\PC{0,20}(\\.auth\\.example\\.com)?\\.?(:[0-9]{0,6})?".prop_map(String::into_bytes),
        ],
        segments in proptest::collection::vec("\\PC{0,8}|me|webauthn|\\.well-known|jwks\\.json", 0..5),
    ) {
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        for tenancy in [tenancy(), Tenancy::default()] {
            let place = tenancy.resolve(Some(&authority), &path);
            // Nobody can make up a name that is a tenant's by chance.
            let is_public = matches!(place, Ok(Place::Public(..)));
            prop_assert!(!is_public, "{authority:?} {path:?}");
        }
    }

    #[test]
    fn every_spelling_of_a_tenants_host_is_the_tenants(
        tenant: u128,
        upper in proptest::collection::vec(any::<bool>(), 60),
        dot: bool,
        port in proptest::option::of(any::<u16>()),
    ) {
        let tenant = TenantId(Uuid::from_u128(tenant));
        let host = format!("{tenant}.auth.example.com");
        let letters = host.chars().zip(upper).map(|(letter, upper)| {
            if upper { letter.to_ascii_uppercase() } else { letter }
        });
        let dot = if dot { "." } else { "" };
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        let host = letters.collect::<String>() + dot + &port;
        prop_assert_eq!(named(&host), Ok(Some(tenant)));
    }
}
