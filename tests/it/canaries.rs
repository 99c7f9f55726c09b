//! Every route, asked well and badly by people whose every value is known: none of them may sing in the log at its finest
//! level, in the metrics, in the traces or in an error.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Answer, Client, Collector, Forge, STORE_KEY, Tenant, TestServer, Visitor, config,
    from_base64url, hex,
};

const ADMIN_TOKEN: &str = "canary-admin-token-0001";
const WRONG_TOKEN: &str = "canary-wrong-token-0002";
const WRONG_KEY: &str = "canary-wrong-key-000003";
const USER: &str = "canary-user-4";
const NAME: &str = "canary-name-5@example.com";
const DISPLAY_NAME: &str = "Canary Display Name 6";
const EMAIL: &str = "canary-email-7@example.com";
const ICON: &str = "https://canary-icon-8.example/i.png";
const TRANSACTION: &str = "canary-transaction-9";
const DATA: &str = "canary-transaction-data-10";
const AGENT: &str = "canary-agent-11";
const ADDRESS: &str = "203.0.113.177";
const ANYTHING: &str = "canary-anything-12";

/// What was asked, and what is looked for afterwards.
struct Watch {
    server: TestServer,
    errors: Vec<Answer>,
    canaries: Vec<String>,
}

impl Watch {
    async fn ask(&mut self, client: &Client, request: (&str, &str), more: &[(&str, &str)]) {
        let (method, path) = request;
        for body in [
            None,
            Some(json!({"user_id": USER, "x": ANYTHING})),
            Some(json!(ANYTHING)),
        ] {
            let mut headers = vec![
                ("User-Agent", AGENT),
                ("X-Forwarded-For", ADDRESS),
                ("X-Request-Id", "canary anything-12"),
                ("Content-Type", "application/json"),
            ];
            headers.extend_from_slice(more);
            let body = body.map(|body| body.to_string().into_bytes());
            let answer = client.send(method, path, &headers, body).await;
            if answer.status >= 400 {
                self.errors.push(answer);
            } else if let Ok(answer) = serde_json::from_str(&answer.text) {
                self.secrets_of(&answer);
            }
        }
    }

    fn secrets_of(&mut self, answer: &Value) {
        let challenge = &answer["publicKey"]["challenge"];
        let members = [
            &answer["secret"],
            &answer["session_token"],
            &answer["token"],
            challenge,
        ];
        let texts = members.iter().filter_map(|member| member.as_str());
        self.canaries.extend(texts.map(str::to_owned));
    }

    /// In the forms that a careless line would have it in.
    fn secret(&mut self, value: &Value) {
        let bytes = from_base64url(value);
        let list = format!("{bytes:?}");
        self.canaries.push(list.trim_matches(['[', ']']).to_owned());
        self.canaries.push(hex(&bytes));
        self.text(value);
    }

    fn text(&mut self, value: &Value) {
        self.canaries.push(value.as_str().unwrap().to_owned());
    }

    fn response(&mut self, response: &Value) {
        self.secret(&response["rawId"]);
        for (_, member) in response["response"].as_object().unwrap() {
            if let Some(text) = member.as_str() {
                self.canaries.push(text.to_owned());
            }
        }
    }
}

#[tokio::test]
async fn nobody_hears_them_sing() {
    let collector = Collector::start();
    let server = TestServer::with(&[
        ("LOG__LEVEL", "trace"),
        ("SERVER__ADMIN_TOKEN", ADMIN_TOKEN),
        ("LIMITS__TRUSTED_PROXIES", "127.0.0.1/32"),
        ("TRACES__ENDPOINT", &collector.endpoint),
        ("TOKENS__PUBLISH_AHEAD", "0s"),
        ("SERVER__TRY_PAGE", "true"),
    ]);
    let mut watch = Watch {
        server,
        errors: Vec::new(),
        canaries: Vec::new(),
    };
    let tenant = watch.server.tenant_with(public_config()).await;
    watch.canaries.push(tenant.key.clone());
    passkeys(&mut watch, &tenant).await;
    let visitor = visits(&mut watch, &tenant).await;
    everywhere(&mut watch, &tenant, &visitor).await;
    listen(watch, &collector).await;
}

fn public_config() -> Value {
    let mut config = config();
    config["sessions"] = json!({"auth_token_header": true});
    config
}

