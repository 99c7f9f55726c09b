//! The contract's validation (§1.4, §4, §5) field by field: the texts, their order, and what is taken.

use serde_json::{Value, json};

use crate::support::{Forge, Spoil, TestServer, config};

#[tokio::test]
async fn all_that_is_wrong_is_said_in_the_order_of_the_fields() {
    let server = TestServer::start();
    let ceremonies = json!({
        "timeout": 0,
        "user_verification": "x",
        "attachment": "",
        "attestation_preference": "Direct",
        "resident_key_requirement": "true",
    });
    let mut webauthn = ceremonies.clone();
    webauthn["relying_party"] = json!({"id": "", "display_name": null, "icon": "", "origins": []});
    let config = json!({
        "mfa": ceremonies,
        "webauthn": webauthn,
        "cors": {"allow_unsafe_wildcard": null, "allowed_origins": null},
    });
    let of_ceremonies = "timeout is a required field \
        and user_verification must be one of 'required preferred discouraged' \
        and attachment must be one of 'platform cross-platform' \
        and attestation_preference must be one of 'none indirect direct enterprise' \
        and resident_key_requirement must be one of 'discouraged preferred required'";
    let of_config = format!(
        "allowed_origins is a required field \
        and allow_unsafe_wildcard is a required field \
        and id is a required field \
        and display_name is a required field \
        and icon must be a valid URL \
        and origins must at least have 1 entry \
        and {of_ceremonies} and {of_ceremonies}"
    );
    let body = json!({"config": config, "display_name": ""});
    let answer = server.admin().post("/tenants", &body).await;
    let details = format!("display_name is a required field and {of_config}");
    answer.refused_with(400, "unable to create tenant", &details);
    let tenant = server.tenant().await;
    let path = format!("/tenants/{}/config", tenant.id);
    let answer = server.admin().put(&path, &config).await;
    answer.refused_with(400, "unable to update tenant config", &of_config);
}

#[tokio::test]
async fn a_body_that_cannot_be_bound_is_refused_under_the_title_of_its_route() {
    let server = TestServer::start();
    let tenant = format!("/tenants/{}", server.tenant().await.id);
    let of_config = "allowed_origins is a required field and allow_unsafe_wildcard is a required field and id is a required field and display_name is a required field and origins is a required field and timeout is a required field";
    let of_tenant = format!("display_name is a required field and {of_config}");
    let (one, config, keys) = (
        tenant.clone(),
        format!("{tenant}/config"),
        format!("{tenant}/secrets/api"),
    );
    let name = "display_name is a required field";
    let key = "name is a required field";
    let routes = [
        ("POST", "/tenants", "unable to create tenant", &*of_tenant),
        ("PUT", &*one, "unable to update tenant", name),
        ("PUT", &*config, "unable to update tenant config", of_config),
        ("POST", &*keys, "unable to create key", key),
    ];
    for (method, path, title, missing) in routes {
        let admin = server.admin();
        let send = |media_type: &'static str, body: &str| {
            let (admin, body) = (admin.clone(), body.as_bytes().to_vec());
            async move {
                let headers = [("Content-Type", media_type)];
                admin.send(method, path, &headers, Some(body)).await
            }
        };
        for nothing in ["{}", "null", ""] {
            let answer = send("application/json", nothing).await;
            answer.refused_with(400, title, missing);
        }
        let answer = send("application/xml", "<x/>").await;
        answer.refused_with(400, title, missing);
        let answer = send("text/plain", "{}").await;
        answer.refused_with(400, title, "Unsupported Media Type");
        for malformed in ["{", "{}{}", "[]", "\"x\"", "{\"mispelt\": 1}"] {
            let answer = send("application/json", malformed).await;
            answer.refused(400, title);
        }
    }
}

/// Members in the order of our declarations are no format of anybody's.
#[tokio::test]
async fn nothing_is_read_from_an_array_where_an_object_belongs() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for (path, body) in [
        ("registration/initialize", json!(["ann", "ann", null, null])),
        ("login/initialize", json!([null])),
        ("mfa/login/initialize", json!(["ann"])),
        ("transaction/initialize", json!(["ann", "order", 1])),
    ] {
        let answer = tenant.post(path, &body).await;
        answer.refused(400, "unable to process request");
    }
    let path = format!("/tenants/{}/config", tenant.id);
    for (pointer, array) in [
        ("/cors", json!([["*"], true])),
        (
            "/webauthn/relying_party",
            json!(["a.example", "A", null, ["https://a.example"]]),
        ),
        ("/mfa", json!([1000, null, null, null, null])),
        ("/limits", json!([5])),
        (
            "/sessions",
            json!({"issuers": [["i", "a", {}, null, null]]}),
        ),
    ] {
        let mut config = config();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap()[member] = array;
        let answer = server.admin().put(&path, &config).await;
        answer.refused(400, "unable to update tenant config");
        let said = answer.json();
        let said = said["details"].as_str().unwrap();
        assert!(said.contains("expected a JSON object"), "{said}");
    }
}

