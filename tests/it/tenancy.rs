//! Tenants by host name: which host and which path lead to whom, and what the settings may say.

mod settings;

use serde_json::json;

use crate::support::{Answer, Client, ORIGIN, RP_ID, Tenant, TestServer, raw};

const NOBODY: &str = "0e1b9a4c-3a67-4b0e-9d5c-6d6a3b1f7f10";
const SHOP: &str = "3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42";
const BANK: &str = "7d0f5f0e-53f5-4a62-9a6d-2f1d3b7f3a11";
const SHOP_KEY: &str = "the-key-of-the-shop-0123456789";
const BANK_KEY: &str = "the-key-of-the-bank-0123456789";

fn declared(tenancy: &str) -> String {
    let tenant = |id: &str, name: &str, variable: &str, origin: &str| {
        format!(
            r#"
[[tenants]]
id = "{id}"
display_name = "{name}"
api_keys = ["env:{variable}"]
[tenants.config]
cors = {{ allowed_origins = ["{origin}"], allow_unsafe_wildcard = false }}
webauthn = {{ relying_party = {{ id = "{RP_ID}", display_name = "{name}", origins = ["{ORIGIN}"] }}, timeout = 60000 }}
"#
        )
    };
    let shop = tenant(SHOP, "Shop", "SHOP_KEY", "https://shop.example");
    let bank = tenant(BANK, "Bank", "BANK_KEY", "https://bank.example");
    format!("[tenancy]\n{tenancy}\n{shop}{bank}")
}

/// A shop and a bank, with hosts as the settings have it.
fn serve(tenancy: &str, settings: &[(&str, &str)]) -> TestServer {
    let keys = [("$SHOP_KEY", SHOP_KEY), ("$BANK_KEY", BANK_KEY)];
    let all: Vec<_> = keys.iter().chain(settings).copied().collect();
    TestServer::declaring(&declared(tenancy), &all)
}

fn shop(server: &TestServer) -> Tenant {
    Tenant {
        client: server.client(),
        id: SHOP.to_owned(),
        key: SHOP_KEY.to_owned(),
    }
}

const HOSTS: &str = r#"
base_domain = "Auth.Example.com."
hosts = { "login.shop.example" = "3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42", "Bücher.example" = "7d0f5f0e-53f5-4a62-9a6d-2f1d3b7f3a11" }
"#;

async fn at(client: &Client, host: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("Host", host)];
    all.extend(headers);
    client.send("GET", path, &all, None).await
}

/// Whose Public API answers at a host: it tells by the CORS rules that it goes by.
async fn whose(client: &Client, host: &str, path: &str, more: &[(&str, &str)]) -> &'static str {
    let mut found = "nobody";
    for (origin, name) in [
        ("https://shop.example", "shop"),
        ("https://bank.example", "bank"),
    ] {
        let mut headers = vec![("Origin", origin), ("Host", host)];
        headers.extend(more);
        let answer = client.send("OPTIONS", path, &headers, None).await;
        let allowed = answer.header("access-control-allow-origin");
        if answer.status == 204 && allowed == Some(origin) {
            assert_eq!(found, "nobody", "{host} {path} is {name}'s too");
            found = name;
        } else if answer.status != 204 {
            assert_eq!(answer.status, 404, "{host} {path}: {answer:?}");
            assert_eq!(allowed, None, "{host} {path}");
        }
    }
    found
}

#[tokio::test]
async fn a_host_names_its_tenant() {
    let server = serve(HOSTS, &[]);
    let client = server.client();
    let of_bank = format!("{BANK}.auth.example.com");
    let of_nobody = format!("{NOBODY}.auth.example.com");
    let below_shop = format!("{SHOP}.auth.example.com");
    let (upper, port) = (of_bank.to_uppercase(), format!("{of_bank}:8443"));
    let nested = format!("x.{of_bank}");
    for (host, expected) in [
        ("login.shop.example", "shop"),
        ("login.shop.example:8000", "shop"),
        ("LOGIN.SHOP.example", "shop"),
        ("login.shop.example.", "shop"),
        ("xn--bcher-kva.example", "bank"),
        (&*of_bank, "bank"),
        (&upper, "bank"),
        (&port, "bank"),
        (&below_shop, "shop"),
        (&nested, "nobody"),
        (&of_nobody, "nobody"),
        ("auth.example.com", "nobody"),
        ("shop.example", "nobody"),
        ("127.0.0.1:8000", "nobody"),
        ("[::1]:8000", "nobody"),
        ("localhost", "nobody"),
    ] {
        for path in [
            "/webauthn/login/initialize",
            "/me",
            "/.well-known/jwks.json",
        ] {
            assert_eq!(
                whose(&client, host, path, &[]).await,
                expected,
                "{host} {path}"
            );
        }
    }
}

