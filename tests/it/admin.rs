//! The admin API: tenants, their settings and their keys; who may use it; the validation texts word for word.

use serde_json::{Value, json};

use crate::support::{Spoil, TestServer, config, raw};

#[tokio::test]
async fn a_tenant_is_created_shown_renamed_and_deleted() {
    let server = TestServer::start();
    let admin = server.admin();
    assert_eq!(admin.get("/tenants").await.expect(200), json!([]));

    let body = json!({"display_name": "Shop", "config": config()});
    let created = admin.post("/tenants", &body).await.expect(201);
    assert!(created.get("api_key").is_none());
    let id = created["id"].as_str().unwrap();
    let path = format!("/tenants/{id}");

    let shown = admin.get(&path).await.expect(200);
    assert_eq!(shown["display_name"], "Shop");
    assert_eq!(shown["config"]["cors"], config()["cors"]);
    assert_eq!(shown["config"]["webauthn"], config()["webauthn"]);
    let mfa = json!({
        "timeout": 60000,
        "user_verification": "preferred",
        "attachment": "cross-platform",
        "attestation_preference": "direct",
        "resident_key_requirement": "discouraged",
    });
    assert_eq!(shown["config"]["mfa"], mfa);

    let renamed = admin.put(&path, &json!({"display_name": "Store"})).await;
    renamed.expect(204);
    let listed = admin.get("/tenants").await.expect(200);
    assert_eq!(listed, json!([{"id": id, "display_name": "Store"}]));

    admin.delete(&path).await.expect(204);
    admin.get(&path).await.refused(404, "tenant not found");
    let login = format!("/{id}/login/initialize");
    let answer = server.client().post(&login, &json!({})).await;
    answer.refused(404, "tenant not found");
    admin.delete(&path).await.refused(404, "tenant not found");
    assert_eq!(admin.get("/tenants").await.expect(200), json!([]));
}

#[tokio::test]
async fn what_is_not_said_is_the_default() {
    let server = TestServer::start();
    let minimal = json!({
        "cors": {"allowed_origins": ["*"], "allow_unsafe_wildcard": true},
        "webauthn": {
            "relying_party": {"id": "example.com", "display_name": "M", "origins": ["https://example.com"]},
            "timeout": 1000,
        },
    });
    let tenant = server.tenant_with(minimal.clone()).await;
    let path = format!("/tenants/{}", tenant.id);
    let shown = server.admin().get(&path).await.expect(200);
    let mut expected = minimal;
    expected["webauthn"]["user_verification"] = "required".into();
    expected["webauthn"]["attestation_preference"] = "direct".into();
    expected["webauthn"]["resident_key_requirement"] = "required".into();
    expected["mfa"] = json!({
        "timeout": 1000,
        "user_verification": "preferred",
        "attachment": "cross-platform",
        "attestation_preference": "direct",
        "resident_key_requirement": "discouraged",
    });
    assert_eq!(shown["config"], expected);
}

#[tokio::test]
async fn settings_are_replaced_as_a_whole() {
    let server = TestServer::start();
    let mut full = config();
    full["webauthn"]["attachment"] = "platform".into();
    full["webauthn"]["counter"] = "warn".into();
    full["mfa"] = json!({"timeout": 7000});
    let tenant = server.tenant_with(full).await;
    let path = format!("/tenants/{}", tenant.id);
    let pending = tenant.begin_registration("ann").await;

    let put = format!("{path}/config");
    server.admin().put(&put, &config()).await.expect(204);
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(shown["config"]["webauthn"], config()["webauthn"]);
    assert_eq!(shown["config"]["mfa"]["timeout"], 60000);
    assert_eq!(shown["display_name"], "Golden RP");
    // What was begun can be finished, and the API key stays.
    let created = crate::support::Forge::new(-7).create(&pending);
    tenant.finish_registration(&created).await.expect(200);
    tenant.begin_registration("ann").await;
}

