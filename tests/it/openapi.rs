//! The description of both APIs: it is complete, it holds together, and it tells of what is there. That answers are as it says is for
//! tests/openapi to find out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Client, TestServer, config};

const PUBLIC: [&str; 19] = [
    "POST /{tenant_id}/registration/initialize",
    "POST /{tenant_id}/registration/finalize",
    "POST /{tenant_id}/login/initialize",
    "POST /{tenant_id}/login/finalize",
    "POST /{tenant_id}/mfa/registration/initialize",
    "POST /{tenant_id}/mfa/registration/finalize",
    "POST /{tenant_id}/mfa/login/initialize",
    "POST /{tenant_id}/mfa/login/finalize",
    "POST /{tenant_id}/transaction/initialize",
    "POST /{tenant_id}/transaction/finalize",
    "GET /{tenant_id}/transaction/{user_id}",
    "GET /{tenant_id}/credentials",
    "GET /{tenant_id}/credentials/{credential_id}",
    "PATCH /{tenant_id}/credentials/{credential_id}",
    "DELETE /{tenant_id}/credentials/{credential_id}",
    "GET /{tenant_id}/.well-known/jwks.json",
    "GET /{tenant_id}/audit_logs",
    "GET /health/alive",
    "GET /health/ready",
];

const ADMIN: [&str; 22] = [
    "GET /tenants",
    "POST /tenants",
    "GET /tenants/{tenant_id}",
    "PUT /tenants/{tenant_id}",
    "DELETE /tenants/{tenant_id}",
    "PUT /tenants/{tenant_id}/config",
    "GET /tenants/{tenant_id}/secrets/api",
    "POST /tenants/{tenant_id}/secrets/api",
    "DELETE /tenants/{tenant_id}/secrets/api/{secret_id}",
    "GET /tenants/{tenant_id}/secrets/jwk",
    "POST /tenants/{tenant_id}/secrets/jwk",
    "DELETE /tenants/{tenant_id}/secrets/jwk/{secret_id}",
    "GET /tenants/{tenant_id}/users",
    "GET /tenants/{tenant_id}/users/{user_id}",
    "DELETE /tenants/{tenant_id}/users/{user_id}",
    "GET /tenants/{tenant_id}/credentials",
    "GET /tenants/{tenant_id}/credentials/{credential_id}",
    "DELETE /tenants/{tenant_id}/credentials/{credential_id}",
    "GET /tenants/{tenant_id}/audit_logs",
    "GET /health/alive",
    "GET /health/ready",
    "GET /metrics",
];

async fn description(client: &Client) -> Value {
    client.get("/openapi.json").await.expect(200)
}

fn operations(api: &Value) -> BTreeMap<String, &Value> {
    let paths = api["paths"].as_object().unwrap();
    let named = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(method, operation)| {
            let method = method.to_uppercase();
            (format!("{method} {path}"), operation)
        })
    });
    named.collect()
}

#[tokio::test]
async fn every_route_is_described_on_its_listener() {
    let server = TestServer::start();
    for (client, routes) in [(server.client(), &PUBLIC[..]), (server.admin(), &ADMIN[..])] {
        let api = description(&client).await;
        assert!(api["openapi"].as_str().unwrap().starts_with("3.1."));
        let described: BTreeSet<_> = operations(&api).into_keys().collect();
        let routes = routes.iter().map(|&route| route.to_owned());
        let itself = "GET /openapi.json".to_owned();
        let expected: BTreeSet<_> = routes.chain([itself]).collect();
        assert_eq!(described, expected);
    }
}