#[tokio::test]
async fn where_nothing_names_a_tenant_both_apis_say_so() {
    let server = serve(HOSTS, &[]);
    let plain = TestServer::start();
    for client in [server.client(), plain.client()] {
        for path in ["/me", "/.well-known/jwks.json", "/webauthn/credentials"] {
            for host in ["other.example", "127.0.0.1"] {
                let answer = at(&client, host, path, &[("Origin", ORIGIN)]).await;
                let said = answer.expect(404);
                assert_eq!(said["title"], "tenant not found", "{said}");
                assert_eq!(said["code"], 404, "{said}");
                assert_eq!(said["message"], "tenant not found", "{said}");
                assert_eq!(answer.header("vary"), Some("Origin"));
            }
        }
    }
    let nothing = at(&server.client(), "other.example", "/nothing", &[]).await;
    nothing.refused(404, "tenant not found");
    // A path that neither knows, on a tenant's host and below its id.
    for (host, path) in [
        ("login.shop.example", "/nothing".to_owned()),
        ("login.shop.example", "/login/initialize".to_owned()),
        ("login.shop.example", format!("/{SHOP}/nothing")),
        ("localhost", format!("/{SHOP}/nothing")),
    ] {
        let said = at(&server.client(), host, &path, &[]).await.expect(404);
        let expected = json!({
            "title": "Not Found", "details": "", "status": 404, "code": 404, "message": "Not Found",
        });
        assert_eq!(said, expected, "{host} {path}");
    }
    // The Public API has its own words.
    let host = format!("{NOBODY}.auth.example.com");
    let said = at(&server.client(), &host, "/me", &[]).await.expect(404);
    assert_eq!(said, json!({"code": 404, "message": "tenant not found"}));
}

#[tokio::test]
async fn a_path_that_names_its_tenant_works_on_any_host_but_another_tenants() {
    let server = serve(HOSTS, &[]);
    let client = server.client();
    let shops = format!("/{SHOP}/webauthn/login/initialize");
    for (host, expected) in [
        ("localhost", "shop"),
        ("other.example", "shop"),
        ("login.shop.example", "shop"),
        ("xn--bcher-kva.example", "nobody"),
    ] {
        assert_eq!(whose(&client, host, &shops, &[]).await, expected, "{host}");
        let keys = format!("/{SHOP}/.well-known/jwks.json");
        let answer = at(&client, host, &keys, &[]).await;
        let status = if expected == "nobody" { 404 } else { 200 };
        assert_eq!(answer.status, status, "{host}: {answer:?}");
    }
    let host = format!("{BANK}.auth.example.com");
    let answer = at(&client, &host, &shops, &[]).await;
    let details = "the host names one tenant and the path another";
    answer.refused_with(404, "tenant not found", details);
    // The Passkey API's own routes too, with the right key.
    let body = json!({"user_id": "ann", "username": "ann"}).to_string();
    let path = format!("/{SHOP}/registration/initialize");
    for (host, status) in [("login.shop.example", 200), (&*host, 404)] {
        let headers = [
            ("Host", host),
            ("apiKey", SHOP_KEY),
            ("Content-Type", "application/json"),
        ];
        let body = Some(body.clone().into_bytes());
        let answer = client.send("POST", &path, &headers, body).await;
        answer.expect(status);
    }
}

#[tokio::test]
async fn the_default_tenant_is_meant_where_nobody_is_named() {
    let tenancy = format!("{HOSTS}default_tenant = \"{BANK}\"");
    let server = serve(&tenancy, &[]);
    let client = server.client();
    for (host, path, expected) in [
        ("other.example", "/me", "bank"),
        ("127.0.0.1", "/me", "bank"),
        ("login.shop.example", "/me", "shop"),
        ("other.example", &*format!("/{SHOP}/me"), "shop"),
        // Whoever asks for a tenant that is not there does not get another.
        (&format!("{NOBODY}.auth.example.com"), "/me", "nobody"),
        ("other.example", &format!("/{NOBODY}/me"), "nobody"),
    ] {
        assert_eq!(
            whose(&client, host, path, &[]).await,
            expected,
            "{host} {path}"
        );
    }
}

#[tokio::test]
async fn the_alias_can_be_switched_off() {
    let server = serve(&format!("{HOSTS}path_alias = false"), &[]);
    let client = server.client();
    for host in ["localhost", "login.shop.example"] {
        for path in [
            "me",
            "webauthn/login/initialize",
            "webauthn/.well-known/jwks.json",
        ] {
            let answer = at(&client, host, &format!("/{SHOP}/{path}"), &[]).await;
            answer.refused(404, "Not Found");
            assert_eq!(answer.json()["message"], "Not Found");
        }
    }
    let of_shop = whose(&client, "login.shop.example", "/me", &[]).await;
    assert_eq!(of_shop, "shop");
    shop(&server).begin_registration("ann").await;
}

