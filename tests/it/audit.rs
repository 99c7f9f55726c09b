//! The audit log over the wire: what is in it after what, who sees it, and what survives.

mod listing;

use serde_json::{Value, json};

use crate::support::{Answer, Forge, Tenant, TestServer, config};

/// The list as an API key of the tenant sees it.
async fn ask(tenant: &Tenant, query: &str) -> Answer {
    let path = format!("/{}/audit_logs{query}", tenant.id);
    let headers = [("apiKey", tenant.key.as_str())];
    tenant.client.send("GET", &path, &headers, None).await
}

/// The entries that match, newest first.
async fn entries(tenant: &Tenant, query: &str) -> Vec<Value> {
    let listed = ask(tenant, query).await.expect(200);
    listed.as_array().unwrap().clone()
}

/// Types with users, oldest first.
async fn told(tenant: &Tenant, query: &str) -> Vec<String> {
    let entries = entries(tenant, query).await;
    let entries = entries.iter().rev().map(|entry| {
        let kind = entry["type"].as_str().unwrap();
        match entry["actor_user_id"].as_str() {
            Some(user) => format!("{kind} {user}"),
            None => kind.to_owned(),
        }
    });
    entries.collect()
}

async fn register(tenant: &Tenant, user: &str) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration(user).await);
    tenant.finish_registration(&created).await.expect(200);
    forge
}

/// A login that is refused for its signature.
async fn fail_to_log_in(tenant: &Tenant, forge: &mut Forge) {
    let options = tenant.begin_login().await;
    let mut got = forge.get(&options);
    got["response"]["signature"] = Forge::new(-7).get(&options)["response"]["signature"].take();
    tenant.finish_login(&got).await.expect(401);
}

async fn keyed(tenant: &Tenant, method: &str, path: &str, body: Option<&str>) -> Answer {
    let headers = [("apiKey", tenant.key.as_str()), JSON];
    let path = format!("/{}/{path}", tenant.id);
    let body = body.map(|body| body.as_bytes().to_vec());
    tenant.client.send(method, &path, &headers, body).await
}

fn with_audit(audit: Value) -> Value {
    let mut config = config();
    config["audit"] = audit;
    config
}