/// The ceremonies of the Passkey API, those that fail too.
async fn passkeys(watch: &mut Watch, tenant: &Tenant) {
    let body =
        json!({"user_id": USER, "username": NAME, "display_name": DISPLAY_NAME, "icon": ICON});
    for prefix in ["", "mfa/"] {
        let begin = format!("{prefix}registration/initialize");
        let options = tenant.post(&begin, &body).await.expect(200);
        watch.secret(&options["publicKey"]["challenge"]);
        let mut forge = Forge::new(-7);
        let created = forge.create(&options);
        watch.response(&created);
        let end = format!("{prefix}registration/finalize");
        watch.text(&tenant.post(&end, &created).await.expect(200)["token"]);
        watch.errors.push(tenant.post(&end, &created).await);
        for spoilt in [false, true] {
            let begin = format!("{prefix}login/initialize");
            let options = tenant.post(&begin, &json!({"user_id": USER})).await;
            let options = options.expect(200);
            watch.secret(&options["publicKey"]["challenge"]);
            if spoilt {
                forge.origin = format!("https://{ANYTHING}.example");
            }
            let got = forge.get(&options);
            watch.response(&got);
            let answer = tenant.post(&format!("{prefix}login/finalize"), &got).await;
            if spoilt {
                watch.errors.push(answer);
            } else {
                watch.text(&answer.expect(200)["token"]);
            }
        }
        if prefix.is_empty() {
            forge.origin = Forge::new(-7).origin;
            transaction(watch, tenant, &mut forge).await;
        }
    }
}

async fn transaction(watch: &mut Watch, tenant: &Tenant, forge: &mut Forge) {
    let body = json!({"user_id": USER, "transaction_id": TRANSACTION, "transaction_data": DATA});
    let options = tenant
        .post("transaction/initialize", &body)
        .await
        .expect(200);
    watch.secret(&options["publicKey"]["challenge"]);
    let again = tenant.post("transaction/initialize", &body).await;
    watch.errors.push(again);
    let got = forge.get(&options);
    watch.response(&got);
    let finished = tenant.post("transaction/finalize", &got).await;
    watch.text(&finished.expect(200)["token"]);
}

/// The Public API, with a session.
async fn visits(watch: &mut Watch, tenant: &Tenant) -> Visitor {
    let id = uuid::Uuid::new_v4().to_string();
    let body = json!({"user_id": id, "email": EMAIL, "name": NAME, "display_name": DISPLAY_NAME});
    let visitor = Visitor::vouched(&watch.server, tenant, body).await;
    watch.canaries.push(visitor.token.clone());
    watch.canaries.push(id);
    let mut forge = visitor.register().await;
    let options = visitor.begin_login(None).await;
    watch.secret(&options["publicKey"]["challenge"]);
    let got = forge.get(&options);
    watch.response(&got);
    let answer = visitor.finish_login(&got).await;
    answer.expect(200);
    watch
        .canaries
        .push(answer.header("x-auth-token").unwrap().to_owned());
    watch.errors.push(visitor.finish_login(&got).await);
    visitor
}

/// All routes with all methods: with good credentials, with bad ones, with none.
async fn everywhere(watch: &mut Watch, tenant: &Tenant, visitor: &Visitor) {
    let (public, admin) = (watch.server.client(), watch.server.admin());
    let bearer = format!("Bearer {}", visitor.token);
    let cookie = format!("hanko={}", visitor.token);
    let wrong = format!("Bearer {WRONG_TOKEN}");
    let good = [("apiKey", &*tenant.key), ("Authorization", &*bearer)];
    let cookie = [("Cookie", &*cookie)];
    let bad = [
        ("apiKey", WRONG_KEY),
        ("Authorization", &*wrong),
        ("Cookie", &*wrong),
    ];
    for route in PUBLIC {
        let path = route.replace("{tenant_id}", &tenant.id);
        for method in ["GET", "POST", "PATCH"] {
            for headers in [&good[..], &cookie, &bad] {
                watch.ask(&public, (method, &path), headers).await;
            }
        }
    }
    let operator = format!("Bearer {ADMIN_TOKEN}");
    for route in ADMIN {
        let path = route.replace("{tenant_id}", &tenant.id);
        for method in ["GET", "POST", "PUT"] {
            for token in [&operator, &wrong] {
                watch
                    .ask(&admin, (method, &path), &[("Authorization", token)])
                    .await;
            }
        }
    }
    // What makes an end of things comes last.
    for route in [
        "/{tenant_id}/credentials/canary-anything-12",
        "/{tenant_id}/logout",
    ] {
        let path = route.replace("{tenant_id}", &tenant.id);
        watch.ask(&public, ("DELETE", &path), &good).await;
        watch.ask(&public, ("POST", &path), &good).await;
    }
    for route in ADMIN.iter().rev() {
        let path = route.replace("{tenant_id}", &tenant.id);
        watch
            .ask(&admin, ("DELETE", &path), &[("Authorization", &operator)])
            .await;
    }
}