#[tokio::test]
async fn what_belongs_to_no_tenant_is_answered_on_any_host() {
    let server = serve(HOSTS, &[]);
    let client = server.client();
    for host in ["login.shop.example", "other.example", "a b", "127.0.0.1"] {
        for path in [
            "/",
            "/health/alive",
            "/health/ready",
            "/openapi.json",
            "/docs",
        ] {
            let answer = at(&client, host, path, &[]).await;
            assert_eq!(answer.status, 200, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn only_proxies_that_are_trusted_say_another_host() {
    let told = [("X-Forwarded-Host", "login.shop.example:443")];
    let forwarded = [("Forwarded", "for=x;host=login.shop.example")];
    let several = [(
        "X-Forwarded-Host",
        "xn--bcher-kva.example, login.shop.example",
    )];
    let trusting = serve(HOSTS, &[("LIMITS__TRUSTED_PROXIES", "127.0.0.0/8")]);
    let doubting = serve(HOSTS, &[]);
    for headers in [told, forwarded, several] {
        for (server, expected) in [(&trusting, "shop"), (&doubting, "bank")] {
            let client = server.client();
            let found = whose(&client, "xn--bcher-kva.example", "/me", &headers).await;
            assert_eq!(found, expected, "{headers:?}");
        }
    }
    let bad = [("X-Forwarded-Host", "a b")];
    let answer = at(&trusting.client(), "login.shop.example", "/me", &bad).await;
    answer.refused(400, "Bad Request");
}

#[tokio::test]
async fn a_request_has_one_host() {
    let server = serve(HOSTS, &[]);
    let ask = |line: &str, head: &str| {
        let request = format!("{line}\r\n{head}Connection: close\r\n\r\n");
        let answer = raw(&server.public, request.as_bytes());
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let one = "Host: login.shop.example\r\n";
    let in_utf8 = "Host: bücher.example\r\n";
    for (line, head, status) in [
        ("OPTIONS /me HTTP/1.1", one, "204"),
        ("OPTIONS /me HTTP/1.1", in_utf8, "204"),
        ("OPTIONS /me HTTP/1.1", &*format!("{one}{one}"), "400"),
        ("OPTIONS /me HTTP/1.1", &format!("{one}{in_utf8}"), "400"),
        ("OPTIONS /me HTTP/1.1", "Host:\r\n", "400"),
        ("OPTIONS /me HTTP/1.1", "Host: :8000\r\n", "400"),
        (
            "OPTIONS /me HTTP/1.1",
            "Host: a@login.shop.example\r\n",
            "400",
        ),
        ("OPTIONS /me HTTP/1.1", "", "400"),
        ("OPTIONS /me HTTP/1.0", "", "400"),
        // What the first line says counts more (RFC 9112, section 3.2.2).
        (
            "OPTIONS http://login.shop.example/me HTTP/1.1",
            "Host: other.example\r\n",
            "204",
        ),
        ("OPTIONS http://other.example/me HTTP/1.1", one, "404"),
    ] {
        assert_eq!(ask(line, head), status, "{line} {head}");
    }
    let keys = format!("GET /{SHOP}/.well-known/jwks.json HTTP/1.1");
    assert_eq!(ask(&keys, "Host: a b\r\n"), "400");
}

#[tokio::test]
async fn a_refusal_before_any_route_is_in_the_words_and_by_the_rules_of_who_is_asked() {
    let server = serve(HOSTS, &[("LIMITS__BODY", "1 KiB")]);
    let client = server.client();
    shop(&server).begin_login().await;
    let origin = "https://shop.example";
    let headers = [("Origin", origin), ("Host", "login.shop.example")];
    let body = Some(vec![b' '; 4096]);
    let answer = client.send("POST", "/me", &headers, body).await;
    let said = answer.expect(413);
    assert_eq!(said["code"], 413, "{said}");
    assert_eq!(said["title"], json!(null), "{said}");
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some(origin));
}

#[tokio::test]
async fn the_relying_party_is_not_the_host() {
    let server = serve(HOSTS, &[]);
    let headers = [("Host", "login.shop.example")];
    let path = format!("/{SHOP}/login/initialize");
    let answer = server.client().send("POST", &path, &headers, None).await;
    assert_eq!(answer.expect(200)["publicKey"]["rpId"], RP_ID);
}
