//! Sets of keys: tokens that `jose` has made are verified with the key that they name, and sets are read with care.

use serde_json::{Value, json};

use super::super::super::issuer::{KEY_SET_BYTES_MAX, KeySet, KeySetError, Refused};
use super::signer::{Signer, encode};
use super::{claims, issuer, key_set, subject, user};

/// Made with npm's jose 6: ten keys, and a token that each has signed.
const JOSE: &str = include_str!("jose.json");

fn jose() -> (Vec<Value>, Vec<(String, String)>) {
    let all: Value = serde_json::from_str(JOSE).unwrap();
    let tokens = all["tokens"].as_object().unwrap().iter();
    let tokens = tokens.map(|(name, token)| (name.clone(), token.as_str().unwrap().to_owned()));
    (all["keys"].as_array().unwrap().clone(), tokens.collect())
}

#[test]
fn what_jose_has_signed_is_verified_with_each_algorithm() {
    let (keys, tokens) = jose();
    assert_eq!(tokens.len(), 10);
    let issuers = [issuer(&keys)];
    for (algorithm, token) in tokens {
        let found = subject(&issuers, &token).expect(&algorithm);
        assert_eq!(found.user.as_str(), "ann");
        assert_eq!(found.email.as_deref(), Some("ann@example.org"));
    }
}

/// An issuer may leave `alg`, `use` and `kid` out of its keys.
#[test]
fn a_key_that_says_little_is_good_for_all_that_it_can() {
    let (keys, tokens) = jose();
    for (algorithm, token) in tokens {
        let mut key = keys
            .iter()
            .find(|key| key["alg"] == *algorithm)
            .unwrap()
            .clone();
        for member in ["alg", "use"] {
            key.as_object_mut().unwrap().remove(member);
        }
        let found = user(subject(&[issuer(&[key.clone()])], &token));
        assert_eq!(found, Ok("ann".to_owned()), "{algorithm}");
        key.as_object_mut().unwrap().remove("kid");
        let found = subject(&[issuer(&[key])], &token);
        assert_eq!(found, Err(Refused::UnknownKey), "{algorithm}");
    }
}

#[test]
fn a_token_that_names_no_key_is_of_the_only_one_that_fits() {
    let (ed, ec, other) = (Signer::ed25519("a"), Signer::p256("b"), Signer::p256("c"));
    let header = json!({"alg": "ES256"});
    let token = ec.token_as(&header, &claims());
    let ask = |keys: &[&Signer]| {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        user(subject(&[issuer(&keys)], &token))
    };
    assert_eq!(ask(&[&ed, &ec]), Ok("ann".to_owned()));
    assert_eq!(ask(&[&ed, &ec, &other]), Err(Refused::AmbiguousKey));
    assert_eq!(ask(&[&ed]), Err(Refused::Algorithm));
    // The issuer may have replaced its key: others are looked for.
    assert_eq!(ask(&[&other]), Err(Refused::UnknownKey));
}

#[test]
fn keys_that_share_an_id_are_tried_one_after_the_other() {
    let signers: Vec<Signer> = (0..5).map(|_| Signer::ed25519("one")).collect();
    let keys: Vec<Value> = signers.iter().map(Signer::jwk).collect();
    let mixed = [Signer::p256("one").jwk(), keys[0].clone()];
    let token = |of: usize| signers[of].token(&claims());
    let ask = |keys: &[Value], of: usize| user(subject(&[issuer(keys)], &token(of)));
    assert_eq!(ask(&mixed, 0), Ok("ann".to_owned()));
    assert_eq!(ask(&keys[..4], 3), Ok("ann".to_owned()));
    assert_eq!(ask(&keys[..4], 4), Err(Refused::Signature));
    assert_eq!(ask(&keys, 0), Err(Refused::AmbiguousKey));
}

/// Two tenants trust issuers of one name; each has the keys of its own.
#[test]
fn a_key_of_another_tenant_is_unknown() {
    let (own, others) = (Signer::ed25519("own"), Signer::ed25519("others"));
    let issuers = [issuer(&[own.jwk()])];
    let refused = subject(&issuers, &others.token(&claims()));
    assert_eq!(refused, Err(Refused::UnknownKey));
    let header = own.header();
    let refused = subject(&issuers, &others.token_as(&header, &claims()));
    assert_eq!(refused, Err(Refused::Signature));
}

#[test]
fn keys_for_other_ends_are_left_out() {
    let rsa = Signer::rsa("one").jwk();
    let p256 = Signer::p256("one").jwk();
    let ed = Signer::ed25519("one").jwk();
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    let point_off_the_curve = encode([1; 32]);
    let cases = [
        with(&rsa, "use", json!("enc")),
        with(&rsa, "alg", json!("RSA-OAEP")),
        with(&rsa, "alg", json!("HS256")),
        with(&rsa, "alg", json!("none")),
        with(&rsa, "alg", json!("ES256")),
        with(&rsa, "key_ops", json!(["wrapKey"])),
        with(&rsa, "d", json!("AA")),
        with(&rsa, "n", json!(encode([0xFF; 128]))),
        with(&rsa, "n", json!(encode([0xFE; 256]))),
        with(&rsa, "e", json!("AQ")),
        with(&rsa, "kid", json!(1)),
        with(&p256, "alg", json!("ES384")),
        with(&p256, "crv", json!("P-384")),
        with(&p256, "crv", json!("secp256k1")),
        with(&p256, "y", json!(point_off_the_curve)),
        with(&p256, "y", Value::Null),
        with(&ed, "crv", json!("Ed448")),
        with(&ed, "crv", json!("X25519")),
        with(&ed, "x", json!("AA")),
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "one"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        json!({}),
    ];
    for key in cases {
        let set = key_set(std::slice::from_ref(&key));
        let refused = KeySet::parse(set.as_bytes()).unwrap_err();
        assert_eq!(refused, KeySetError::NoUsableKey, "{key}");
        let both = key_set(&[key.clone(), ed.clone()]);
        assert!(KeySet::parse(both.as_bytes()).is_ok(), "{key}");
    }
    let signs = with(&rsa, "key_ops", json!(["verify"]));
    assert!(KeySet::parse(key_set(&[signs]).as_bytes()).is_ok());
}

#[test]
fn a_set_has_a_form_and_limits() {
    let key = Signer::ed25519("one").jwk();
    let parse = |text: &str| KeySet::parse(text.as_bytes()).map(drop);
    for text in [
        "",
        "[]",
        "{}",
        r#"{"keys": {}}"#,
        r#"{"keys": [1]}"#,
        "<html>",
    ] {
        assert_eq!(parse(text), Err(KeySetError::NotAKeySet), "{text}");
    }
    assert_eq!(parse(r#"{"keys": []}"#), Err(KeySetError::NoUsableKey));
    assert_eq!(parse(&key_set(&vec![key.clone(); 100])), Ok(()));
    let many = key_set(&vec![key.clone(); 101]);
    assert_eq!(parse(&many), Err(KeySetError::TooManyKeys));
    let one = key_set(std::slice::from_ref(&key));
    let padded = |length: usize| one.clone() + &" ".repeat(length - one.len());
    assert_eq!(parse(&padded(KEY_SET_BYTES_MAX)), Ok(()));
    let long = padded(KEY_SET_BYTES_MAX + 1);
    assert_eq!(parse(&long), Err(KeySetError::TooLong));
}