#[tokio::test]
async fn a_url_has_a_scheme_and_a_host_a_fragment_or_something_opaque() {
    let server = TestServer::start();
    for (icon, is_url) in [
        ("https://x", true),
        ("https://example.com/icon.png?size=1#top", true),
        ("data:image/png;base64,AAAA", true),
        ("mailto:ann@example.com", true),
        ("x:#y", true),
        ("/x", false),
        ("x", false),
        ("", false),
        ("https:", false),
        ("https://", false),
        ("https:///x", false),
        ("file:///x", false),
        ("x:/y", false),
        ("https://a b", false),
        ("1x:y", false),
        ("https://x\n", false),
    ] {
        let mut body = json!({"display_name": "x", "config": config()});
        body["config"]["webauthn"]["relying_party"]["icon"] = icon.into();
        let answer = server.admin().post("/tenants", &body).await;
        if is_url {
            answer.expect(201);
        } else {
            answer.refused_with(400, "unable to create tenant", "icon must be a valid URL");
        }
    }
}

#[tokio::test]
async fn lists_name_each_entry_once() {
    let server = TestServer::start();
    let twice = json!([
        "https://a.example",
        "https://b.example",
        "https://a.example"
    ]);
    let cases: [(Spoil<Value>, &str); 5] = [
        (
            |config| config["cors"]["allowed_origins"] = json!(["", "*"]),
            "allowed_origins must not have empty entries",
        ),
        (
            |config| config["webauthn"]["relying_party"]["origins"] = json!([""]),
            "origins must be origins like https://example.com or android:apk-key-hash:…, '' is none",
        ),
        (
            |config| {
                config["webauthn"]["relying_party"]["origins"] = json!(["https://*.a.example"]);
            },
            "origins must be origins like https://example.com or android:apk-key-hash:…, 'https://*.a.example' is none",
        ),
        (
            |config| config["webauthn"]["relying_party"]["id"] = "x".repeat(256).into(),
            "id cannot have more than 255 entries",
        ),
        (
            |config| config["cors"]["allowed_origins"] = (0..1001).map(|n| n.to_string()).collect(),
            "allowed_origins cannot have more than 1000 entries",
        ),
    ];
    let path = format!("/tenants/{}/config", server.tenant().await.id);
    let put = async |config: &Value, details: &str| {
        let answer = server.admin().put(&path, config).await;
        answer.refused_with(400, "unable to update tenant config", details);
    };
    for (spoil, details) in cases {
        let mut config = config();
        spoil(&mut config);
        put(&config, details).await;
    }
    for (pointer, field) in [
        ("/cors/allowed_origins", "allowed_origins"),
        ("/webauthn/relying_party/origins", "origins"),
    ] {
        let mut config = config();
        *config.pointer_mut(pointer).unwrap() = twice.clone();
        let details = format!("{field} must be unique, 'https://a.example' stands there twice");
        put(&config, &details).await;
    }
}

#[tokio::test]
async fn lengths_are_counted_in_characters() {
    let server = TestServer::start();
    let path = format!("/tenants/{}", server.tenant().await.id);
    let admin = server.admin();
    let just = json!({"display_name": "ü".repeat(255)});
    admin.put(&path, &just).await.expect(204);
    let more = json!({"display_name": "ü".repeat(256)});
    let details = "display_name cannot have more than 255 entries";
    let answer = admin.put(&path, &more).await;
    answer.refused_with(400, "unable to update tenant", details);
}

