//! What must stay secret, looked for wherever the server writes: its log at the finest level, its metrics, its settings.

use std::process::Command;

use serde_json::json;

use crate::support::{Forge, STORE_KEY, Tenant, TestServer};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn nothing_secret_is_logged_or_measured() {
    let token = "an admin token that no log ever shows";
    let settings = [("LOG__LEVEL", "trace"), ("SERVER__ADMIN_TOKEN", token)];
    let mut server = TestServer::with(&settings);
    let bearer = format!("Bearer {token}");
    let headers = [JSON, ("Authorization", bearer.as_str())];
    let body =
        json!({"display_name": "x", "config": crate::support::config(), "create_api_key": true});
    let body = Some(body.to_string().into_bytes());
    let created = server
        .admin()
        .send("POST", "/tenants", &headers, body)
        .await;
    let created = created.expect(201);
    let tenant = Tenant {
        client: server.client(),
        id: created["id"].as_str().unwrap().to_owned(),
        key: created["api_key"]["secret"].as_str().unwrap().to_owned(),
    };
    let mut secrets = vec![STORE_KEY.to_owned(), token.to_owned(), tenant.key.clone()];
    secrets.push(tenant.key.trim_end_matches('=').to_owned());

    let mut forge = Forge::new(-7);
    let options = tenant.begin_registration("ann").await;
    let response = forge.create(&options);
    let registered = tenant.finish_registration(&response).await.expect(200);
    let login = tenant.begin_login().await;
    let mut spoilt = forge.get(&login);
    spoilt["response"]["signature"] = json!("AAAA");
    tenant.finish_login(&spoilt).await.expect(401);
    let got = forge.get(&tenant.begin_login().await);
    let logged_in = tenant.finish_login(&got).await.expect(200);
    tenant.finish_login(&got).await.expect(401);
    let wrong = Tenant {
        key: "a wrong key that is none the less secret".into(),
        ..tenant.clone()
    };
    secrets.push(wrong.key.clone());
    wrong
        .post("registration/initialize", &json!({}))
        .await
        .expect(401);
    server.admin().get("/tenants?token=x").await.expect(401);

    for options in [&options, &login] {
        secrets.push(
            options["publicKey"]["challenge"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    for answer in [&registered, &logged_in] {
        secrets.push(answer["token"].as_str().unwrap().to_owned());
    }
    for member in ["clientDataJSON", "signature", "authenticatorData"] {
        secrets.push(got["response"][member].as_str().unwrap().to_owned());
    }
    let metrics = server.admin().get("/metrics").await.text;
    assert!(server.stop().success());
    let log = server.log();
    assert!(log.contains("TRACE"), "the log is not at level trace");
    for secret in secrets {
        assert!(!log.contains(&secret), "the log shows {secret}");
        assert!(!metrics.contains(&secret), "the metrics show {secret}");
    }
    assert!(!metrics.contains("ann"), "the metrics show a user");
}

#[test]
fn the_settings_are_shown_without_secrets() {
    let token = "an admin token that is never shown";
    let shown = Command::new(env!("CARGO_BIN_EXE_keywright"))
        .arg("check-config")
        .env_clear()
        .env("KEYWRIGHT__SECRETS__KEYS", STORE_KEY)
        .env("KEYWRIGHT__SERVER__ADMIN_TOKEN", token)
        .output()
        .unwrap();
    assert!(shown.status.success());
    let text = format!("{shown:?}");
    assert!(text.contains("public_address"), "{text}");
    assert!(!text.contains(token) && !text.contains(STORE_KEY), "{text}");
}

/// What is on disk is sealed, but for the ids by which it is found: no key and no user's name can be read there.
#[tokio::test]
async fn nothing_secret_is_on_disk_in_the_clear() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let name = "a name that is nobody's business";
    let body = json!({"user_id": "ann", "username": name, "display_name": name});
    let options = tenant.post("registration/initialize", &body).await;
    let created = Forge::new(-7).create(&options.expect(200));
    tenant.finish_registration(&created).await.expect(200);
    let pending = tenant.post("registration/initialize", &body).await;
    let pending = pending.expect(200);
    let challenge = crate::support::from_base64url(&pending["publicKey"]["challenge"]);
    assert!(server.stop().success());
    let secrets = [
        tenant.key.as_bytes(),
        name.as_bytes(),
        STORE_KEY.as_bytes(),
        &challenge,
        b"Golden RP",
    ];
    let mut looked_at = 0;
    for entry in std::fs::read_dir(server.directory().join("store")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        looked_at += bytes.len();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(
                !found,
                "{} shows {:?}",
                path.display(),
                String::from_utf8_lossy(secret)
            );
        }
    }
    assert!(looked_at > 4096, "the store was not found");
}
