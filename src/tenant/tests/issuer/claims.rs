//! What a token says: for whom, from when until when, and of which user.

use serde_json::{Value, json};

use super::super::super::issuer::{Issuer, Refused, Unverified};
use super::signer::Signer;
use super::{ask, claims, claims_with, issuer, issuer_of, key_set, subject, user};
use crate::tenant::ids::Timestamp;
use crate::tenant::settings::IssuerKeys;

#[test]
fn a_token_is_for_its_audience_and_of_its_issuer() {
    let signer = Signer::ed25519("one");
    let cases = [
        ("aud", json!("shop"), Ok(())),
        ("aud", json!(["account", "shop"]), Ok(())),
        ("aud", json!("SHOP"), Err(Refused::Audience)),
        ("aud", json!(["shop.example"]), Err(Refused::Audience)),
        ("aud", json!([]), Err(Refused::Audience)),
        ("aud", json!({"shop": "shop"}), Err(Refused::Audience)),
        ("aud", Value::Null, Err(Refused::Audience)),
        ("iss", json!("https://id.example/"), Err(Refused::Issuer)),
        ("iss", json!("https://ID.example"), Err(Refused::Issuer)),
        ("iss", json!(["https://id.example"]), Err(Refused::Issuer)),
        ("iss", Value::Null, Err(Refused::Issuer)),
    ];
    for (name, value, expected) in cases {
        let token = signer.token(&claims_with(name, value.clone()));
        assert_eq!(ask(&signer, &token).map(drop), expected, "{name} {value}");
    }
}

#[test]
fn a_token_holds_for_its_time_and_thirty_seconds() {
    let signer = Signer::ed25519("one");
    let cases = [
        ("exp", json!(1471), Ok(())),
        ("exp", json!(1471.5), Ok(())),
        ("exp", json!(1470), Err(Refused::Expired)),
        ("exp", json!(1470.9), Err(Refused::Expired)),
        ("exp", json!(0), Err(Refused::Expired)),
        ("exp", json!(-1), Err(Refused::Expired)),
        ("exp", json!("2000"), Err(Refused::Expired)),
        ("exp", Value::Null, Err(Refused::Expired)),
        ("exp", json!(u64::MAX), Ok(())),
        ("exp", json!(1e300), Err(Refused::Expired)),
        ("nbf", json!(1530), Ok(())),
        ("nbf", json!(1531), Err(Refused::NotYet)),
        ("nbf", json!("1000"), Err(Refused::NotYet)),
        ("iat", json!(1530), Ok(())),
        ("iat", json!(1531), Err(Refused::NotYet)),
        ("iat", Value::Null, Ok(())),
    ];
    for (name, value, expected) in cases {
        let token = signer.token(&claims_with(name, value.clone()));
        assert_eq!(ask(&signer, &token).map(drop), expected, "{name} {value}");
    }
}

#[test]
fn a_user_is_a_text_that_fits_a_user_handle() {
    let signer = Signer::ed25519("one");
    let long = "x".repeat(64);
    let cases = [
        (json!("ann"), Ok("ann")),
        (json!(long), Ok(&*long)),
        (json!("x".repeat(65)), Err(Refused::User)),
        (json!(""), Err(Refused::User)),
        (json!(7), Err(Refused::User)),
        (json!(["ann"]), Err(Refused::User)),
        (Value::Null, Err(Refused::User)),
    ];
    for (value, expected) in cases {
        let token = signer.token(&claims_with("sub", value.clone()));
        let expected = expected.map(str::to_owned);
        assert_eq!(user(ask(&signer, &token)), expected, "{value}");
    }
}

#[test]
fn claims_are_found_under_the_names_that_the_settings_give_them() {
    let signer = Signer::ed25519("one");
    let mut said = claims();
    said["preferred_username"] = json!("ann");
    said["name"] = json!("Ann Example");
    said["email"] = json!("ann@example.org");
    said["uid"] = json!("4711");
    let mut trusted = issuer(&[signer.jwk()]);
    trusted.claims.user_id = "uid".to_owned();
    let found = subject(&[trusted], &signer.token(&said)).unwrap();
    assert_eq!(found.user.as_str(), "4711");
    assert_eq!(found.name.as_deref(), Some("ann"));
    assert_eq!(found.display_name.as_deref(), Some("Ann Example"));
    assert_eq!(found.email.as_deref(), Some("ann@example.org"));
}

#[test]
fn a_text_to_show_may_be_missing_and_an_address_may_be_in_an_object() {
    let signer = Signer::ed25519("one");
    let cases = [
        (json!("ann@example.org"), Some("ann@example.org")),
        (
            json!({"address": "ann@example.org", "is_primary": true, "is_verified": true}),
            Some("ann@example.org"),
        ),
        (json!({"is_primary": true}), None),
        (json!(""), None),
        (json!("x".repeat(256)), None),
        (json!(true), None),
        (Value::Null, None),
    ];
    for (value, expected) in cases {
        let token = signer.token(&claims_with("email", value.clone()));
        let found = ask(&signer, &token).unwrap();
        assert_eq!(found.email.as_deref(), expected, "{value}");
        assert_eq!((found.name, found.display_name), (None, None));
    }
}

/// The session of a passkey says later that its address is verified.
#[test]
fn an_address_that_its_issuer_has_not_verified_is_left_out() {
    let signer = Signer::ed25519("one");
    let mut within = claims();
    within["email"] = json!({"address": "ann@example.org", "is_verified": false});
    assert_eq!(ask(&signer, &signer.token(&within)).unwrap().email, None);
    for (verified, is_kept) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
    ] {
        let mut beside = claims_with("email", json!("ann@example.org"));
        beside["email_verified"] = verified.clone();
        let found = ask(&signer, &signer.token(&beside)).unwrap();
        assert_eq!(found.email.is_some(), is_kept, "{verified}");
    }
}

#[test]
fn of_two_audiences_of_one_issuer_each_has_its_keys() {
    let (one, other) = (Signer::ed25519("one"), Signer::ed25519("one"));
    let for_other = Issuer {
        audience: "other".into(),
        ..issuer(&[other.jwk()])
    };
    let issuers = [issuer(&[one.jwk()]), for_other];
    let for_other = claims_with("aud", json!(["other"]));
    assert_eq!(
        user(subject(&issuers, &one.token(&claims()))),
        Ok("ann".into())
    );
    assert_eq!(
        user(subject(&issuers, &other.token(&for_other))),
        Ok("ann".into())
    );
    let crossed = subject(&issuers, &one.token(&for_other));
    assert_eq!(crossed, Err(Refused::Signature));
    let nobody = subject(&issuers, &one.token(&claims_with("aud", json!("third"))));
    assert_eq!(nobody, Err(Refused::Audience));
}

/// A token that is for another issuer's claims is not checked with this one's keys.
#[test]
fn claims_are_the_issuers_own() {
    let signer = Signer::ed25519("one");
    let other = issuer_of(
        "https://other.example",
        IssuerKeys::Given(key_set(&[signer.jwk()])),
    );
    let token = signer.token(&claims());
    let token = Unverified::parse(&token).unwrap();
    let claimed = other.claimed(token, Timestamp(1_500_000_000));
    assert_eq!(claimed.err(), Some(Refused::Issuer));
}
