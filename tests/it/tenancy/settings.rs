//! What `[tenancy]` may say, where it may say it, and what a dev start makes of it.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{BANK, BANK_KEY, HOSTS, NOBODY, SHOP, SHOP_KEY, at, declared, serve, whose};
use crate::support::{STORE_KEY, TestServer, config};

const DEMO: &str = "dec0de00-0000-4000-8000-000000000001";

#[tokio::test]
async fn hosts_can_come_from_the_environment() {
    let hosts = format!(" Login.Shop.example. = {SHOP} ,b\u{fc}cher.example={BANK},");
    let settings = [
        ("TENANCY__HOSTS", &*hosts),
        ("TENANCY__BASE_DOMAIN", "env.example"),
        ("TENANCY__DEFAULT_TENANT", SHOP),
        ("TENANCY__PATH_ALIAS", "false"),
    ];
    let server = serve(
        "hosts = { \"gone.example\" = \"7d0f5f0e-53f5-4a62-9a6d-2f1d3b7f3a11\" }",
        &settings,
    );
    let client = server.client();
    let of_bank = format!("{BANK}.env.example");
    for (host, expected) in [
        ("login.shop.example", "shop"),
        ("xn--bcher-kva.example", "bank"),
        (&*of_bank, "bank"),
        ("gone.example", "shop"),
    ] {
        assert_eq!(whose(&client, host, "/me", &[]).await, expected, "{host}");
    }
    let answer = at(&client, "login.shop.example", &format!("/{SHOP}/me"), &[]).await;
    answer.refused(404, "Not Found");
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_no_reason_not_to_start() {
    let hosts = format!("login.shop.example={SHOP},other.example={NOBODY}");
    let server = serve(
        "",
        &[
            ("TENANCY__HOSTS", &hosts),
            ("TENANCY__DEFAULT_TENANT", NOBODY),
        ],
    );
    let log = server.log();
    let warnings = log.lines().filter(|line| line.contains("[tenancy]"));
    let warnings: Vec<_> = warnings.collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains(NOBODY), "{log}");
    assert_eq!(
        whose(&server.client(), "other.example", "/me", &[]).await,
        "nobody"
    );
}

#[tokio::test]
async fn a_cookie_for_the_base_domain_would_be_everybodys() {
    let server = serve(HOSTS, &[]);
    let mut config = config();
    for (domain, is_good) in [
        ("auth.example.com", false),
        ("Example.com", false),
        ("com", false),
        ("shop.auth.example.com", true),
        ("h.example.com", true),
        ("shop.example", true),
    ] {
        config["sessions"] = json!({"cookie": {"domain": domain}});
        let body = json!({"display_name": "A", "config": config});
        let path = format!("/tenants/{SHOP}/config");
        let created = server.admin().post("/tenants", &body).await;
        let replaced = server.admin().put(&path, &config).await;
        if is_good {
            created.expect(201);
            replaced.expect(204);
            continue;
        }
        for refused in [created, replaced] {
            let said = refused.expect(400).to_string();
            assert!(
                said.contains("tenancy.base_domain (auth.example.com)"),
                "{said}"
            );
        }
    }
    let file = declared(HOSTS) + "sessions = { cookie = { domain = \"example.com\" } }\n";
    let keys = [("$SHOP_KEY", SHOP_KEY), ("$BANK_KEY", BANK_KEY)];
    let (code, text) = TestServer::refusing_file(&file, &keys);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("sessions.cookie.domain must be neither"),
        "{text}"
    );
}

#[tokio::test]
async fn a_dev_start_gives_the_demo_tenant_a_host() {
    let server = TestServer::with(&[("$DEV", "")]);
    let port = server.public.rsplit(':').next().unwrap();
    let host = format!("{DEMO}.localhost:{port}");
    let page = format!("http://localhost:{port}");
    let headers = [("Host", &*host), ("Origin", &page)];
    let answer = server.client().send("OPTIONS", "/me", &headers, None).await;
    answer.expect(204);
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some(&*page));
    let deadline = Instant::now() + Duration::from_mins(1);
    while !server.stdout().contains(&format!("http://{host}\n")) {
        assert!(Instant::now() < deadline, "{}", server.stdout());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn what_is_no_host_or_no_tenant_stops_the_start() {
    let long = format!("{}example", "a.".repeat(110));
    let twice = format!("a.example={SHOP},A.Example.={BANK}");
    for (key, value, said) in [
        ("base_domain", "", "not a host name, like login.example.com"),
        (
            "base_domain",
            "https://auth.example.com",
            "leave out scheme",
        ),
        (
            "base_domain",
            "auth.example.com:8000",
            "leave out scheme, port",
        ),
        ("base_domain", "*.example.com", "wildcard"),
        ("base_domain", "a..example", "not a host name"),
        ("base_domain", "127.0.0.1", "is an address"),
        ("base_domain", "[::1]", "is an address"),
        ("base_domain", &long, "is too long"),
        ("default_tenant", "shop", "\"shop\" is no UUID"),
        ("hosts", "login.shop.example", "not host=tenant"),
        (
            "hosts",
            "login.shop.example=shop",
            "login.shop.example: \"shop\" is no UUID",
        ),
        ("hosts", &format!("10.0.0.1={SHOP}"), "is an address"),
        (
            "hosts",
            &format!("a b={SHOP}"),
            "\"a b\" is not a host name",
        ),
        ("hosts", &twice, "a.example stands there twice"),
        ("path_alias", "perhaps", "path_alias"),
        ("base", "example.com", "unknown field `base`"),
    ] {
        let checked = Command::new(env!("CARGO_BIN_EXE_keywright"))
            .arg("check-config")
            .env_clear()
            .env("KEYWRIGHT__SECRETS__KEYS", STORE_KEY)
            .env(format!("KEYWRIGHT__TENANCY__{}", key.to_uppercase()), value)
            .output()
            .unwrap();
        let text = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(checked.status.code(), Some(2), "{key} {value}: {text}");
        assert!(text.contains("tenancy"), "{key} {value}: {text}");
        assert!(text.contains(said), "{key} {value}: {text}");
    }
    for (file, said) in [
        ("hosts = [\"a.example\"]", "neither a table of host names"),
        (
            "hosts = { \"a.example\" = 7 }",
            "neither a table of host names",
        ),
        ("hosts = { \"a.example\" = \"shop\" }", "is no UUID"),
    ] {
        let (code, text) = TestServer::refusing_file(&format!("[tenancy]\n{file}\n"), &[]);
        assert_eq!(code, Some(2), "{text}");
        assert!(
            text.contains("tenancy.hosts") && text.contains(said),
            "{text}"
        );
    }
}