async fn listen(mut watch: Watch, collector: &Collector) {
    let metrics = watch.server.admin().get("/metrics").await.text;
    assert!(watch.server.stop().success());
    watch.server.until_said("\"stopped\"").await;
    let log = watch.server.log();
    assert!(log.contains("TRACE"), "the log is not at level trace");
    let errors: String = watch.errors.iter().map(|answer| &*answer.text).collect();
    let traces = collector.text();
    let known = [
        STORE_KEY,
        ADMIN_TOKEN,
        WRONG_TOKEN,
        WRONG_KEY,
        USER,
        NAME,
        DISPLAY_NAME,
        EMAIL,
        ICON,
        TRANSACTION,
        DATA,
        AGENT,
        ADDRESS,
        ANYTHING,
        "canary",
    ];
    watch.canaries.extend(known.map(str::to_owned));
    for (place, text) in [("log", &log), ("metrics", &metrics), ("traces", &traces)] {
        for canary in &watch.canaries {
            let line = text.lines().find(|line| line.contains(&**canary));
            assert_eq!(line, None, "{canary} in the {place}");
        }
    }
    for canary in watch
        .canaries
        .iter()
        .filter(|canary| !canary.starts_with("canary"))
    {
        assert!(!errors.contains(&**canary), "{canary} in {errors}");
    }
    the_routes_were_reached(&watch.server.request_lines());
    assert!(traces.contains("/{tenant_id}/transaction/{user_id}"));
}

/// Each was asked, and each has its lines.
fn the_routes_were_reached(lines: &[Value]) {
    let routes = lines.iter().filter_map(|line| line["route"].as_str());
    let routes: BTreeSet<&str> = routes.collect();
    let expected: BTreeSet<&str> = ROUTES.lines().collect();
    let seen: Vec<_> = routes.iter().copied().collect();
    assert_eq!(routes, expected, "\n{}", seen.join("\n"));
}

const ROUTES: &str = include_str!("routes.txt");

const PUBLIC: [&str; 35] = [
    "/try/credentials/canary-anything-12",
    "/",
    "/docs",
    "/openapi.json",
    "/health/alive",
    "/health/ready",
    "/canary-anything-12?canary-anything-12",
    "/{tenant_id}/registration/initialize",
    "/{tenant_id}/registration/finalize",
    "/{tenant_id}/login/initialize",
    "/{tenant_id}/login/finalize",
    "/{tenant_id}/mfa/registration/initialize",
    "/{tenant_id}/mfa/registration/finalize",
    "/{tenant_id}/mfa/login/initialize",
    "/{tenant_id}/mfa/login/finalize",
    "/{tenant_id}/transaction/initialize",
    "/{tenant_id}/transaction/finalize",
    "/{tenant_id}/transaction/canary-user-4",
    "/{tenant_id}/credentials?user_id=canary-user-4",
    "/{tenant_id}/credentials/canary-anything-12",
    "/{tenant_id}/audit_logs?actor_user_id=canary-user-4",
    "/{tenant_id}/.well-known/jwks.json",
    "/{tenant_id}/webauthn/registration/initialize",
    "/{tenant_id}/webauthn/registration/finalize",
    "/{tenant_id}/webauthn/login/initialize",
    "/{tenant_id}/webauthn/login/finalize",
    "/{tenant_id}/webauthn/credentials",
    "/{tenant_id}/webauthn/credentials/canary-anything-12",
    "/{tenant_id}/me",
    "/{tenant_id}/users/canary-user-4",
    "/{tenant_id}/sessions/validate",
    "/{tenant_id}/.well-known/config",
    "/{tenant_id}/webauthn/.well-known/jwks.json",
    "/{tenant_id}/canary-anything-12",
    "/%63anary-anything-12/%80",
];

const ADMIN: [&str; 18] = [
    "/tenants/{tenant_id}/audit_logs?q=canary-anything-12",
    "/",
    "/metrics",
    "/tenants",
    "/canary-anything-12",
    "/tenants/canary-anything-12",
    "/tenants/{tenant_id}",
    "/tenants/{tenant_id}/config",
    "/tenants/{tenant_id}/secrets/api",
    "/tenants/{tenant_id}/secrets/api/canary-anything-12",
    "/tenants/{tenant_id}/secrets/jwk",
    "/tenants/{tenant_id}/secrets/jwk/canary-anything-12",
    "/tenants/{tenant_id}/users",
    "/tenants/{tenant_id}/users/canary-anything-12",
    "/tenants/{tenant_id}/credentials?user_id=canary-user-4",
    "/tenants/{tenant_id}/credentials/canary-anything-12",
    "/tenants/{tenant_id}/sessions?user_id=canary-user-4",
    "/tenants/{tenant_id}/sessions/canary-anything-12",
];
