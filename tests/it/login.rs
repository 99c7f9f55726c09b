//! Login over the wire: who signs in with what, and everything that does not.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Authenticator, Flags, Forge, RP_ID, Spoil, Tenant, TestServer, base64url, config,
    from_base64url,
};

const INVALID: &str = "failed to validate assertion";
const NO_HANDLE: &str = "failed to get user handle";
const NO_SESSION: &str = "failed to get session data";

async fn registered(tenant: &Tenant, user: &str) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration(user).await);
    tenant.finish_registration(&created).await.expect(200);
    forge
}

#[tokio::test]
async fn the_options_are_the_contracts() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let forge = registered(&tenant, "ann").await;

    let mut discoverable = tenant.begin_login().await;
    let challenge = discoverable["publicKey"]["challenge"].take();
    assert_eq!(from_base64url(&challenge).len(), 32);
    let expected = json!({"publicKey": {
        "challenge": null, "timeout": 60000, "rpId": RP_ID, "userVerification": "preferred",
    }});
    assert_eq!(discoverable, expected);

    let mut of_user = tenant.begin_login_of("ann").await;
    of_user["publicKey"]["challenge"].take();
    // Transports are left out: with them some platforms offer only the built-in authenticator.
    let expected = json!({"publicKey": {
        "challenge": null, "timeout": 60000, "rpId": RP_ID, "userVerification": "preferred",
        "allowCredentials": [{"type": "public-key", "id": forge.id()}],
    }});
    assert_eq!(of_user, expected);
}

#[tokio::test]
async fn initialize_asks_for_a_key_only_where_a_user_is_named() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let path = format!("/{}/login/initialize", tenant.id);
    let json_type = ("Content-Type", "application/json");
    for (headers, body) in [
        (vec![json_type], None),
        (vec![], None),
        (vec![json_type], Some("")),
        (vec![json_type], Some("{}")),
        (vec![json_type], Some(r#"{"user_id":null}"#)),
        (vec![json_type], Some("null")),
    ] {
        let body = body.map(|text: &str| text.as_bytes().to_vec());
        let answer = tenant.client.send("POST", &path, &headers, body).await;
        answer.expect(200);
    }
    tenant
        .post_unkeyed("login/initialize", &json!({"user_id": ""}))
        .await
        .refused_with(
            400,
            "unable to validate request",
            "user_id must at least have 1 entry",
        );
    tenant
        .post_unkeyed("login/initialize", &json!({"user_id": "ann"}))
        .await
        .refused_with(401, "api key is missing", "");
    let wrong = Tenant {
        key: "x".repeat(88),
        ..tenant.clone()
    };
    let answer = wrong
        .post("login/initialize", &json!({"user_id": "ann"}))
        .await;
    answer.refused(401, "The api key is invalid");
    let answer = tenant
        .post("login/initialize", &json!({"user_id": "ann"}))
        .await;
    answer.refused_with(404, "user not found", "");
}

#[tokio::test]
async fn what_does_not_fit_the_ceremony_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let cases: [(&str, Spoil<Forge>); 4] = [
        ("Error validating origin", |forge| {
            forge.origin = "https://localhost:4499".into();
        }),
        ("Error validating the authenticator response", |forge| {
            forge.rp_id = "evil.example".into();
        }),
        ("Error validating ceremony type", |forge| {
            forge.ceremony_type = Some("webauthn.create".into());
        }),
        ("Error validating the authenticator response", |forge| {
            forge.flags = Flags::VERIFIED;
        }),
    ];
    for (number, (details, spoil)) in cases.into_iter().enumerate() {
        let mut forge = registered(&tenant, &format!("user{number}")).await;
        spoil(&mut forge);
        let got = forge.get(&tenant.begin_login().await);
        let answer = tenant.finish_login(&got).await;
        answer.refused_with(401, INVALID, details);
    }
}

#[tokio::test]
async fn missing_user_verification_is_refused_where_it_is_required() {
    let server = TestServer::start();
    let mut config = config();
    config["webauthn"]["user_verification"] = "required".into();
    let tenant = server.tenant_with(config).await;
    let mut forge = registered(&tenant, "ann").await;
    forge.flags = Flags::PRESENT;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.refused(401, INVALID);
}

