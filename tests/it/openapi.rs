//! The description of all APIs: it is complete, it holds together, and it tells of what is there. That answers are as it says is for
//! tests/openapi to find out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Client, TestServer, Visitor, config};

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

/// Of the Public API, as they are on the tenant's own host.
const PAGES: [&str; 14] = [
    "POST /webauthn/registration/initialize",
    "POST /webauthn/registration/finalize",
    "POST /webauthn/login/initialize",
    "POST /webauthn/login/finalize",
    "GET /webauthn/credentials",
    "PATCH /webauthn/credentials/{credential_id}",
    "DELETE /webauthn/credentials/{credential_id}",
    "GET /.well-known/jwks.json",
    "GET /.well-known/config",
    "GET /me",
    "GET /users/{user_id}",
    "POST /logout",
    "GET /sessions/validate",
    "POST /sessions/validate",
];

const ADMIN: [&str; 27] = [
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
    "GET /tenants/{tenant_id}/sessions",
    "POST /tenants/{tenant_id}/sessions",
    "DELETE /tenants/{tenant_id}/sessions",
    "GET /tenants/{tenant_id}/sessions/{session_id}",
    "DELETE /tenants/{tenant_id}/sessions/{session_id}",
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
        let item = item.filter(|(name, _)| *name != "servers");
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
    let public = [&PUBLIC[..], &PAGES].concat();
    for (client, routes) in [(server.client(), &public[..]), (server.admin(), &ADMIN)] {
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
    let server = TestServer::with(&[("TENANCY__BASE_DOMAIN", "auth.example")]);
    let tenant = server.tenant().await;
    for (client, headers) in [
        (server.client(), vec![("apiKey", tenant.key.as_str())]),
        (server.admin(), vec![]),
    ] {
        let api = description(&client).await;
        for route in operations(&api).keys() {
            let (method, path) = route.split_once(' ').unwrap();
            let servers = api["paths"][path]["servers"].as_array();
            let is_of_pages = PAGES.contains(&&**route);
            let places = servers.map_or(0, Vec::len);
            assert_eq!(places, if is_of_pages { 2 } else { 0 }, "{route}");
            let mut headers = headers.clone();
            let host = format!("{}.auth.example", tenant.id);
            if is_of_pages {
                headers.push(("Host", &host));
            }
            let urls = servers.into_iter().flatten().map(|it| &it["url"]);
            let urls: Vec<_> = urls.map(|url| url.as_str().unwrap()).collect();
            for url in if is_of_pages { urls } else { vec![""] } {
                let path = format!("{}{path}", url.trim_end_matches('/'));
                let path = path.replace("{tenant_id}", &tenant.id);
                let answer = client.send("TRACE", &path, &headers, None).await;
                assert_eq!(answer.status, 405, "TRACE {path}: {answer:?}");
                let allowed = answer.header("allow").unwrap_or_default();
                assert!(allowed.contains(method), "{route}: {allowed}");
                if is_of_pages {
                    assert_eq!(answer.json()["code"], 405, "{route}: {answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn paths_with_a_tenant_are_described_where_there_are_any() {
    let server = TestServer::with(&[("TENANCY__PATH_ALIAS", "false")]);
    let api = description(&server.client()).await;
    let servers = &api["paths"]["/me"]["servers"];
    assert_eq!(servers.as_array().unwrap().len(), 1, "{servers}");
    assert_eq!(servers[0]["url"], "/");
}

/// What pages are answered has the members that are described, and all of those that are said to be there.
#[tokio::test]
async fn answers_with_a_session_are_as_described() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let visitor = Visitor::new(&server, &tenant).await;
    let mut forge = visitor.register().await;
    let api = description(&server.client()).await;
    let check = |route: &str, answer: &Value| {
        let operation = operations(&api)[route];
        let response = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert_described(&api, response, answer, route);
    };
    let creation = visitor.begin_registration().await;
    check("POST /webauthn/registration/initialize", &creation);
    let request = visitor.begin_login(Some(&visitor.user)).await;
    check("POST /webauthn/login/initialize", &request);
    let finished = visitor.finish_login(&forge.get(&request)).await;
    check("POST /webauthn/login/finalize", &finished.expect(200));
    let user = format!("/users/{}", visitor.user);
    for (route, path) in [
        ("/webauthn/credentials", "/webauthn/credentials"),
        ("/me", "/me"),
        ("/users/{user_id}", &*user),
        ("/sessions/validate", "/sessions/validate"),
        ("/.well-known/config", "/.well-known/config"),
    ] {
        let answer = visitor.get(path).await.expect(200);
        check(&format!("GET {route}"), &answer);
    }
    let token = json!({"session_token": visitor.token});
    let valid = visitor.post("/sessions/validate", &token).await.expect(200);
    assert_eq!(valid["is_valid"], true);
    check("POST /sessions/validate", &valid);
}

fn assert_described(api: &Value, schema: &Value, value: &Value, at: &str) {
    match value {
        Value::Array(entries) => {
            for entry in entries {
                assert_described(api, &resolved(api, schema)["items"], entry, at);
            }
        }
        Value::Object(members) => {
            let parts = parts(api, schema);
            assert!(!parts.is_empty(), "{at}: {schema}");
            for required in parts.iter().filter_map(|it| it["required"].as_array()) {
                for name in required {
                    let name = name.as_str().unwrap();
                    assert!(members.contains_key(name), "{at}: no {name} in {value}");
                }
            }
            for (name, member) in members {
                let described = parts.iter().find_map(|it| it["properties"].get(name));
                let described = described.unwrap_or_else(|| panic!("{at}: {name} is new"));
                let is_free = is_any_object(described);
                if !is_free {
                    assert_described(api, described, member, &format!("{at} {name}"));
                }
            }
        }
        Value::Null => {
            let types = schema["type"].as_array();
            let may_be_null = types.is_some_and(|all| all.contains(&json!("null")));
            assert!(may_be_null, "{at} is null");
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An object of which nothing more is said.
fn is_any_object(schema: &Value) -> bool {
    schema["type"] == "object" && schema["properties"].is_null()
}

fn resolved<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => api.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The objects that a schema is made of. One that may be absent as a whole requires nothing.
fn parts<'a>(api: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let schema = resolved(api, schema);
    let of = ["allOf", "oneOf"].into_iter();
    let of = of.filter_map(|name| schema[name].as_array()).flatten();
    let of = of.flat_map(|part| parts(api, part));
    let itself = schema["properties"].is_object().then_some(schema);
    itself.into_iter().chain(of).collect()
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
            let summary = operation["summary"].as_str().unwrap();
            assert!(!summary.ends_with('.'), "{route}: a sentence, {summary}");
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

#[tokio::test]
async fn people_are_told_how_to_move_from_hanko() {
    let server = TestServer::start();
    for client in [server.client(), server.admin()] {
        let page = client.get("/docs").await.text;
        assert!(page.contains("id=\"moving\""), "{page}");
        assert!(page.contains("Moving from Hanko v2"), "{page}");
    }
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
