//! Who is asked for, what an assertion must be, and how the session is told (contract §2.3, §2.4, §1.2, §10.4-5).

use serde_json::{Value, json};

use super::tenant_with;
use crate::support::{Answer, Forge, Spoil, Tenant, TestServer, Visitor, base64url, config};

#[tokio::test]
async fn anybody_may_be_asked_for_their_passkey() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let stranger = Visitor::stranger(&tenant);
    let of_json = ("Content-Type", "application/json");
    let charset = ("Content-Type", "application/json; charset=utf-8");
    let text = ("Content-Type", "text/plain");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let path = "/webauthn/login/initialize";
    for (headers, body, status) in [
        (vec![], None, 200),
        (vec![text], Some(""), 200),
        (vec![of_json], Some("{}"), 200),
        (vec![of_json], Some("null"), 200),
        (vec![charset], Some(r#"{"user_id":null}"#), 200),
        (vec![of_json], Some(r#"{"user_id":7}"#), 400),
        (vec![of_json], Some("{"), 400),
        (vec![], Some("{}"), 415),
        (vec![text], Some("{}"), 415),
        (vec![form], Some("user_id=x"), 415),
    ] {
        let given = body.map(|body| body.as_bytes().to_vec());
        let answer = stranger.send_as("POST", path, &headers, given).await;
        let said = answer.expect(status);
        if status == 200 {
            assert_eq!(said["publicKey"]["allowCredentials"], Value::Null);
            assert_eq!(said["publicKey"]["challenge"].as_str().unwrap().len(), 43);
        }
    }
}

#[tokio::test]
async fn nobody_is_told_who_is_there() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let forge = ann.register().await;
    let only_mfa = second_factor(&tenant).await;
    let real = ann.begin_login(Some(&ann.user)).await;
    let of_ann = json!([{"type": "public-key", "id": forge.id()}]);
    assert_eq!(real["publicKey"]["allowCredentials"], of_ann);
    let upper = ann.begin_login(Some(&ann.user.to_uppercase())).await;
    assert_eq!(upper["publicKey"]["allowCredentials"], of_ann);
    let unknown = uuid::Uuid::new_v4().to_string();
    let long = "x".repeat(500);
    let mut before = Vec::new();
    for user in [&*unknown, "no uuid", "", &long, &only_mfa] {
        let decoys = decoys(&ann, user, &real).await;
        assert_eq!(decoys, self::decoys(&ann, user, &real).await);
        before.push((user.to_owned(), decoys));
    }
    server.restart();
    let ann = Visitor {
        client: server.client(),
        ..ann
    };
    for (user, decoys) in before {
        assert_eq!(self::decoys(&ann, &user, &real).await, decoys, "{user}");
    }
}

/// What a user is offered who is not there: in the shape of what `real` is offered.
async fn decoys(visitor: &Visitor, user: &str, real: &Value) -> Value {
    let options = visitor.begin_login(Some(user)).await;
    let members = |options: &Value| -> Vec<String> {
        options["publicKey"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(members(&options), members(real));
    let offered = options["publicKey"]["allowCredentials"].clone();
    for credential in offered.as_array().unwrap() {
        assert_eq!(credential["type"], "public-key");
        assert_eq!(credential.as_object().unwrap().len(), 2, "{credential}");
    }
    offered
}

#[tokio::test]
async fn a_decoy_fails_like_a_passkey_that_is_wrong() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    ann.register().await;
    let expected = json!({"code": 401, "message": "failed to validate assertion"});
    for user in [&*ann.user, "nobody", "", &uuid::Uuid::new_v4().to_string()] {
        for handle in [None, Some(vec![7; 16]), Some(b"abc".to_vec())] {
            let options = ann.begin_login(Some(user)).await;
            let mut forge = Forge::new(-7);
            let id = &options["publicKey"]["allowCredentials"][0]["id"];
            forge.credential_id = crate::support::from_base64url(id);
            forge.user_handle = handle;
            let answer = ann.finish_login(&forge.get(&options)).await;
            assert_eq!(answer.expect(401), expected, "{user}");
        }
    }
}

#[tokio::test]
async fn a_second_factor_neither_is_offered_nor_signs_in() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let user = "ann";
    let ann = Visitor::vouched(&server, &tenant, json!({"user_id": user})).await;
    ann.register().await;
    let mut second = Forge::new(-7);
    let options = tenant.begin_mfa_registration(user).await;
    let created = second.create(&options);
    tenant
        .post("mfa/registration/finalize", &created)
        .await
        .expect(200);
    let options = ann.begin_login(Some(user)).await;
    let offered = options["publicKey"]["allowCredentials"].as_array().unwrap();
    assert_eq!(offered.len(), 1, "{options}");
    ann.finish_login(&second.get(&options)).await.expect(401);
    let options = ann.begin_login(None).await;
    ann.finish_login(&second.get(&options)).await.expect(401);
    let listed = ann.get("/webauthn/credentials").await.expect(200);
    assert_eq!(listed[1]["mfa_only"], true);
}

async fn second_factor(tenant: &Tenant) -> String {
    let user = uuid::Uuid::new_v4().to_string();
    let options = tenant.begin_mfa_registration(&user).await;
    let created = Forge::new(-7).create(&options);
    let finished = tenant.post("mfa/registration/finalize", &created);
    finished.await.expect(200);
    user
}

#[tokio::test]
async fn a_login_opens_a_session_by_cookie_or_by_header() {
    let server = TestServer::start();
    for (sessions, cookie, token) in [
        (
            json!({}),
            Some("; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict"),
            false,
        ),
        (
            json!({"lifetime_seconds": 60, "cookie": {"domain": "localhost", "secure": false, "http_only": false, "same_site": "lax"}}),
            Some("; Path=/; Domain=localhost; Max-Age=60; SameSite=Lax"),
            false,
        ),
        (
            json!({"auth_token_header": true, "lifetime_seconds": 60}),
            None,
            true,
        ),
    ] {
        let lifetime = sessions["lifetime_seconds"].as_u64().unwrap_or(43200);
        let tenant = tenant_with(&server, sessions).await;
        let ann = Visitor::new(&server, &tenant).await;
        let mut forge = ann.register().await;
        let answer = log_in(&ann, &mut forge, Some(&ann.user)).await;
        let body = json!({"credential_id": forge.id(), "user_id": ann.user});
        assert_eq!(answer.expect(200), body);
        assert_eq!(
            answer.header("x-session-lifetime"),
            Some(&*lifetime.to_string())
        );
        assert_eq!(answer.header("x-auth-token").is_some(), token);
        let set = answer.header("set-cookie");
        let set = set.map(|set| set.split_at(set.find(';').unwrap()));
        assert_eq!(set.map(|(_, attributes)| attributes), cookie);
        let given = set.map(|(pair, _)| pair.strip_prefix("hanko=").unwrap());
        let signed_in = Visitor {
            token: given.or(answer.header("x-auth-token")).unwrap().to_owned(),
            ..ann.clone()
        };
        let me = signed_in.get("/me").await.expect(200);
        assert_eq!(me["id"], ann.user);
        // What the first session has told is known to the next.
        let email = &me["emails"][0]["address"];
        assert_eq!(
            *email,
            ann.get("/me").await.expect(200)["emails"][0]["address"]
        );
        assert!(email.is_string(), "{me}");
    }
}

#[tokio::test]
async fn a_response_signs_in_once_and_in_time() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    for user in [None, Some(&*ann.user)] {
        let options = ann.begin_login(user).await;
        let got = forge.get(&options);
        ann.finish_login(&got).await.expect(200);
        refused(
            &ann.finish_login(&got).await,
            401,
            "Stored challenge and received challenge do not match",
        );
    }
    let path = format!("/tenants/{}/config", tenant.id);
    let mut late = config();
    late["webauthn"]["timeout"] = (-1).into();
    let changed = server.admin().put(&path, &late).await;
    assert!(changed.status < 300, "{changed:?}");
    for user in [None, Some(&*ann.user)] {
        log_in(&ann, &mut forge, user).await.expect(401);
    }
}

#[tokio::test]
async fn a_user_handle_is_a_uuid_or_names_somebody() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    let own = forge.user_handle.clone();
    assert_eq!(own.as_ref().unwrap().len(), 16);
    let malformed = "failed to parse userHandle as uuid";
    for (handle, status, message) in [
        (None, 400, malformed),
        (Some(b"abc".to_vec()), 400, malformed),
        (Some(vec![7; 16]), 401, "Unauthorized"),
        (own, 200, ""),
        // As the Passkey API would have made it.
        (Some(ann.user.clone().into_bytes()), 200, ""),
    ] {
        forge.user_handle = handle;
        let answer = log_in(&ann, &mut forge, None).await;
        if status == 200 {
            answer.expect(200);
        } else {
            refused(&answer, status, message);
        }
    }
}