#[tokio::test]
async fn a_tampered_response_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    for member in ["signature", "authenticatorData"] {
        let mut got = forge.get(&tenant.begin_login().await);
        let mut bytes = from_base64url(&got["response"][member]);
        *bytes.last_mut().unwrap() ^= 1;
        got["response"][member] = base64url(&bytes).into();
        tenant.finish_login(&got).await.refused(401, INVALID);
    }
    // Another key under the same credential id.
    let mut impostor = Forge::new(-7);
    impostor.credential_id.clone_from(&forge.credential_id);
    impostor.user_handle.clone_from(&forge.user_handle);
    impostor.counter = 50;
    let got = impostor.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.refused(401, INVALID);
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let cases: [Spoil<Value>; 6] = [
        |body| body["id"] = json!(null),
        |body| body["type"] = json!("password"),
        |body| body["rawId"] = json!(null),
        |body| body["response"] = json!(null),
        |body| body["response"]["authenticatorData"] = json!("AAAA"),
        |body| body["response"]["clientDataJSON"] = json!("bm9wZQ"),
    ];
    for spoil in cases {
        let mut got = forge.get(&tenant.begin_login().await);
        spoil(&mut got);
        let answer = tenant.finish_login(&got).await;
        answer.refused(400, "unable to finish login");
    }
}

#[tokio::test]
async fn a_user_handle_names_the_user() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    registered(&tenant, "bob").await;

    // Absent or null: fine where the user is known already.
    forge.user_handle = None;
    let mut got = forge.get(&tenant.begin_login_of("ann").await);
    tenant.finish_login(&got).await.expect(200);
    got = forge.get(&tenant.begin_login_of("ann").await);
    got["response"]
        .as_object_mut()
        .unwrap()
        .remove("userHandle");
    tenant.finish_login(&got).await.expect(200);
    let got = forge.get(&tenant.begin_login().await);
    tenant
        .finish_login(&got)
        .await
        .refused_with(401, NO_HANDLE, "user not found");

    forge.user_handle = Some(b"nobody".to_vec());
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.refused(401, NO_HANDLE);

    forge.user_handle = Some(b"bob".to_vec());
    let got = forge.get(&tenant.begin_login_of("ann").await);
    tenant.finish_login(&got).await.refused(401, INVALID);
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.refused(401, INVALID);
}

#[tokio::test]
async fn the_16_bytes_of_a_uuid_stand_for_its_text() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let uuid = uuid::Uuid::new_v4();
    let mut forge = registered(&tenant, &uuid.to_string()).await;
    forge.user_handle = Some(uuid.as_bytes().to_vec());
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    let got = forge.get(&tenant.begin_login_of(&uuid.to_string()).await);
    tenant.finish_login(&got).await.expect(200);
}

#[tokio::test]
async fn a_user_id_of_16_bytes_is_no_uuid() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "exactly 16 bytes").await;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
}

#[tokio::test]
async fn nobody_signs_in_with_a_credential_of_another() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut ann = registered(&tenant, "ann").await;
    registered(&tenant, "bob").await;
    ann.user_handle = None;
    let got = ann.get(&tenant.begin_login_of("bob").await);
    tenant.finish_login(&got).await.refused_with(
        401,
        INVALID,
        "User does not own the credential returned",
    );
    let mut stranger = Forge::new(-7);
    stranger.user_handle = Some(b"ann".to_vec());
    let got = stranger.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.refused_with(
        401,
        INVALID,
        "Unable to find the credential for the returned credential ID",
    );
}

#[tokio::test]
async fn tenants_never_meet() {
    let server = TestServer::start();
    let (one, other) = (server.tenant().await, server.tenant().await);
    let mut forge = registered(&one, "ann").await;
    // A challenge of one at the other.
    let got = forge.get(&one.begin_login().await);
    other.finish_login(&got).await.refused(401, NO_SESSION);
    one.finish_login(&got).await.expect(200);
    // A user, a credential and a key of one at the other.
    let got = forge.get(&other.begin_login().await);
    other.finish_login(&got).await.refused(401, NO_HANDLE);
    let foreign = Tenant {
        key: one.key.clone(),
        ..other.clone()
    };
    let body = json!({"user_id": "ann", "username": "ann"});
    foreign
        .post("registration/initialize", &body)
        .await
        .refused(401, "The api key is invalid");
    assert_eq!(other.credentials_of("ann").await, json!([]));
}

#[tokio::test]
async fn a_challenge_is_single_use() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    tenant.finish_login(&got).await.refused_with(
        401,
        NO_SESSION,
        "received challenge does not match with any stored one",
    );
}