#[tokio::test]
async fn each_change_is_told_once_with_whom_it_is_about() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let admin = format!("/tenants/{}", tenant.id);
    let mut ann = register(&tenant, "ann").await;
    let got = ann.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);

    let mut second = Forge::new(-7);
    let created = second.create(&tenant.begin_mfa_registration("bob").await);
    let registered = tenant.post("mfa/registration/finalize", &created).await;
    registered.expect(200);
    let body = json!({"user_id": "bob"});
    let options = tenant.post("mfa/login/initialize", &body).await;
    let got = second.get(&options.expect(200));
    tenant.post("mfa/login/finalize", &got).await.expect(200);

    let credential = format!("credentials/{}", ann.id());
    let renamed = keyed(&tenant, "PATCH", &credential, Some(r#"{"name": "Key"}"#));
    renamed.await.expect(204);
    keyed(&tenant, "DELETE", &credential, None)
        .await
        .expect(204);
    keyed(&tenant, "DELETE", &credential, None)
        .await
        .expect(404);

    let named = json!({"display_name": "Other"});
    server.admin().put(&admin, &named).await.expect(204);
    let path = format!("{admin}/config");
    server.admin().put(&path, &config()).await.expect(204);
    let path = format!("{admin}/secrets/api");
    let key = json!({"name": "second"});
    let made = server.admin().post(&path, &key).await.expect(201);
    let path = format!("{path}/{}", made["id"].as_str().unwrap());
    server.admin().delete(&path).await.expect(204);

    let mut told = told(&tenant, "").await;
    // When a key is made is not the log's to say.
    assert!(told.contains(&"signing_key_created".to_owned()), "{told:?}");
    told.retain(|entry| entry != "signing_key_created");
    let expected = [
        "tenant_created",
        "webauthn_registration_final_succeeded ann",
        "webauthn_authentication_final_succeeded ann",
        "mfa_registration_final_succeeded bob",
        "mfa_authentication_final_succeeded bob",
        "webauthn_credential_updated ann",
        "webauthn_credential_deleted ann",
        "tenant_updated",
        "tenant_config_updated",
        "secret_created",
        "secret_deleted",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_entry_has_the_contracts_members() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    let headers = [
        JSON,
        ("User-Agent", "a browser"),
        ("X-Request-Id", "the-id"),
    ];
    let path = format!("/{}/registration/finalize", tenant.id);
    let body = Some(created.to_string().into_bytes());
    let sent = tenant.client.send("POST", &path, &headers, body).await;
    sent.expect(200);

    let query = "?type=webauthn_registration_final_succeeded";
    let [entry] = &mut entries(&tenant, query).await[..] else {
        panic!("one registration, one entry");
    };
    let id = entry["id"].take();
    assert!(uuid::Uuid::try_parse(id.as_str().unwrap()).is_ok());
    assert_eq!(entry["created_at"], entry["updated_at"]);
    let times = [entry["created_at"].take(), entry["updated_at"].take()];
    assert!(times[0].as_str().unwrap().ends_with('Z'), "{times:?}");
    let expected = json!({
        "id": null,
        "type": "webauthn_registration_final_succeeded",
        "meta_http_request_id": "the-id",
        "meta_source_ip": "127.0.0.1",
        "meta_user_agent": "a browser",
        "actor_user_id": "ann",
        "created_at": null,
        "updated_at": null,
        "tenant_id": tenant.id,
        "transaction_id": null,
    });
    assert_eq!(*entry, expected);
}

#[tokio::test]
async fn refusals_are_told_with_their_reason_and_nobodys_secrets() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut ann = register(&tenant, "ann").await;
    fail_to_log_in(&tenant, &mut ann).await;
    let got = ann.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    tenant.finish_login(&got).await.expect(401);
    let mut elsewhere = Forge::new(-7);
    elsewhere.origin = "https://elsewhere.example".into();
    let created = elsewhere.create(&tenant.begin_registration("bob").await);
    tenant.finish_registration(&created).await.expect(400);
    let cross = elsewhere.create(&tenant.begin_registration("eve").await);
    let refused = tenant.post("mfa/registration/finalize", &cross).await;
    refused.expect(400);

    let failed = entries(&tenant, "?type=webauthn_authentication_final_failed").await;
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert_eq!(
        failed[0]["error"],
        "code=401, message=failed to get session data, internal=the challenge is not pending"
    );
    assert!(failed[0].get("actor_user_id").is_none(), "{failed:?}");
    assert_eq!(
        failed[1]["error"],
        "code=401, message=failed to validate assertion, internal=the assertion signature does not verify"
    );
    assert_eq!(failed[1]["actor_user_id"], "ann");
    let failed = entries(&tenant, "?type=webauthn_registration_final_failed").await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(
        failed[0]["error"],
        "code=400, message=failed to validate attestation, internal=the origin is not an expected one"
    );
    assert_eq!(failed[0]["actor_user_id"], "bob");
    let failed = entries(&tenant, "?type=mfa_registration_final_failed").await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["actor_user_id"], "eve");
}

#[tokio::test]
async fn what_is_no_ceremony_is_not_told() {
    let server = TestServer::start();
    let tenant = server
        .tenant_with(with_audit(json!({"initialize": true})))
        .await;
    let before = told(&tenant, "").await;
    tenant.finish_login(&json!({"id": "x"})).await.expect(400);
    tenant.finish_registration(&json!({})).await.expect(400);
    let nameless = tenant.post("registration/initialize", &json!({})).await;
    nameless.expect(400);
    let unkeyed = json!({"user_id": "ann", "username": "ann"});
    let refused = tenant.post_unkeyed("registration/initialize", &unkeyed);
    refused.await.expect(401);
    tenant.jwks().await.expect(200);
    let mut after = told(&tenant, "").await;
    after.retain(|entry| entry != "signing_key_created");
    assert_eq!(after, before);
}

