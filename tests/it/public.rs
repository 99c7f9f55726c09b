//! The Public API as a page and its backend see it (contract §10), by the path alias.

mod attacks;
mod credentials;
mod login;
mod origins;
mod registration;
mod sessions;

use serde_json::{Value, json};

use crate::support::{Tenant, TestServer, Visitor, config};

/// A tenant whose sessions are as `sessions` says.
async fn tenant_with(server: &TestServer, sessions: Value) -> Tenant {
    let mut settings = config();
    settings["sessions"] = sessions;
    server.tenant_with(settings).await
}

#[tokio::test]
async fn every_refusal_is_a_code_and_a_message() {
    let server = TestServer::with(&[("LIMITS__BODY", "1 KiB")]);
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let bearer = format!("Bearer {}", ann.token);
    let text = ("Content-Type", "text/plain");
    let of_json = ("Content-Type", "application/json");
    let with_token = ("Authorization", &*bearer);
    let long = " ".repeat(2000);
    let (begin, id) = ("/webauthn/login/initialize", "/webauthn/credentials/AA");
    for (method, path, headers, body, status, message) in [
        ("GET", "/me", vec![], "", 401, "Unauthorized"),
        ("GET", "/users/x", vec![with_token], "", 403, "Forbidden"),
        ("DELETE", id, vec![with_token], "", 404, "Not Found"),
        ("GET", begin, vec![], "", 405, "Method Not Allowed"),
        (
            "PUT",
            "/me",
            vec![with_token],
            "",
            405,
            "Method Not Allowed",
        ),
        (
            "POST",
            begin,
            vec![text],
            "{}",
            415,
            "Unsupported Media Type",
        ),
        ("POST", begin, vec![of_json], "{", 400, "Bad Request"),
        (
            "POST",
            begin,
            vec![],
            &long,
            413,
            "Request Entity Too Large",
        ),
    ] {
        let body = Some(body.as_bytes().to_vec());
        let answer = ann.send_as(method, path, &headers, body).await;
        let said = answer.expect(status);
        assert_eq!(said, json!({"code": status, "message": message}), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("allow").is_some(), status == 405, "{path}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    let nothing = ann.get("/webauthn/nothing").await.expect(404);
    for (member, value) in [("code", json!(404)), ("message", json!("Not Found"))] {
        assert_eq!(nothing[member], value);
    }
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_in_the_same_words() {
    let settings = [
        ("LIMITS__RATE_PER_ADDRESS", "1"),
        ("LIMITS__RATE_PER_ADDRESS_BURST", "2"),
    ];
    let server = TestServer::with(&settings);
    let tenant = server.tenant().await;
    let stranger = Visitor::stranger(&tenant);
    let path = "/webauthn/login/initialize";
    let mut refused = None;
    for _ in 0..10 {
        let answer = stranger.post(path, &json!({})).await;
        if answer.status != 200 {
            refused = Some(answer);
        }
    }
    let refused = refused.unwrap();
    let said = refused.expect(429);
    assert_eq!(said["code"], 429);
    assert_eq!(said["message"], "Too Many Requests");
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn tenants_share_no_user_challenge_credential_or_session() {
    let server = TestServer::start();
    let (here, there) = (server.tenant().await, server.tenant().await);
    let ann = Visitor::new(&server, &here).await;
    let mut forge = ann.register().await;
    let body = json!({"user_id": ann.user});
    let twin = Visitor::vouched(&server, &there, body).await;
    let strayed = Visitor {
        base: twin.base.clone(),
        ..ann.clone()
    };
    strayed.get("/me").await.expect(401);
    assert_eq!(
        twin.get("/webauthn/credentials").await.expect(200),
        json!([])
    );
    let id = format!("/webauthn/credentials/{}", forge.id());
    twin.delete(&id).await.expect(404);
    let options = ann.begin_registration().await;
    let created = forge.create(&options);
    twin.finish_registration(&created).await.expect(400);
    let options = ann.begin_login(None).await;
    twin.finish_login(&forge.get(&options)).await.expect(401);
    let options = twin.begin_login(None).await;
    twin.finish_login(&forge.get(&options)).await.expect(401);
    let offered = twin.begin_login(Some(&ann.user)).await;
    let offered = offered["publicKey"]["allowCredentials"].as_array().unwrap();
    assert!(offered.iter().all(|offered| offered["id"] != forge.id()));
}

/// The same authenticator, and what it makes has the same id.
#[tokio::test]
async fn a_credential_of_two_tenants_is_two_credentials() {
    let server = TestServer::start();
    let (here, there) = (server.tenant().await, server.tenant().await);
    let ann = Visitor::new(&server, &here).await;
    let bob = Visitor::new(&server, &there).await;
    let mut forge = ann.register().await;
    let of_ann = forge.user_handle.clone();
    let created = forge.create(&bob.begin_registration().await);
    bob.finish_registration(&created).await.expect(200);
    let id = format!("/webauthn/credentials/{}", forge.id());
    bob.patch(&id, &json!({"name": "Bob's"})).await.expect(200);
    let options = bob.begin_login(None).await;
    let said = bob.finish_login(&forge.get(&options)).await;
    assert_eq!(said.expect(200)["user_id"], bob.user);
    bob.delete(&id).await.expect(204);
    let listed = ann.get("/webauthn/credentials").await.expect(200);
    assert_eq!(listed[0]["id"], forge.id());
    assert_ne!(listed[0]["name"], "Bob's");
    forge.user_handle = of_ann;
    let options = ann.begin_login(None).await;
    let said = ann.finish_login(&forge.get(&options)).await;
    assert_eq!(said.expect(200)["user_id"], ann.user);
}

/// A browser keeps one cookie of a name for all paths of a host.
#[tokio::test]
async fn tenants_of_one_host_may_name_their_cookies() {
    let server = TestServer::start();
    let mut visitors = Vec::new();
    let mut cookies = Vec::new();
    for name in ["a", "b"] {
        let tenant = tenant_with(&server, json!({"cookie": {"name": name}})).await;
        let visitor = Visitor::new(&server, &tenant).await;
        let mut forge = visitor.register().await;
        let options = visitor.begin_login(None).await;
        let said = visitor.finish_login(&forge.get(&options)).await;
        let cookie = said.header("set-cookie").unwrap().split(';').next();
        cookies.push(cookie.unwrap().to_owned());
        visitors.push(visitor);
    }
    let both = cookies.join("; ");
    let headers = [("Cookie", &*both)];
    for visitor in &visitors {
        let me = visitor.send_as("GET", "/me", &headers, None).await;
        assert_eq!(me.expect(200)["id"], visitor.user);
    }
    let [one, other] = &visitors[..] else {
        panic!("two visitors");
    };
    let ended = one.send_as("POST", "/logout", &headers, None).await;
    ended.expect(204);
    assert!(ended.header("set-cookie").unwrap().starts_with("a=;"));
    one.send_as("GET", "/me", &headers, None).await.expect(401);
    other
        .send_as("GET", "/me", &headers, None)
        .await
        .expect(200);
}

/// The two APIs share users and credentials, and no ceremony.
#[tokio::test]
async fn a_ceremony_ends_at_the_api_where_it_began() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let mut forge = ann.register().await;
    let begun = tenant.begin_login_of(&ann.user).await;
    ann.finish_login(&forge.get(&begun)).await.expect(401);
    let begun = ann.begin_login(Some(&ann.user)).await;
    tenant.finish_login(&forge.get(&begun)).await.expect(401);
    let begun = ann.begin_login(Some("nobody")).await;
    tenant.finish_login(&forge.get(&begun)).await.expect(401);
    let begun = tenant.begin_login_of(&ann.user).await;
    tenant.finish_login(&forge.get(&begun)).await.expect(200);
    let begun = ann.begin_login(Some(&ann.user)).await;
    ann.finish_login(&forge.get(&begun)).await.expect(200);
}