#[tokio::test]
async fn of_sixteen_at_once_exactly_one_is_accepted() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let got = forge.get(&tenant.begin_login().await);
    let answers = join_all((0..16).map(|_| tenant.finish_login(&got))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(accepted.count(), 1);
    let refused = answers.iter().filter(|answer| answer.status == 401);
    assert_eq!(refused.count(), 15);
}

#[tokio::test]
async fn a_failed_attempt_burns_the_challenge() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let options = tenant.begin_login().await;
    forge.rp_id = "evil.example".into();
    let failed = forge.get(&options);
    tenant.finish_login(&failed).await.refused(401, INVALID);
    forge.rp_id = RP_ID.into();
    let good = forge.get(&options);
    tenant.finish_login(&good).await.refused(401, NO_SESSION);
}

#[tokio::test]
async fn an_expired_ceremony_cannot_be_finished() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let mut short = config();
    short["webauthn"]["timeout"] = 1.into();
    let path = format!("/tenants/{}/config", tenant.id);
    server.admin().put(&path, &short).await.expect(204);
    for options in [
        tenant.begin_login().await,
        tenant.begin_login_of("ann").await,
    ] {
        let got = forge.get(&options);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        tenant.finish_login(&got).await.expect(401);
    }
}

#[tokio::test]
async fn a_registration_challenge_signs_nobody_in() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let got = forge.get(&tenant.begin_registration("ann").await);
    tenant.finish_login(&got).await.refused(401, NO_SESSION);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    forge.counter = 10;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    let before = tenant.credentials_of("ann").await;

    for counter in [10, 4] {
        forge.counter = counter;
        let got = forge.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.refused(401, INVALID);
    }
    assert_eq!(tenant.credentials_of("ann").await, before);
    forge.counter = 11;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_accepted_where_the_tenant_says_warn() {
    let server = TestServer::start();
    let mut config = config();
    config["webauthn"]["counter"] = "warn".into();
    let tenant = server.tenant_with(config).await;
    let mut forge = registered(&tenant, "ann").await;
    for counter in [10, 3] {
        forge.counter = counter;
        let got = forge.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(200);
    }
}

#[tokio::test]
async fn a_counter_that_stays_zero_is_fine() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    forge.counter = 0;
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    for _ in 0..2 {
        forge.counter = u32::MAX;
        let got = forge.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(200);
    }
}

#[tokio::test]
async fn a_changed_backup_eligibility_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    forge.flags |= Flags::BACKUP_ELIGIBLE;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.refused(401, INVALID);
    assert_eq!(
        tenant.credentials_of("ann").await[0]["backup_eligible"],
        false
    );
}

#[tokio::test]
async fn a_removed_passkey_signs_nobody_in() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let options = tenant.begin_login_of("ann").await;
    let path = format!("/{}/credentials/{}", tenant.id, forge.id());
    let headers = [("apiKey", tenant.key.as_str())];
    let deleted = tenant.client.send("DELETE", &path, &headers, None).await;
    deleted.expect(204);
    let got = forge.get(&options);
    tenant.finish_login(&got).await.refused(401, INVALID);
    let answer = tenant
        .post("login/initialize", &json!({"user_id": "ann"}))
        .await;
    answer.expect(400);
}

#[tokio::test]
async fn padded_and_unknown_members_are_read() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let mut got = forge.get(&tenant.begin_login().await);
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        let text = got["response"][member].as_str().unwrap();
        let padding = "=".repeat((4 - text.len() % 4) % 4);
        got["response"][member] = format!("{text}{padding}").into();
    }
    got["somethingNew"] = json!({"a": [1, null]});
    got["authenticatorAttachment"] = Value::Null;
    tenant.finish_login(&got).await.expect(200);
}

#[tokio::test]
async fn many_users_share_one_authenticator() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut browser = Authenticator::default();
    for user in ["ann", "bob"] {
        let created = browser.create(&tenant.begin_registration(user).await).await;
        tenant.finish_registration(&created).await.expect(200);
    }
    for user in ["bob", "ann"] {
        let got = browser.get(&tenant.begin_login_of(user).await).await;
        let body = tenant.finish_login(&got).await.expect(200);
        let token = body["token"].as_str().unwrap().to_owned();
        let claims = token.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&from_base64url(&json!(claims))).unwrap();
        assert_eq!(claims["sub"], user);
    }
}