/// The route tables and the description cannot be compared; but a path that is described answers, and knows the other methods.
#[tokio::test]
async fn what_is_described_is_there() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for (client, headers) in [
        (server.client(), vec![("apiKey", tenant.key.as_str())]),
        (server.admin(), vec![]),
    ] {
        let api = description(&client).await;
        for route in operations(&api).keys() {
            let (method, path) = route.split_once(' ').unwrap();
            let path = path.replace("{tenant_id}", &tenant.id);
            let answer = client.send("TRACE", &path, &headers, None).await;
            assert_eq!(answer.status, 405, "TRACE {path}: {answer:?}");
            let allowed = answer.header("allow").unwrap_or_default();
            assert!(allowed.contains(method), "{route}: {allowed}");
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_operation_has_a_name() {
    let server = TestServer::start();
    for client in [server.client(), server.admin()] {
        let api = description(&client).await;
        let mut references = Vec::new();
        collect_references(&api, &mut references);
        assert!(references.len() > 50, "{}", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(api.pointer(pointer).is_some(), "{reference}");
        }
        let mut ids = BTreeSet::new();
        for (route, operation) in operations(&api) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{route}: {id} is taken");
            assert!(operation["summary"].is_string(), "{route}");
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{route}");
            let placeholders = route.matches('{').count();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let in_path = parameters.filter(|it| it["in"] == "path").count();
            assert_eq!(in_path, placeholders, "{route}");
        }
    }
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            for member in members.values() {
                collect_references(member, found);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                collect_references(entry, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn errors_and_their_headers_are_described() {
    let server = TestServer::start();
    let public = description(&server.client()).await;
    let login = &public["paths"]["/{tenant_id}/login/finalize"]["post"];
    for (status, header) in [
        ("405", "Allow"),
        ("429", "Retry-After"),
        ("401", "X-Request-Id"),
    ] {
        let response = &login["responses"][status];
        assert!(
            response["headers"][header].is_object(),
            "{status}: {response}"
        );
        let schema = &response["content"]["application/json"]["schema"];
        assert_eq!(schema["$ref"], "#/components/schemas/Error", "{status}");
    }
    let list = &public["paths"]["/{tenant_id}/credentials"]["get"]["responses"]["200"];
    assert!(list["headers"]["Link"].is_object(), "{list}");
    assert!(list["headers"]["X-Total-Count"].is_object(), "{list}");
}

#[tokio::test]
async fn unknown_settings_are_described_as_refused_and_words_are_listed() {
    let server = TestServer::start();
    let api = description(&server.admin()).await;
    let schemas = &api["components"]["schemas"];
    for name in [
        "TenantCreate",
        "TenantConfig",
        "Webauthn",
        "Cookie",
        "Claims",
    ] {
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
    let words = &schemas["UserVerificationWord"]["enum"];
    assert_eq!(*words, json!(["required", "preferred", "discouraged"]));
}

#[tokio::test]
async fn the_token_is_needed_for_all_but_the_description_and_what_monitoring_asks() {
    let token = "a token of the operator";
    let server = TestServer::with(&[("SERVER__ADMIN_TOKEN", token)]);
    let client = server.admin();
    let api = description(&client).await;
    for path in ["/docs", "/docs.css", "/docs.js"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    client.get("/tenants").await.expect(401);
    let needed = json!([{"adminToken": []}]);
    assert_eq!(api["paths"]["/tenants"]["get"]["security"], needed);
    assert_eq!(api["paths"]["/metrics"]["get"]["security"], json!([{}]));
    let scheme = &api["components"]["securitySchemes"]["adminToken"];
    assert_eq!(scheme["scheme"], "bearer");
}

/// serde's derive reads the members of an object from an array too, in their order.
#[tokio::test]
async fn an_array_is_no_object() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for (path, body) in [
        ("login/initialize", json!([null])),
        ("registration/initialize", json!(["ann", "ann", null, null])),
    ] {
        let answer = tenant.post(path, &body).await;
        answer.refused(400, "unable to process request");
    }
    let admin = server.admin();
    let path = format!("/tenants/{}/config", tenant.id);
    for (member, array) in [
        ("limits", json!([5])),
        ("cors", json!([["https://app.example"], false])),
        ("tokens", json!(["ES256", null, null])),
    ] {
        let mut settings = config();
        settings[member] = array;
        let answer = admin.put(&path, &settings).await;
        answer.refused(400, "unable to update tenant config");
    }
    let mut settings = config();
    settings["webauthn"]["attestation"] = json!(["off", null, null, null]);
    let answer = admin.put(&path, &settings).await;
    answer.refused(400, "unable to update tenant config");
}