#[tokio::test]
async fn a_timeout_is_any_whole_number_but_zero() {
    let server = TestServer::start();
    for (timeout, status) in [
        (json!(-1), 201),
        (json!(1), 201),
        (json!(i64::MIN), 201),
        (json!(i64::MAX), 201),
        (json!(1.5), 400),
        (json!("60000"), 400),
        (json!(true), 400),
        (json!(1e30), 400),
    ] {
        let mut body = json!({"display_name": "x", "config": config()});
        body["config"]["webauthn"]["timeout"] = timeout.clone();
        let answer = server.admin().post("/tenants", &body).await;
        assert_eq!(answer.status, status, "{timeout}: {}", answer.text);
        if status == 201 {
            let path = format!("/tenants/{}", answer.json()["id"].as_str().unwrap());
            let shown = server.admin().get(&path).await.expect(200);
            assert_eq!(shown["config"]["webauthn"]["timeout"], timeout);
            assert_eq!(shown["config"]["mfa"]["timeout"], timeout);
        }
    }
    // A negative one is over before it begins.
    let mut config = config();
    config["webauthn"]["timeout"] = json!(-1);
    let tenant = server.tenant_with(config).await;
    let options = tenant.begin_registration("ann").await;
    assert_eq!(options["publicKey"]["timeout"], -1);
    let created = Forge::new(-7).create(&options);
    tenant.finish_registration(&created).await.expect(400);
}

#[tokio::test]
async fn the_last_api_key_may_go_and_ids_of_keys_are_strict() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let admin = server.admin();
    let path = format!("/tenants/{}/secrets/api", tenant.id);
    let keys = admin.get(&path).await.expect(200);
    let id = keys[0]["id"].as_str().unwrap();
    let version_1 = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    for wrong in [&id.to_uppercase(), &id.replace('-', ""), version_1, "x"] {
        let answer = admin.delete(&format!("{path}/{wrong}")).await;
        let details = "SecretId must be a valid uuid4";
        answer.refused_with(400, "unable to remove key", details);
    }
    admin.delete(&format!("{path}/{id}")).await.expect(204);
    assert_eq!(admin.get(&path).await.expect(200), json!([]));
    let body = json!({"user_id": "ann", "username": "ann"});
    let answer = tenant.post("registration/initialize", &body).await;
    answer.refused(401, "The api key is invalid");
    let again = admin.delete(&format!("{path}/{id}")).await;
    again.refused_with(404, &format!("secret with ID '{id}' not found"), "");
}

#[tokio::test]
async fn tenants_are_found_by_any_spelling_of_their_id() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let simple = tenant.id.replace('-', "");
    for id in [
        tenant.id.to_uppercase(),
        simple,
        format!("urn:uuid:{}", tenant.id),
    ] {
        let shown = server.admin().get(&format!("/tenants/{id}")).await;
        assert_eq!(shown.expect(200)["id"], tenant.id, "{id}");
    }
    for below in [
        "",
        "/config",
        "/users",
        "/users/x",
        "/secrets/api",
        "/credentials",
    ] {
        let path = format!("/tenants/x{below}");
        let answer = server.admin().get(&path).await;
        answer.refused_with(400, "tenant_id must be a valid uuid4", "");
        let path = format!("/tenants/{}{below}", uuid::Uuid::new_v4());
        let answer = server.admin().get(&path).await;
        answer.refused_with(404, "tenant not found", "");
    }
}

#[tokio::test]
async fn what_is_legal_and_yet_surprises_is_warned_of() {
    let server = TestServer::start();
    let mut body = json!({"display_name": "x", "config": config()});
    let created = server.admin().post("/tenants", &body).await.expect(201);
    assert!(created.get("warnings").is_none());
    body["config"]["webauthn"]["attestation"] = json!({"verify": "trusted"});
    let origins = json!(["https://other.example"]);
    body["config"]["webauthn"]["relying_party"]["origins"] = origins;
    let path = format!("/tenants/{}", created["id"].as_str().unwrap());
    let put = format!("{path}/config");
    server.admin().put(&put, &body["config"]).await.expect(204);
    let shown = server.admin().get(&path).await.expect(200);
    let warnings = shown["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].as_str().unwrap().contains("other.example"));
    assert!(warnings[1].as_str().unwrap().contains("attestation.roots"));
}

/// JSON knows one kind of number.
#[tokio::test]
async fn a_number_is_whole_however_it_is_written() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let path = format!("/tenants/{}/config", tenant.id);
    let mut settings = config();
    settings["webauthn"]["timeout"] = json!(60_000.0);
    let answer = server.admin().put(&path, &settings).await;
    answer.expect(204);
    for timeout in [json!(0.5), json!(1e300), json!("60000")] {
        settings["webauthn"]["timeout"] = timeout;
        let answer = server.admin().put(&path, &settings).await;
        answer.refused(400, "unable to update tenant config");
    }
}
