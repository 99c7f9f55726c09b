//! Names of authenticators: those that come with the program, and an operator's on top.

use uuid::{Uuid, uuid};

use super::super::authenticator::{AuthenticatorNames, NamesError};

const ICLOUD: Uuid = uuid!("fbfc3007-154e-4ecc-8c0b-6e020557d7bd");

#[test]
fn well_known_authenticators_have_names() {
    let names = AuthenticatorNames::known();
    assert_eq!(names.of(ICLOUD), Some("iCloud Keychain"));
    assert_eq!(names.of(Uuid::nil()), None, "that is no authenticator");
}

#[test]
fn an_operators_names_go_before_the_known_ones() {
    let mut names = AuthenticatorNames::known();
    let json = r#"{
        "FBFC3007-154E-4ECC-8C0B-6E020557D7BD": "Apple",
        "00000000-0000-0000-0000-000000000001": {"name": "Ours", "icon_light": "data:…"}
    }"#;
    names.add(json).unwrap();
    assert_eq!(names.of(ICLOUD), Some("Apple"));
    assert_eq!(names.of(Uuid::from_u128(1)), Some("Ours"));
    let bitwarden = uuid!("d548826e-79b4-db40-a3d8-11116f7e8349");
    assert_eq!(names.of(bitwarden), Some("Bitwarden"));
}

#[test]
fn bad_names_are_refused() {
    let mut names = AuthenticatorNames::known();
    for json in ["", "[]", r#"{"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": 1}"#] {
        let refused = names.add(json);
        assert!(matches!(refused, Err(NamesError::Json(_))), "{json}");
    }
    let refused = names.add(r#"{"x": "y"}"#);
    assert!(matches!(refused, Err(NamesError::Aaguid(text)) if text == "x"));
    let long = "n".repeat(256);
    for name in ["", &long] {
        let refused = names.add(&format!(r#"{{"{ICLOUD}": "{name}"}}"#));
        assert!(matches!(refused, Err(NamesError::Name(ICLOUD))), "{name}");
    }
}