#[tokio::test]
async fn what_does_not_verify_is_401_and_a_counter_that_shrinks_400() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    let spoils: [Spoil<Value>; 2] = [
        |got| got["id"] = Value::Null,
        |got| got["type"] = "password".into(),
    ];
    for spoil in spoils {
        let mut got = forge.get(&ann.begin_login(None).await);
        spoil(&mut got);
        ann.finish_login(&got).await.expect(400);
    }
    let mut got = forge.get(&ann.begin_login(None).await);
    got["response"]["signature"] = base64url(b"no signature").into();
    refused(
        &ann.finish_login(&got).await,
        401,
        "failed to validate assertion",
    );
    forge.counter = 100;
    log_in(&ann, &mut forge, None).await.expect(200);
    forge.counter = 50;
    refused(
        &log_in(&ann, &mut forge, None).await,
        400,
        "failed to validate assertion",
    );
    forge.counter = 200;
    log_in(&ann, &mut forge, None).await.expect(200);
}

async fn log_in(visitor: &Visitor, forge: &mut Forge, user: Option<&str>) -> Answer {
    let options = visitor.begin_login(user).await;
    visitor.finish_login(&forge.get(&options)).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, message: &str) {
    assert_eq!(answer.expect(status)["message"], message, "{}", answer.text);
    assert_eq!(answer.header("set-cookie"), None);
}