#[tokio::test]
async fn beginnings_are_told_where_the_tenant_says_so() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let begin = async || {
        tenant.begin_registration("ann").await;
        tenant.begin_login().await;
        for path in ["login/initialize", "mfa/login/initialize"] {
            let nobody = tenant.post(path, &json!({"user_id": "nobody"})).await;
            nobody.expect(404);
        }
    };
    let configure = async |config: Value| {
        let path = format!("/tenants/{}/config", tenant.id);
        server.admin().put(&path, &config).await.expect(204);
    };
    begin().await;
    assert_eq!(told(&tenant, "").await, ["tenant_created"]);
    configure(with_audit(json!({"initialize": true}))).await;
    begin().await;
    configure(config()).await;
    begin().await;
    let expected = [
        "tenant_created",
        "tenant_config_updated",
        "webauthn_registration_init_succeeded ann",
        "webauthn_authentication_init_succeeded",
        "webauthn_authentication_init_failed nobody",
        "mfa_authentication_init_failed nobody",
        "tenant_config_updated",
    ];
    assert_eq!(told(&tenant, "").await, expected);
    let failed = entries(&tenant, "?type=mfa_authentication_init_failed").await;
    let error = "code=404, message=user not found, internal=no such user";
    assert_eq!(failed[0]["error"], error);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_told_either_way() {
    let server = TestServer::start();
    for (policy, status, kind, error) in [
        (
            "warn",
            200,
            "webauthn_authentication_final_succeeded",
            "accepted, although the signature counter did not grow",
        ),
        (
            "reject",
            401,
            "webauthn_authentication_final_failed",
            "code=401, message=failed to validate assertion, internal=the signature counter did not grow",
        ),
    ] {
        let mut config = config();
        config["webauthn"]["counter"] = policy.into();
        let tenant = server.tenant_with(config).await;
        let mut ann = register(&tenant, "ann").await;
        ann.counter = 10;
        let got = ann.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(200);
        ann.counter = 3;
        let got = ann.get(&tenant.begin_login().await);
        tenant.finish_login(&got).await.expect(status);
        let entries = entries(&tenant, "").await;
        assert_eq!(entries[0]["type"], kind);
        assert_eq!(entries[0]["error"], error);
        assert_eq!(entries[0]["actor_user_id"], "ann");
    }
}

#[tokio::test]
async fn transactions_are_told_with_their_name() {
    let server = TestServer::start();
    let tenant = server
        .tenant_with(with_audit(json!({"initialize": true})))
        .await;
    let mut ann = register(&tenant, "ann").await;
    let pay = json!({"user_id": "ann", "transaction_id": "pay-1", "transaction_data": {"sum": 1}});
    let options = tenant
        .post("transaction/initialize", &pay)
        .await
        .expect(200);
    tenant
        .post("transaction/initialize", &pay)
        .await
        .expect(409);
    let got = ann.get(&options);
    tenant.post("transaction/finalize", &got).await.expect(200);
    let mut second = pay.clone();
    second["transaction_id"] = "pay-2".into();
    let options = tenant
        .post("transaction/initialize", &second)
        .await
        .expect(200);
    ann.origin = "https://elsewhere.example".into();
    let got = ann.get(&options);
    tenant.post("transaction/finalize", &got).await.expect(401);

    let mut entries = entries(&tenant, "?per_page=5").await;
    entries.reverse();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            assert_eq!(entry["actor_user_id"], "ann");
            let of = |name: &str| entry[name].as_str().unwrap();
            format!("{} {}", of("type"), of("transaction_id"))
        })
        .collect();
    let expected = [
        "webauthn_transaction_init_succeeded pay-1",
        "webauthn_transaction_init_failed pay-1",
        "webauthn_transaction_final_succeeded pay-1",
        "webauthn_transaction_init_succeeded pay-2",
        "webauthn_transaction_final_failed pay-2",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_kill_loses_no_entry_of_a_change() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    for round in 0..3 {
        let tenant = tenant.at(server.client());
        register(&tenant, &format!("user{round}")).await;
        server.kill_and_restart();
    }
    let tenant = tenant.at(server.client());
    let registered = told(&tenant, "?type=webauthn_registration_final_succeeded").await;
    let expected = ["user0", "user1", "user2"];
    let expected = expected.map(|user| format!("webauthn_registration_final_succeeded {user}"));
    assert_eq!(registered, expected);
}

