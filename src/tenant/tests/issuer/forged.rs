//! What does not pass: unsigned tokens, tokens signed with what is public, with another's key, and other kinds of token.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::super::issuer::Refused;
use super::signer::{Signer, encode, sealed};
use super::{ask, claims, issuer, subject, user};

fn signers() -> [Signer; 3] {
    [
        Signer::rsa("one"),
        Signer::p256("one"),
        Signer::ed25519("one"),
    ]
}

#[test]
fn a_token_without_a_signature_is_refused() {
    for signer in signers() {
        for algorithm in ["none", "None", "NONE", "nOnE", ""] {
            let header = json!({"alg": algorithm, "kid": "one"});
            let token = sealed(&header, &claims(), |_| Vec::new());
            assert_eq!(ask(&signer, &token), Err(Refused::Algorithm), "{algorithm}");
        }
        let token = sealed(&signer.header(), &claims(), |_| Vec::new());
        assert_eq!(ask(&signer, &token), Err(Refused::Signature));
        let header = json!({"kid": "one"});
        let token = signer.token_as(&header, &claims());
        assert_eq!(ask(&signer, &token), Err(Refused::Malformed));
    }
}

/// Public keys are no secrets, in whichever form somebody takes one for a secret.
#[test]
fn a_public_key_is_no_secret() {
    for signer in signers() {
        let jwk = signer.jwk();
        let bytes = signer.public_bytes();
        let base64 = STANDARD.encode(&bytes);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        let number = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap();
        let secrets = [
            bytes,
            base64.into_bytes(),
            pem.into_bytes(),
            jwk.to_string().into_bytes(),
            number.as_bytes().to_vec(),
            Vec::new(),
        ];
        for secret in &secrets {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let sign = |message: &[u8]| hmac::sign(&secret, message).as_ref().to_vec();
            for algorithm in ["HS256", signer.algorithm()] {
                let header = json!({"alg": algorithm, "kid": "one"});
                let refused = ask(&signer, &sealed(&header, &claims(), sign)).unwrap_err();
                assert!(
                    matches!(refused, Refused::Algorithm | Refused::Signature),
                    "{refused:?}"
                );
            }
        }
    }
}

#[test]
fn a_key_verifies_only_with_its_own_algorithms() {
    let all = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"];
    for signer in signers() {
        for algorithm in all {
            let header = json!({"alg": algorithm, "kid": "one"});
            let token = signer.token_as(&header, &claims());
            let is_its_own = algorithm == signer.algorithm()
                || (signer.algorithm(), algorithm) == ("RS256", "PS256");
            let expected = if is_its_own {
                Ok("ann".to_owned())
            } else {
                Err(Refused::Algorithm)
            };
            assert_eq!(user(ask(&signer, &token)), expected, "{algorithm}");
        }
    }
    let rsa = Signer::rsa("one");
    let mut only = rsa.jwk();
    only["alg"] = json!("RS256");
    let header = json!({"alg": "PS256", "kid": "one"});
    let token = rsa.token_as(&header, &claims());
    let refused = subject(&[issuer(&[only])], &token);
    assert_eq!(refused, Err(Refused::Algorithm));
}

#[test]
fn a_key_in_the_token_is_not_looked_at() {
    let (signer, forger) = (Signer::ed25519("one"), Signer::ed25519("one"));
    for (member, value) in [
        ("jwk", forger.jwk()),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["AA"])),
    ] {
        let mut header = forger.header();
        header[member] = value;
        let refused = ask(&signer, &forger.token_as(&header, &claims()));
        assert_eq!(refused, Err(Refused::Signature), "{member}");
    }
}

#[test]
fn a_changed_token_is_refused() {
    let signer = Signer::p256("one");
    let token = signer.token(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let mut others = claims();
    others["sub"] = json!("bob");
    let other = encode(others.to_string());
    let changed = format!("{}.{other}.{}", parts[0], parts[2]);
    assert_eq!(ask(&signer, &changed), Err(Refused::Signature));
    let other = encode(json!({"alg": "ES256", "kid": "one"}).to_string());
    let changed = format!("{other}.{}.{}", parts[1], parts[2]);
    assert_eq!(ask(&signer, &changed), Err(Refused::Signature));
    assert_eq!(user(ask(&signer, &token)), Ok("ann".to_owned()));
}

#[test]
fn what_is_no_compact_token_is_refused() {
    let signer = Signer::ed25519("one");
    let token = signer.token(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let flat = json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]});
    let list = json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]});
    let cases = [
        flat.to_string(),
        list.to_string(),
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        parts[..2].join("."),
        format!("{token}."),
        format!("{token}.{}", parts[2]),
        format!("{token}="),
        format!("{token} "),
        format!(" {token}"),
        token.replacen('.', "\n.", 1),
        format!("{}.{}.{}", parts[0], encode("[]"), parts[2]),
        format!("{}.{}.{}", encode("[]"), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], encode([0xFF]), parts[2]),
    ];
    for case in cases {
        assert_eq!(ask(&signer, &case), Err(Refused::Malformed), "{case}");
    }
}

#[test]
fn a_token_has_a_longest_length() {
    let signer = Signer::ed25519("one");
    let mut said = claims();
    said["filler"] = json!("x".repeat(5900));
    let token = signer.token(&said);
    assert!(token.len() < 8192, "{}", token.len());
    assert_eq!(user(ask(&signer, &token)), Ok("ann".to_owned()));
    said["filler"] = json!("x".repeat(6200));
    let token = signer.token(&said);
    assert_eq!(ask(&signer, &token), Err(Refused::Malformed));
}

#[test]
fn what_a_header_asks_for_is_understood_or_refused() {
    let signer = Signer::ed25519("one");
    let inner = signer.token(&claims());
    let cases = [
        ("crit", json!(["b64"]), Err(Refused::Header)),
        ("crit", json!(["exp"]), Err(Refused::Header)),
        ("crit", json!([]), Err(Refused::Header)),
        ("b64", json!(false), Err(Refused::Header)),
        ("b64", json!(true), Ok(())),
        ("cty", json!("JWT"), Err(Refused::Kind)),
        ("typ", json!("at+jwt"), Ok(())),
        ("typ", json!("application/AT+JWT"), Ok(())),
        ("typ", json!("jwt"), Ok(())),
        ("typ", json!("logout+jwt"), Err(Refused::Kind)),
        ("typ", json!("secevent+jwt"), Err(Refused::Kind)),
        ("typ", json!("dpop+jwt"), Err(Refused::Kind)),
        ("typ", json!(1), Err(Refused::Malformed)),
        ("kid", json!(1), Err(Refused::Malformed)),
        ("alg", json!(["EdDSA"]), Err(Refused::Malformed)),
    ];
    for (name, value, expected) in cases {
        let mut header = signer.header();
        header[name] = value.clone();
        let token = signer.token_as(&header, &claims());
        assert_eq!(ask(&signer, &token).map(drop), expected, "{name} {value}");
    }
    let nested = signer.token_as(&signer.header(), &Value::String(inner));
    assert_eq!(ask(&signer, &nested), Err(Refused::Malformed));
    let mut logout = claims();
    logout["events"] = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    let refused = ask(&signer, &signer.token(&logout));
    assert_eq!(refused, Err(Refused::Kind));
}
