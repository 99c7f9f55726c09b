//! Registration over the wire: the options, the responses that are accepted, and those that are refused.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    ALGORITHMS, Attestation, Authenticator, Flags, Forge, RP_ID, Spoil, TestServer, base64url,
    config,
};

const INVALID: &str = "failed to validate attestation";
const UNREADABLE: &str = "unable to parse credential creation response";
const UNKNOWN: &str = "received challenge does not match with any stored one";

#[tokio::test]
async fn a_passkey_is_registered_and_signs_in() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut browser = Authenticator::default();

    let options = tenant.begin_registration("ann").await;
    let created = browser.create(&options).await;
    let token = tenant.finish_registration(&created).await.expect(200);
    assert!(token["token"].is_string());

    let discoverable = browser.get(&tenant.begin_login().await).await;
    tenant.finish_login(&discoverable).await.expect(200);
    let of_user = browser.get(&tenant.begin_login_of("ann").await).await;
    tenant.finish_login(&of_user).await.expect(200);

    let credentials = tenant.credentials_of("ann").await;
    assert_eq!(credentials.as_array().unwrap().len(), 1);
    assert_eq!(credentials[0]["id"], created["id"]);
}

#[tokio::test]
async fn the_options_are_the_contracts() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut options = tenant.begin_registration("ann").await;

    let challenge = options["publicKey"]["challenge"].take();
    assert_eq!(challenge.as_str().unwrap().len(), 43);
    let algorithms: Vec<Value> = ALGORITHMS
        .iter()
        .map(|alg| json!({"type": "public-key", "alg": alg}))
        .collect();
    let expected = json!({"publicKey": {
        "rp": {"name": "Golden RP", "id": RP_ID},
        "user": {"name": "ann", "displayName": "ann", "id": base64url(b"ann")},
        "challenge": null,
        "pubKeyCredParams": algorithms,
        "timeout": 60000,
        "authenticatorSelection": {
            "requireResidentKey": true,
            "residentKey": "required",
            "userVerification": "preferred",
        },
        "attestation": "none",
        "extensions": {"credProps": true},
    }});
    assert_eq!(options, expected);
}

#[tokio::test]
async fn no_member_of_the_options_is_null() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let body = json!({"user_id": "ann", "username": "ann", "display_name": null, "icon": null});
    let registration = tenant.post("registration/initialize", &body).await;
    assert!(!registration.text.contains("null"), "{registration:?}");
    let login = tenant.begin_login().await;
    assert!(!login.to_string().contains("null"), "{login}");
}

#[tokio::test]
async fn require_resident_key_tracks_resident_key() {
    let server = TestServer::start();
    for (resident_key, required) in [
        ("required", true),
        ("preferred", false),
        ("discouraged", false),
    ] {
        let mut config = config();
        config["webauthn"]["resident_key_requirement"] = resident_key.into();
        let options = server
            .tenant_with(config)
            .await
            .begin_registration("ann")
            .await;
        let selection = &options["publicKey"]["authenticatorSelection"];
        assert_eq!(selection["residentKey"], resident_key);
        assert_eq!(selection["requireResidentKey"], required);
    }
}

#[tokio::test]
async fn an_attachment_is_asked_for_only_where_it_is_set() {
    let server = TestServer::start();
    let plain = server.tenant().await.begin_registration("ann").await;
    let selection = &plain["publicKey"]["authenticatorSelection"];
    assert!(selection.get("authenticatorAttachment").is_none());

    let mut config = config();
    config["webauthn"]["attachment"] = "platform".into();
    let tenant = server.tenant_with(config).await;
    let options = tenant.begin_registration("ann").await;
    let selection = &options["publicKey"]["authenticatorSelection"];
    assert_eq!(selection["authenticatorAttachment"], "platform");
}

#[tokio::test]
async fn a_blank_display_name_is_the_user_name() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for (given, shown) in [
        (json!(null), "ann@example.com"),
        (json!(""), "ann@example.com"),
        (json!("   "), "ann@example.com"),
        (json!("Ann"), "Ann"),
    ] {
        let body = json!({"user_id": "ann", "username": "ann@example.com", "display_name": given});
        let answer = tenant.post("registration/initialize", &body).await;
        let options = answer.expect(200);
        assert_eq!(options["publicKey"]["user"]["displayName"], shown);
    }
}

#[tokio::test]
async fn known_credentials_are_excluded_with_their_transports() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let options = tenant.begin_registration("ann").await;
    assert!(options["publicKey"].get("excludeCredentials").is_none());
    let mut created = forge.create(&options);
    created["response"]["transports"] = json!(["internal", "hybrid", "internal"]);
    tenant.finish_registration(&created).await.expect(200);

    let options = tenant.begin_registration("ann").await;
    let excluded = json!([
        {"type": "public-key", "id": forge.id(), "transports": ["internal", "hybrid"]},
    ]);
    assert_eq!(options["publicKey"]["excludeCredentials"], excluded);
    let other = tenant.begin_registration("bob").await;
    assert!(other["publicKey"].get("excludeCredentials").is_none());
}