#[tokio::test]
async fn validation_speaks_the_contracts_words() {
    let server = TestServer::start();
    let cases: [(Spoil<Value>, &str); 13] = [
        (
            |body| *body = json!({}),
            "display_name is a required field and allowed_origins is a required field and allow_unsafe_wildcard is a required field and id is a required field and display_name is a required field and origins is a required field and timeout is a required field",
        ),
        (
            |body| body["display_name"] = json!(""),
            "display_name is a required field",
        ),
        (
            |body| body["config"]["cors"]["allowed_origins"] = json!([]),
            "allowed_origins must at least have 1 entry",
        ),
        (
            |body| body["config"]["cors"]["allow_unsafe_wildcard"] = json!(null),
            "allow_unsafe_wildcard is a required field",
        ),
        (
            |body| body["config"]["webauthn"]["relying_party"]["icon"] = json!("/x"),
            "icon must be a valid URL",
        ),
        (
            |body| body["config"]["webauthn"]["relying_party"]["icon"] = json!(""),
            "icon must be a valid URL",
        ),
        (
            |body| body["config"]["webauthn"]["relying_party"]["origins"] = json!([]),
            "origins must at least have 1 entry",
        ),
        (
            |body| body["config"]["webauthn"]["timeout"] = json!(0),
            "timeout is a required field",
        ),
        (
            |body| body["config"]["webauthn"]["user_verification"] = json!(""),
            "user_verification must be one of 'required preferred discouraged'",
        ),
        (
            |body| body["config"]["webauthn"]["attachment"] = json!("usb"),
            "attachment must be one of 'platform cross-platform'",
        ),
        (
            |body| body["config"]["webauthn"]["attestation_preference"] = json!("all"),
            "attestation_preference must be one of 'none indirect direct enterprise'",
        ),
        (
            |body| body["config"]["webauthn"]["resident_key_requirement"] = json!("yes"),
            "resident_key_requirement must be one of 'discouraged preferred required'",
        ),
        (
            |body| body["config"]["mfa"] = json!({}),
            "timeout is a required field",
        ),
    ];
    for (spoil, details) in cases {
        let mut body = json!({"display_name": "x", "config": config()});
        spoil(&mut body);
        let answer = server.admin().post("/tenants", &body).await;
        answer.refused_with(400, "unable to create tenant", details);
    }
    assert_eq!(server.admin().get("/tenants").await.expect(200), json!([]));
}

#[tokio::test]
async fn an_unknown_member_is_refused_by_name() {
    let server = TestServer::start();
    let cases: [Spoil<Value>; 6] = [
        |body| body["displayname"] = json!("x"),
        |body| body["config"]["displayname"] = json!("x"),
        |body| body["config"]["cors"]["displayname"] = json!("x"),
        |body| body["config"]["webauthn"]["displayname"] = json!("x"),
        |body| body["config"]["webauthn"]["relying_party"]["displayname"] = json!("x"),
        |body| body["config"]["mfa"] = json!({"timeout": 1, "displayname": "x"}),
    ];
    for spoil in cases {
        let mut body = json!({"display_name": "x", "config": config()});
        spoil(&mut body);
        let answer = server.admin().post("/tenants", &body).await;
        answer.refused(400, "unable to create tenant");
        let details = answer.json()["details"].as_str().unwrap().to_owned();
        assert!(details.contains("displayname"), "{details}");
    }
}

#[tokio::test]
async fn bad_origins_are_refused_and_odd_ones_are_warned_of() {
    let server = TestServer::start();
    for origins in [
        json!([""]),
        json!(["nonsense"]),
        json!(["https://a.example", "https://a.example"]),
    ] {
        let mut body = json!({"display_name": "x", "config": config()});
        body["config"]["webauthn"]["relying_party"]["origins"] = origins;
        let answer = server.admin().post("/tenants", &body).await;
        answer.refused(400, "unable to create tenant");
    }
    let mut body = json!({"display_name": "x", "config": config()});
    body["config"]["webauthn"]["relying_party"]["origins"] = json!(["https://other.example"]);
    let created = server.admin().post("/tenants", &body).await.expect(201);
    let warnings = created["warnings"].as_array().unwrap();
    assert!(
        warnings[0]
            .as_str()
            .unwrap()
            .contains("https://other.example")
    );
}