#[tokio::test]
async fn a_refusal_is_durable_soon_and_at_a_stop() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut ann = register(&tenant, "ann").await;
    let written = server.metric("keywright_audit_entries_total").await;
    fail_to_log_in(&tenant, &mut ann).await;
    server
        .until_metric("keywright_audit_entries_total", |now| now > written)
        .await;
    server.kill_and_restart();
    let tenant = tenant.at(server.client());
    let failed = "?type=webauthn_authentication_final_failed";
    assert_eq!(entries(&tenant, failed).await.len(), 1);

    fail_to_log_in(&tenant, &mut ann).await;
    server.restart();
    let tenant = tenant.at(server.client());
    assert_eq!(entries(&tenant, failed).await.len(), 2);
}

#[tokio::test]
async fn what_the_queue_has_no_room_for_is_counted() {
    let server = TestServer::with(&[("AUDIT__QUEUE", "2")]);
    let tenant = server.tenant().await;
    let mut ann = register(&tenant, "ann").await;
    let dropped = "keywright_audit_dropped_total";
    assert!(server.metric(dropped).await < 1.0);
    let mut refused = 0.0;
    while server.metric(dropped).await < 1.0 {
        fail_to_log_in(&tenant, &mut ann).await;
        refused += 1.0;
        assert!(refused < 1_000.0, "nothing is ever dropped");
    }
    let listed = entries(&tenant, "?type=webauthn_authentication_final_failed").await;
    let listed = u32::try_from(listed.len()).unwrap();
    let lost = server.metric(dropped).await;
    assert!(
        (f64::from(listed) + lost - refused).abs() < 0.5,
        "{listed} {lost} {refused}"
    );
}

#[tokio::test]
async fn stdout_has_a_line_an_entry_where_it_is_switched_on() {
    let mut server = TestServer::with(&[("AUDIT__STDOUT", "true")]);
    let tenant = server.tenant().await;
    let mut ann = register(&tenant, "ann").await;
    fail_to_log_in(&tenant, &mut ann).await;
    let path = format!("/tenants/{}", tenant.id);
    server.admin().delete(&path).await.expect(204);
    assert!(server.stop().success());
    let stdout = server.stdout();
    let lines: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["type"] != "signing_key_created")
        .collect();
    let types: Vec<_> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    let expected = [
        "tenant_created",
        "webauthn_registration_final_succeeded",
        "tenant_deleted",
    ];
    // The refusal waited to be written, and its tenant may be gone before that.
    let changes: Vec<_> = types
        .iter()
        .filter(|kind| !kind.ends_with("_failed"))
        .collect();
    assert_eq!(changes, expected.iter().collect::<Vec<_>>(), "{stdout}");
    let line = &lines[1];
    assert_eq!(line["audience"], "audit");
    assert_eq!(line["tenant"], tenant.id.as_str());
    assert_eq!(line["user_id"], "ann");
    assert_eq!(line["source_ip"], "127.0.0.1");
    assert!(line["http_request_id"].is_string() && line["user_agent"].is_string());
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
    assert!(line["time_unix"].as_str().unwrap().parse::<u64>().is_ok());
    for absent in ["error", "transaction_id"] {
        assert!(line.get(absent).is_none(), "{line}");
    }
}

#[tokio::test]
async fn stdout_is_silent_by_default_and_tells_refusals_when_not() {
    for (setting, count) in [("false", 0), ("true", 1)] {
        let mut server = TestServer::with(&[("AUDIT__STDOUT", setting)]);
        let tenant = server.tenant().await;
        let mut ann = register(&tenant, "ann").await;
        fail_to_log_in(&tenant, &mut ann).await;
        assert!(server.stop().success());
        let failed = r#""type":"webauthn_authentication_final_failed","error":"code=401"#;
        assert_eq!(server.stdout().matches(failed).count(), count);
        assert_eq!(server.stdout().is_empty(), count == 0);
    }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