#[tokio::test]
async fn all_ten_algorithms_register_and_sign_in() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for algorithm in ALGORITHMS {
        let user = format!("user{algorithm}");
        let mut forge = Forge::new(algorithm);
        let options = tenant.begin_registration(&user).await;
        let created = forge.create(&options);
        tenant.finish_registration(&created).await.expect(200);
        let got = forge.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(200);
    }
}

#[tokio::test]
async fn attestation_statements_are_checked() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let some = [0xa1, 0x61, b'x', 0x01];
    let empty = [0xa0];
    let other = |format, statement| Attestation::Other { format, statement };
    for (attestation, status) in [
        (Attestation::PackedSelf, 200),
        (Attestation::PackedTampered, 400),
        (other("none", &some), 400),
        (other("unheard-of", &empty), 400),
        (other("packed", &empty), 400),
    ] {
        let options = tenant.begin_registration("ann").await;
        let created = Forge::new(-7).create_with(&options, &attestation);
        let answer = tenant.finish_registration(&created).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 400 {
            answer.refused(400, INVALID);
        }
    }
    assert_eq!(
        tenant.credentials_of("ann").await.as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn packed_self_attestation_works_for_every_algorithm() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for algorithm in ALGORITHMS {
        let options = tenant.begin_registration("ann").await;
        let created = Forge::new(algorithm).create_with(&options, &Attestation::PackedSelf);
        tenant.finish_registration(&created).await.expect(200);
    }
}

#[tokio::test]
async fn missing_user_verification_is_422() {
    let server = TestServer::start();
    let mut config = config();
    config["webauthn"]["user_verification"] = "required".into();
    let tenant = server.tenant_with(config).await;
    let mut forge = Forge::new(-7);
    forge.flags = Flags::PRESENT;
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.refused(
        422,
        "failed to validate attestation: Error validating the authenticator response: User verification required but flag not set by authenticator\n",
    );
}

#[tokio::test]
async fn what_does_not_fit_the_ceremony_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let cases: [(&str, Spoil<Forge>); 6] = [
        ("Error validating origin", |forge| {
            forge.origin = "http://localhost:4498".into();
        }),
        ("Error validating origin", |forge| {
            forge.origin = "http://localhost.evil.example:4499".into();
        }),
        ("Error validating the authenticator response", |forge| {
            forge.rp_id = "evil.example".into();
        }),
        ("Error validating ceremony type", |forge| {
            forge.ceremony_type = Some("webauthn.get".into());
        }),
        ("Error validating the authenticator response", |forge| {
            forge.flags = Flags::VERIFIED;
        }),
        ("Error decoding clientData origin as URL", |forge| {
            forge.origin = "not an origin".into();
        }),
    ];
    for (details, spoil) in cases {
        let mut forge = Forge::new(-7);
        spoil(&mut forge);
        let created = forge.create(&tenant.begin_registration("ann").await);
        let answer = tenant.finish_registration(&created).await;
        answer.refused_with(400, INVALID, details);
    }
    assert_eq!(tenant.credentials_of("ann").await, json!([]));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let cases: [(&str, Spoil<Value>); 7] = [
        ("Parse error for Registration", |body| {
            body["id"] = json!("");
        }),
        ("Parse error for Registration", |body| {
            body["id"] = json!("AAAA");
        }),
        ("Parse error for Registration", |body| {
            body["rawId"] = json!("AAAA");
        }),
        ("Parse error for Registration", |body| {
            body["type"] = json!("password");
        }),
        ("Error parsing attestation response", |body| {
            body["response"]["clientDataJSON"] = json!("ew");
        }),
        ("Error parsing attestation response", |body| {
            body["response"]["attestationObject"] = json!("__8");
        }),
        ("Error parsing attestation response", |body| {
            body["response"] = json!({});
        }),
    ];
    for (details, spoil) in cases {
        let mut created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
        spoil(&mut created);
        let answer = tenant.finish_registration(&created).await;
        answer.refused_with(400, UNREADABLE, details);
    }
}

#[tokio::test]
async fn a_challenge_is_single_use() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    tenant
        .finish_registration(&created)
        .await
        .refused(400, UNKNOWN);
}