#[tokio::test]
async fn an_api_key_is_shown_once_listed_masked_and_ends_when_it_is_deleted() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let path = format!("/tenants/{}/secrets/api", tenant.id);
    let admin = server.admin();

    let name = json!({"name": "second"});
    let created = admin.post(&path, &name).await.expect(201);
    let secret = created["secret"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 88);
    assert!(secret.ends_with("=="));
    let second = crate::support::Tenant {
        key: format!("  {secret} "),
        ..tenant.clone()
    };
    second.begin_registration("ann").await;

    let listed = admin.get(&path).await;
    assert!(!listed.text.contains(&secret), "a list shows a secret");
    assert!(!listed.text.contains(&tenant.key), "a list shows a secret");
    let listed = listed.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[1]["secret"], format!("{}****", &secret[..4]));
    assert_eq!(listed[1]["id"], created["id"]);

    admin.post(&path, &name).await.expect(409);
    let blank = admin.post(&path, &json!({"name": ""})).await;
    blank.refused_with(400, "unable to create key", "name is a required field");

    let one = format!("{path}/{}", created["id"].as_str().unwrap());
    admin.delete(&one).await.expect(204);
    let body = json!({"user_id": "ann", "username": "ann"});
    let answer = second.post("registration/initialize", &body).await;
    answer.refused(401, "The api key is invalid");
    tenant.begin_registration("ann").await;
    let id = created["id"].as_str().unwrap();
    let again = admin.delete(&one).await;
    again.refused(404, &format!("secret with ID '{id}' not found"));
    let bad = admin.delete(&format!("{path}/x")).await;
    bad.refused_with(
        400,
        "unable to remove key",
        "SecretId must be a valid uuid4",
    );
}

#[tokio::test]
async fn without_a_token_only_local_names_are_answered() {
    let server = TestServer::start();
    let port = server.admin.rsplit_once(':').unwrap().1;
    for (host, status) in [
        (format!("127.0.0.1:{port}"), "200"),
        (format!("localhost:{port}"), "200"),
        (format!("[::1]:{port}"), "200"),
        ("evil.example".to_owned(), "403"),
        (format!("evil.example:{port}"), "403"),
        ("localhost.evil.example".to_owned(), "403"),
    ] {
        let request = format!("GET /tenants HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(&server.admin, request.as_bytes());
        let expected = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&expected), "{host}: {answer}");
    }
}

#[tokio::test]
async fn with_a_token_only_its_bearer_is_answered() {
    let token = "an admin token of a test";
    let server = TestServer::with(&[("SERVER__ADMIN_TOKEN", token)]);
    let admin = server.admin();
    for path in ["/tenants", "/tenants/x", "/nothing"] {
        admin.get(path).await.expect(401);
        let headers = [("Authorization", "Bearer an admin token of a fool")];
        admin.send("GET", path, &headers, None).await.expect(401);
    }
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    admin
        .send("GET", "/tenants", &headers, None)
        .await
        .expect(200);
    for path in ["/health/alive", "/health/ready", "/metrics"] {
        assert_eq!(admin.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn health_is_told_on_both_listeners() {
    let server = TestServer::start();
    for client in [server.client(), server.admin()] {
        let alive = client.get("/health/alive").await.expect(200);
        assert_eq!(alive, json!({"alive": true}));
        let ready = client.get("/health/ready").await.expect(200);
        assert_eq!(ready, json!({"ready": true}));
        let status = client.get("/").await;
        assert_eq!(status.status, 200);
        assert!(
            status
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
    let public = server.client().get("/metrics").await;
    assert_ne!(public.status, 200, "metrics are not for the public");
}

#[tokio::test]
async fn tenants_survive_a_kill() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let path = format!("/tenants/{}", tenant.id);
    let before = server.admin().get(&path).await.expect(200);
    server.kill_and_restart();
    assert_eq!(server.admin().get(&path).await.expect(200), before);
    tenant.at(server.client()).begin_registration("ann").await;
}
