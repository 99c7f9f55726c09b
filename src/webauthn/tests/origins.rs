//! Which client origins are taken for which configured ones.

use super::super::client_data::ClientData;
use super::super::error::VerificationError;
use super::super::origin::Origins;

#[test]
fn a_configured_origin_is_normalised_and_a_clients_may_differ_in_case() {
    let origins = origins(&["https://Example.org:443/", "http://localhost:8080"]);
    for origin in [
        "https://example.org",
        "HTTPS://EXAMPLE.ORG",
        "http://localhost:8080",
    ] {
        assert!(check(&origins, origin).is_ok(), "{origin}");
    }
}

#[test]
fn another_origin_is_refused() {
    let origins = origins(&["https://example.org", "https://*.example.com"]);
    for origin in [
        "http://example.org",
        "https://example.org:443",
        "https://example.org:8443",
        "https://example.org/",
        "https://example.org/path?query#fragment",
        "https://user:secret@example.org",
        "https://www.example.org",
        "https://example.org.evil.example",
        "https://example.org@evil.example",
        "https://a.example.com",
        "wss://example.org",
        "android:apk-key-hash:AAAA",
    ] {
        assert!(
            matches!(check(&origins, origin), Err(VerificationError::Origin)),
            "{origin}"
        );
    }
}

#[test]
fn an_origin_that_is_no_url_has_its_own_reason() {
    let origins = origins(&["https://example.org", "example.org", "null"]);
    for origin in ["example.org", "null", "", "https://", "ios:bundle-id:x"] {
        assert!(
            matches!(
                check(&origins, origin),
                Err(VerificationError::OriginNotUrl)
            ),
            "{origin}"
        );
    }
}

#[test]
fn an_android_origin_is_compared_verbatim() {
    let origins = origins(&["android:apk-key-hash:AbCd"]);
    assert!(check(&origins, "android:apk-key-hash:AbCd").is_ok());
    let lower = self::origins(&["android:apk-key-hash:abcd"]);
    assert!(check(&lower, "android:apk-key-hash:AbCd").is_err());
    for origin in ["android:apk-key-hash:abcd", "android:apk-key-hash:AbCd/"] {
        assert!(
            matches!(check(&origins, origin), Err(VerificationError::Origin)),
            "{origin}"
        );
    }
}

#[test]
fn extensions_have_origins_too() {
    let origins = origins(&["chrome-extension://abcdef"]);
    assert!(check(&origins, "chrome-extension://ABCDEF").is_ok());
    assert!(check(&origins, "chrome-extension://abcdef/page").is_err());
}

#[test]
fn a_cross_origin_ceremony_needs_leave() {
    let data = client_data("https://example.org", true, None);
    let closed = Origins::new(&[], &[], false);
    let open = Origins::new(&[], &[], true);
    assert!(matches!(
        closed.check_cross_origin(&data),
        Err(VerificationError::CrossOrigin)
    ));
    assert!(open.check_cross_origin(&data).is_ok());
}

#[test]
fn a_top_origin_needs_leave_and_its_place_in_the_list() {
    let data = client_data("https://example.org", true, Some("https://Top.example"));
    let top = ["https://top.example".to_owned()];
    let other = ["https://other.example".to_owned()];
    assert!(
        Origins::new(&[], &top, true)
            .check_top_origin(&data)
            .is_ok()
    );
    assert!(Origins::new(&[], &[], true).check_top_origin(&data).is_ok());
    for origins in [
        Origins::new(&[], &other, true),
        Origins::new(&[], &top, false),
        Origins::new(&[], &[], false),
    ] {
        assert!(matches!(
            origins.check_top_origin(&data),
            Err(VerificationError::TopOrigin)
        ));
    }
}

fn origins(configured: &[&str]) -> Origins {
    let configured: Vec<String> = configured.iter().map(ToString::to_string).collect();
    Origins::new(&configured, &[], false)
}

fn check(origins: &Origins, origin: &str) -> Result<(), VerificationError> {
    origins.check_origin(&client_data(origin, false, None))
}

fn client_data(origin: &str, cross_origin: bool, top_origin: Option<&str>) -> ClientData {
    ClientData {
        ceremony_type: "webauthn.get".to_owned(),
        challenge: Vec::new(),
        origin: origin.to_owned(),
        cross_origin,
        top_origin: top_origin.map(ToOwned::to_owned),
    }
}