#[tokio::test]
async fn of_sixteen_at_once_exactly_one_is_accepted() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    let attempts = (0..16).map(|_| tenant.finish_registration(&created));
    let accepted = join_all(attempts).await;
    let accepted = accepted.iter().filter(|answer| answer.status == 200);
    assert_eq!(accepted.count(), 1);
    assert_eq!(
        tenant.credentials_of("ann").await.as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_failed_attempt_burns_the_challenge() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let options = tenant.begin_registration("ann").await;
    let mut forge = Forge::new(-7);
    forge.rp_id = "evil.example".into();
    let failed = forge.create(&options);
    tenant
        .finish_registration(&failed)
        .await
        .refused(400, INVALID);
    forge.rp_id = RP_ID.into();
    let good = forge.create(&options);
    tenant
        .finish_registration(&good)
        .await
        .refused(400, UNKNOWN);
}

#[tokio::test]
async fn an_expired_ceremony_cannot_be_finished() {
    let server = TestServer::start();
    let mut config = config();
    config["webauthn"]["timeout"] = 1.into();
    let tenant = server.tenant_with(config).await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let answer = tenant.finish_registration(&created).await;
    answer.expect(400);
    assert_eq!(tenant.credentials_of("ann").await, json!([]));
}

#[tokio::test]
async fn a_challenge_of_another_tenant_is_unknown() {
    let server = TestServer::start();
    let (one, other) = (server.tenant().await, server.tenant().await);
    let created = Forge::new(-7).create(&one.begin_registration("ann").await);
    other
        .finish_registration(&created)
        .await
        .refused(400, UNKNOWN);
    one.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn a_login_challenge_registers_nothing() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut options = tenant.begin_login().await;
    options["publicKey"]["user"] = json!({"id": base64url(b"ann")});
    let created = Forge::new(-7).create(&options);
    tenant
        .finish_registration(&created)
        .await
        .refused(400, UNKNOWN);
}

#[tokio::test]
async fn a_credential_id_is_registered_once_in_a_tenant() {
    let server = TestServer::start();
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    for user in ["ann", "bob"] {
        let again = forge.create(&tenant.begin_registration(user).await);
        tenant.finish_registration(&again).await.expect(409);
    }
    assert_eq!(tenant.credentials_of("bob").await, json!([]));
    // Another tenant of the same RP id is none of this tenant's business.
    let elsewhere = forge.create(&other.begin_registration("ann").await);
    other.finish_registration(&elsewhere).await.expect(200);
}

#[tokio::test]
async fn a_user_exists_once_a_credential_is_registered() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let unfinished = tenant.begin_registration("ann").await;
    let login = json!({"user_id": "ann"});
    tenant
        .post("login/initialize", &login)
        .await
        .refused(404, "user not found");
    let created = Forge::new(-7).create(&unfinished);
    tenant.finish_registration(&created).await.expect(200);
    tenant.post("login/initialize", &login).await.expect(200);
}

#[tokio::test]
async fn user_ids_have_1_to_64_bytes() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for user in [
        "a".to_owned(),
        "sixteen bytes id".to_owned(),
        "6ab0b2a6-9f0c-4f38-9f3e-0d6a3dd7b0a1".to_owned(),
        "Zoë <zoë@例え.jp>".to_owned(),
        "x".repeat(64),
    ] {
        let mut forge = Forge::new(-7);
        let options = tenant.begin_registration(&user).await;
        assert_eq!(
            options["publicKey"]["user"]["id"],
            base64url(user.as_bytes())
        );
        let created = forge.create(&options);
        tenant.finish_registration(&created).await.expect(200);
        let got = forge.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(200);
    }
    for user in ["x".repeat(65), "é".repeat(33)] {
        let body = json!({"user_id": user, "username": "ann"});
        let answer = tenant.post("registration/initialize", &body).await;
        answer.refused(400, "unable to validate request");
    }
}

#[tokio::test]
async fn credential_ids_have_at_most_1023_bytes() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    forge.credential_id = vec![7; 1023];
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let got = forge.get(&tenant.begin_login_of("ann").await);
    tenant.finish_login(&got).await.expect(200);

    forge.credential_id = vec![8; 1024];
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant
        .finish_registration(&created)
        .await
        .refused(400, UNREADABLE);
}

#[tokio::test]
async fn a_credential_is_shown_renamed_and_keeps_its_name_over_a_restart() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let path = format!("/{}/credentials/{}", tenant.id, forge.id());
    let headers = [
        ("apiKey", tenant.key.as_str()),
        ("content-type", "application/json"),
    ];
    let name = |name: &str| Some(serde_json::json!({ "name": name }).to_string().into());
    let client = server.client();
    let too_long = client.send("PATCH", &path, &headers, name(&"n".repeat(256)));
    too_long.await.refused_with(
        400,
        "unable to validate request",
        "name cannot have more than 255 entries",
    );
    let renamed = client.send("PATCH", &path, &headers, name("Ann's key"));
    assert_eq!(renamed.await.status, 204);
    server.kill_and_restart();
    let shown = server.client().send("GET", &path, &headers, None).await;
    assert_eq!(shown.expect(200)["name"], "Ann's key");
}
