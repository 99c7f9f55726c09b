//! The tenant settings beyond the contract: taken, shown where they differ from their default, refused by name, and in force.

use serde_json::{Value, json};

use crate::support::{Forge, Spoil, TestServer, config};

/// Merged into the configuration of the tests.
fn with(more: Value) -> Value {
    let mut config = config();
    merge(&mut config, more);
    config
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

#[tokio::test]
async fn what_differs_from_its_default_is_shown_as_it_was_given() {
    let server = TestServer::start();
    let more = json!({
        "webauthn": {
            "counter": "warn",
            "backup_eligible_change": "accept_once",
            "exclude_credentials": false,
            "attestation": {
                "verify": "trusted",
                "roots": [CERTIFICATE],
                "aaguids_allowed": ["ee882879-721c-4913-9775-3dfcce97072a"],
                "aaguids_denied": ["00000000-0000-0000-0000-000000000000"],
            },
            "related_origins": ["https://shop.example"],
            "top_origins": ["https://top.example"],
            "allow_cross_origin": true,
            "hints": ["client-device", "hybrid"],
            "algorithms": [-8, -7],
            "extensions": {"credProps": true, "minPinLength": true},
        },
        "tokens": {"algorithm": "ES256", "rsa_bits": 4096, "lifetime_seconds": 60},
        "audit": {"initialize": true, "retention_days": 30, "entries_max": 1000},
        "sessions": {
            "lifetime_seconds": 3600,
            "idle_timeout_seconds": 600,
            "limit": 1,
            "auth_token_header": true,
            "cookie": {
                "name": "session",
                "domain": "example.org",
                "secure": false,
                "http_only": false,
                "same_site": "lax",
            },
            "issuers": [
                {
                    "issuer": "https://id.example",
                    "audience": "shop",
                    "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
                    "claims": {"user_id": "uid", "name": "n", "display_name": "d", "email": "e"},
                },
                {
                    "issuer": "https://other.example",
                    "audience": "shop",
                    "jwks_url": "https://other.example/jwks.json",
                    "claims": {"user_id": "sub"},
                },
            ],
        },
        "limits": {"credentials_per_user": 3},
    });
    let tenant = server.tenant_with(with(more.clone())).await;
    let path = format!("/tenants/{}", tenant.id);
    let shown = server.admin().get(&path).await.expect(200);
    let config = &shown["config"];
    for section in ["tokens", "audit", "sessions", "limits"] {
        assert_eq!(config[section], more[section], "{section}");
    }
    for (name, value) in more["webauthn"].as_object().unwrap() {
        assert_eq!(config["webauthn"][name], *value, "{name}");
    }
    // What is shown can be put back, and what is left out is the default again.
    let put = format!("{path}/config");
    server.admin().put(&put, config).await.expect(204);
    let again = server.admin().get(&path).await.expect(200);
    assert_eq!(again, shown);
    let plain = crate::support::config();
    server.admin().put(&put, &plain).await.expect(204);
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(shown["config"]["webauthn"], plain["webauthn"]);
    assert_eq!(shown["config"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn defaults_that_are_spelt_out_are_not_shown() {
    let server = TestServer::start();
    let defaults = json!({
        "webauthn": {
            "counter": "reject",
            "backup_eligible_change": "reject",
            "exclude_credentials": true,
            "attestation": {"verify": "format", "roots": [], "aaguids_allowed": [], "aaguids_denied": []},
            "related_origins": [],
            "top_origins": [],
            "allow_cross_origin": false,
            "hints": [],
            "algorithms": crate::support::ALGORITHMS,
            "extensions": {"credProps": true},
        },
        "tokens": {"algorithm": "RS256", "rsa_bits": 2048, "lifetime_seconds": 300},
        "audit": {"initialize": false, "retention_days": 365, "entries_max": 1_000_000},
        "sessions": {
            "lifetime_seconds": 43200,
            "idle_timeout_seconds": 0,
            "limit": 5,
            "auth_token_header": false,
            "cookie": {"name": "hanko", "domain": null, "secure": true, "http_only": true, "same_site": "strict"},
            "issuers": [],
        },
        "limits": {"credentials_per_user": 100},
    });
    let tenant = server.tenant_with(with(defaults)).await;
    let path = format!("/tenants/{}", tenant.id);
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(shown["config"]["webauthn"], config()["webauthn"]);
    assert_eq!(shown["config"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn of_a_section_only_the_members_that_differ_are_shown() {
    let server = TestServer::start();
    for more in [
        json!({"tokens": {"rsa_bits": 3072}}),
        json!({"tokens": {"lifetime_seconds": 1}}),
        json!({"audit": {"initialize": true}}),
        json!({"audit": {"entries_max": 7}}),
        json!({"sessions": {"limit": 6}}),
        json!({"sessions": {"cookie": {"same_site": "lax"}}}),
    ] {
        let tenant = server.tenant_with(with(more.clone())).await;
        let path = format!("/tenants/{}", tenant.id);
        let shown = server.admin().get(&path).await.expect(200);
        for (section, members) in more.as_object().unwrap() {
            assert_eq!(shown["config"][section], *members, "{more}");
        }
        assert_eq!(shown["config"].as_object().unwrap().len(), 4, "{more}");
    }
}

#[tokio::test]
async fn a_bad_setting_of_ceremonies_is_refused_by_name() {
    are_refused(
        |webauthn| json!({"webauthn": webauthn}),
        &[
            (
                r#"{"counter": "x"}"#,
                "counter must be one of 'reject warn'",
            ),
            (
                r#"{"backup_eligible_change": "x"}"#,
                "backup_eligible_change must be one of 'reject accept_once warn'",
            ),
            (
                r#"{"attestation": {"verify": "x"}}"#,
                "attestation.verify must be one of 'format off trusted'",
            ),
            (
                r#"{"attestation": {"roots": ["x"]}}"#,
                "attestation.roots must be certificates",
            ),
            (
                r#"{"attestation": {"roots": ["MAA="]}}"#,
                "attestation.roots must be certificates",
            ),
            (
                r#"{"attestation": {"aaguids_allowed": ["x"]}}"#,
                "attestation.aaguids_allowed must be UUIDs, 'x' is none",
            ),
            (
                r#"{"attestation": {"aaguids_denied": ["x"]}}"#,
                "attestation.aaguids_denied must be UUIDs, 'x' is none",
            ),
            (
                r#"{"hints": ["phone"]}"#,
                "hints must be one of 'security-key client-device hybrid'",
            ),
            (r#"{"hints": ["hybrid", "hybrid"]}"#, "hints must be unique"),
            (
                r#"{"algorithms": []}"#,
                "algorithms must at least have 1 entry",
            ),
            (
                r#"{"algorithms": [-1]}"#,
                "algorithms must be one of '-7 -35",
            ),
            (r#"{"algorithms": [-7, -7]}"#, "algorithms must be unique"),
            (
                r#"{"extensions": {"a": null}}"#,
                "extensions must not have null members",
            ),
            (
                r#"{"related_origins": ["x"]}"#,
                "related_origins must be origins",
            ),
            (r#"{"top_origins": ["x"]}"#, "top_origins must be origins"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_bad_setting_of_tokens_audit_and_limits_is_refused_by_name() {
    are_refused(
        |config| config,
        &[
            (
                r#"{"tokens": {"algorithm": "HS256"}}"#,
                "tokens.algorithm must be one of 'RS256 ES256 EdDSA'",
            ),
            (
                r#"{"tokens": {"rsa_bits": 1024}}"#,
                "tokens.rsa_bits must be one of '2048 3072 4096'",
            ),
            (
                r#"{"tokens": {"lifetime_seconds": 0}}"#,
                "tokens.lifetime_seconds must be from 1 to 86400",
            ),
            (
                r#"{"tokens": {"lifetime_seconds": 86401}}"#,
                "tokens.lifetime_seconds must be from 1 to 86400",
            ),
            (
                r#"{"audit": {"retention_days": 0}}"#,
                "audit.retention_days must be from 1",
            ),
            (
                r#"{"audit": {"entries_max": -1}}"#,
                "audit.entries_max must be from 1",
            ),
            (
                r#"{"limits": {"credentials_per_user": 0}}"#,
                "limits.credentials_per_user must be from 1",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_bad_setting_of_sessions_is_refused_by_name() {
    are_refused(
        |sessions| json!({"sessions": sessions}),
        &[
            (
                r#"{"lifetime_seconds": 0}"#,
                "sessions.lifetime_seconds must be from 1",
            ),
            (
                r#"{"idle_timeout_seconds": -1}"#,
                "sessions.idle_timeout_seconds must be from 0",
            ),
            (r#"{"limit": 0}"#, "sessions.limit must be from 1"),
            (
                r#"{"cookie": {"name": "a b"}}"#,
                "sessions.cookie.name must be",
            ),
            (
                r#"{"cookie": {"domain": "a b"}}"#,
                "sessions.cookie.domain must be",
            ),
            (
                r#"{"cookie": {"same_site": "x"}}"#,
                "sessions.cookie.same_site must be one of 'strict lax none'",
            ),
            (
                r#"{"cookie": {"same_site": "none", "secure": false}}"#,
                "sessions.cookie.secure must be true",
            ),
            (
                r#"{"cookie": {"name": "__Host-s", "domain": "a.example"}}"#,
                "sessions.cookie.domain must be absent",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_bad_issuer_is_refused_by_name() {
    let issuer = |more: Value| {
        let mut issuer = json!({"issuer": "i", "audience": "a", "jwks_url": "https://i.example"});
        merge(&mut issuer, more);
        json!({"sessions": {"issuers": [issuer]}})
    };
    let address = "sessions.issuers.jwks_url must be";
    are_refused(
        issuer,
        &[
            (
                r#"{"issuer": ""}"#,
                "sessions.issuers.issuer is a required field",
            ),
            (
                r#"{"audience": null}"#,
                "sessions.issuers.audience is a required field",
            ),
            (
                r#"{"jwks_url": null}"#,
                "sessions.issuers must have either jwks or jwks_url",
            ),
            (
                r#"{"jwks": {}}"#,
                "sessions.issuers must have either jwks or jwks_url",
            ),
            (r#"{"jwks_url": "ftp://i.example"}"#, address),
            (r#"{"jwks_url": "http://i.example/jwks.json"}"#, address),
            (r#"{"jwks_url": "https://me:secret@i.example"}"#, address),
            (
                r#"{"claims": {"email": ""}}"#,
                "sessions.issuers.claims must be",
            ),
            (
                r#"{"jwks_url": null, "jwks": {"keys": []}}"#,
                "sessions.issuers.jwks must be",
            ),
            (
                r#"{"jwks_url": null, "jwks": {"keys": [{"kty": "oct"}]}}"#,
                "sessions.issuers.jwks must be",
            ),
            (
                r#"{"jwks_url": null, "jwks": {"keys": [{"kty": "EC", "d": "AA"}]}}"#,
                "sessions.issuers.jwks must be",
            ),
            (
                r#"{"jwks_url": null, "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}}"#,
                "sessions.issuers.jwks must have a key that can be used: it has no public key",
            ),
        ],
    )
    .await;
    let twice = |issuer: Value| json!({"sessions": {"issuers": [issuer.clone(), issuer]}});
    let same = r#"{"issuer": "i", "audience": "a", "jwks_url": "https://i.example"}"#;
    are_refused(twice, &[(same, "sessions.issuers must be unique")]).await;
}

/// Each of the members, where `place` puts it, with the beginning of what is said of it.
async fn are_refused(place: impl Fn(Value) -> Value, cases: &[(&str, &str)]) {
    let server = TestServer::start();
    for (member, text) in cases {
        let more = place(serde_json::from_str(member).unwrap());
        let body = json!({"display_name": "x", "config": with(more)});
        let answer = server.admin().post("/tenants", &body).await;
        answer.refused(400, "unable to create tenant");
        let details = answer.json()["details"].as_str().unwrap().to_owned();
        assert!(details.starts_with(text), "{member}: {details}");
    }
}

#[tokio::test]
async fn an_unknown_member_is_refused_by_name_at_every_depth() {
    let server = TestServer::start();
    let cases: [Spoil<Value>; 10] = [
        |config| config["webauthn"]["attestation"] = json!({"mispelt": 1}),
        |config| config["tokens"] = json!({"mispelt": 1}),
        |config| config["audit"] = json!({"mispelt": 1}),
        |config| config["limits"] = json!({"mispelt": 1}),
        |config| config["sessions"] = json!({"mispelt": 1}),
        |config| config["sessions"] = json!({"cookie": {"mispelt": 1}}),
        |config| config["sessions"] = json!({"issuers": [{"mispelt": 1}]}),
        |config| config["sessions"] = json!({"issuers": [{"claims": {"mispelt": 1}}]}),
        |config| config["webauthn"]["mispelt"] = json!(null),
        |config| config["mispelt"] = json!(null),
    ];
    let tenant = server.tenant().await;
    let path = format!("/tenants/{}/config", tenant.id);
    for spoil in cases {
        let mut body = config();
        spoil(&mut body);
        let answer = server.admin().put(&path, &body).await;
        answer.refused(400, "unable to update tenant config");
        let details = answer.json()["details"].as_str().unwrap().to_owned();
        assert!(details.contains("mispelt"), "{details}");
    }
}

#[tokio::test]
async fn origins_are_kept_as_clients_send_them() {
    let server = TestServer::start();
    let mut body = config();
    body["webauthn"]["relying_party"]["origins"] = json!([
        "HTTP://LocalHost:4499/",
        "https://localhost:443",
        "android:apk-key-hash:AbC"
    ]);
    let tenant = server.tenant_with(body.clone()).await;
    let path = format!("/tenants/{}", tenant.id);
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(
        shown["config"]["webauthn"]["relying_party"]["origins"],
        json!([
            "http://localhost:4499",
            "https://localhost",
            "android:apk-key-hash:AbC"
        ])
    );
    for (origin, is_ours) in [
        ("HTTP://LOCALHOST:4499", true),
        ("https://localhost", true),
        ("http://localhost:4499/", false),
        ("https://localhost:443", false),
    ] {
        let options = tenant.begin_registration("ann").await;
        let mut forge = Forge::new(-7);
        forge.origin = origin.into();
        let answer = tenant.finish_registration(&forge.create(&options)).await;
        assert_eq!(answer.status, if is_ours { 200 } else { 400 }, "{origin}");
    }
    // Two spellings of one origin are one origin.
    body["webauthn"]["relying_party"]["origins"] =
        json!(["https://localhost", "https://localhost:443/"]);
    let answer = server.admin().put(&format!("{path}/config"), &body).await;
    answer.refused(400, "unable to update tenant config");
}

#[tokio::test]
async fn hints_algorithms_and_extensions_are_in_the_options() {
    let server = TestServer::start();
    let more = json!({"webauthn": {
        "hints": ["security-key", "hybrid"],
        "algorithms": [-8, -7],
        "extensions": {"credProps": true, "minPinLength": true},
    }});
    let tenant = server.tenant_with(with(more)).await;
    let options = tenant.begin_registration("ann").await["publicKey"].clone();
    assert_eq!(options["hints"], json!(["security-key", "hybrid"]));
    let algorithms = json!([
        {"type": "public-key", "alg": -8},
        {"type": "public-key", "alg": -7},
    ]);
    assert_eq!(options["pubKeyCredParams"], algorithms);
    let extensions = json!({"credProps": true, "minPinLength": true});
    assert_eq!(options["extensions"], extensions);
    let login = tenant.begin_login().await["publicKey"].clone();
    assert_eq!(login["hints"], json!(["security-key", "hybrid"]));
    assert!(login.get("extensions").is_none());

    let none = with(json!({"webauthn": {"extensions": {}}}));
    let tenant = server.tenant_with(none).await;
    let options = tenant.begin_registration("ann").await["publicKey"].clone();
    assert!(options.get("extensions").is_none());
    assert!(options.get("hints").is_none());
}

#[tokio::test]
async fn an_algorithm_that_is_not_offered_is_refused() {
    let server = TestServer::start();
    let tenant = server
        .tenant_with(with(json!({"webauthn": {"algorithms": [-8]}})))
        .await;
    for (algorithm, status) in [(-7, 400), (-257, 400), (-8, 200)] {
        let options = tenant.begin_registration("ann").await;
        let created = Forge::new(algorithm).create(&options);
        let answer = tenant.finish_registration(&created).await;
        assert_eq!(answer.status, status, "{algorithm}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_root_may_be_pem_with_several_certificates() {
    let server = TestServer::start();
    let pem = format!(
        "a comment\n-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----\n",
        &CERTIFICATE[..12],
        &CERTIFICATE[12..]
    );
    let roots = json!([format!("{pem}{pem}"), CERTIFICATE]);
    let more = json!({"webauthn": {"attestation": {"roots": roots}}});
    let tenant = server.tenant_with(with(more)).await;
    let path = format!("/tenants/{}", tenant.id);
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(
        shown["config"]["webauthn"]["attestation"],
        json!({"roots": [CERTIFICATE, CERTIFICATE, CERTIFICATE]})
    );
}

/// One that signs itself, with a key on Ed25519.
const CERTIFICATE: &str = "MIIBMjCB5aADAgECAhQSesEGnMEkXRAl8afdK9K35jJg0zAFBgMrZXAwDzENMAsGA1UEAwwEUm9vdDAeFw0yNjExMjMxMjI1MzNaFw0zNjExMjAxMjI1MzNaMA8xDTALBgNVBAMMBFJvb3QwKjAFBgMrZXADIQA0taT3lPlNZvms6pYnVNFlvknQsOjutN6WKC7h5x8YqKNTMFEwHQYDVR0OBBYEFAnT+bZBRfjd/SmyrOTTGBtJtz6sMB8GA1UdIwQYMBaAFAnT+bZBRfjd/SmyrOTTGBtJtz6sMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA9/2Ghr4gqktv+IVwEi7JmUcV0E0W4Urgluvxn6BUIQ0C2wW+uo74B74KOOZo6TWB1fGLKxQ10BOV4vqiC2wABg==";
