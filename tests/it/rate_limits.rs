//! Floods of each kind: what is refused, in which words, and who does not notice.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Answer, Forge, ORIGIN, Tenant, TestServer};

const LIMITED: &str = "keywright_rate_limited_total";

/// So slow that no token comes back while a test runs.
fn few(burst: &str) -> [(&str, &str); 6] {
    [
        ("LIMITS__RATE_PER_ADDRESS", "1"),
        ("LIMITS__RATE_PER_ADDRESS_BURST", burst),
        ("LIMITS__RATE_FAILURES_PER_ADDRESS", "1"),
        ("LIMITS__RATE_FAILURES_PER_ADDRESS_BURST", burst),
        ("LIMITS__TRUSTED_PROXIES", "127.0.0.1"),
        ("SERVER__WORKERS", "2"),
    ]
}

async fn ask(tenant: &Tenant, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/{}/{path}", tenant.id);
    tenant.client.send(method, &path, headers, None).await
}

/// Asks until it is refused; how many came through, and the refusal.
async fn flood(
    tenant: &Tenant,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (usize, Answer) {
    for count in 0..1000 {
        let answer = ask(tenant, method, path, headers).await;
        if answer.status == 429 {
            return (count, answer);
        }
    }
    panic!("1000 requests, and none was refused");
}

/// The log comes by another way than the answers.
async fn until_logged(server: &TestServer, text: &str) -> String {
    for _ in 0..1000 {
        let log = server.log();
        if log.contains(text) {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{text} is not in the log:\n{}", server.log());
}

#[track_caller]
fn is_told_when_to_come_back(answer: &Answer) {
    answer.refused(429, "Too Many Requests");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["reason"], "rate_limited");
    let details = body["details"].as_str().unwrap();
    assert!(details.ends_with(&format!("{seconds} s")), "{details}");
}

#[tokio::test]
async fn a_flood_of_initialize_is_refused_and_nobody_else_notices() {
    let server = TestServer::with(&few("30"));
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let begun = tenant.begin_login().await;

    let page = [("Origin", ORIGIN)];
    let (came_through, refused) = flood(&tenant, "POST", "login/initialize", &page).await;
    assert!((29..100).contains(&came_through), "{came_through}");
    is_told_when_to_come_back(&refused);
    let allowed = refused.header("access-control-allow-origin");
    assert_eq!(allowed, Some(ORIGIN));

    for _ in 0..40 {
        tenant.begin_registration("ann").await;
        tenant.begin_login_of("ann").await;
        let keyed = tenant.post("login/initialize", &json!({})).await;
        keyed.expect(200);
    }
    tenant.finish_login(&forge.get(&begun)).await.expect(200);
    tenant.jwks().await.expect(200);
    server.client().get("/health/ready").await.expect(200);
    let name = format!("{LIMITED}{{limit=\"address\"}}");
    assert!(server.metric(&name).await >= 1.0);
}

#[tokio::test]
async fn a_flood_of_finalize_is_refused_and_nobody_else_notices() {
    let server = TestServer::with(&few("30"));
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    for path in ["login/finalize", "registration/finalize"] {
        let (_, refused) = flood(&tenant, "POST", path, &[]).await;
        is_told_when_to_come_back(&refused);
    }
    // A backend that hands the response on sends its key with it, as the SDK does.
    tenant
        .post("registration/finalize", &created)
        .await
        .expect(200);
    tenant.begin_login().await;
}

#[tokio::test]
async fn what_is_only_read_is_limited_too() {
    let server = TestServer::with(&few("30"));
    let tenant = server.tenant().await;
    let (_, refused) = flood(&tenant, "GET", ".well-known/jwks.json", &[]).await;
    is_told_when_to_come_back(&refused);
    server
        .client()
        .get("/")
        .await
        .refused(429, "Too Many Requests");
    tenant.begin_login().await;
}

#[tokio::test]
async fn a_tenant_is_limited_from_wherever_and_its_neighbour_is_not() {
    let settings = [
        ("LIMITS__RATE_PER_TENANT", "1"),
        ("LIMITS__RATE_PER_TENANT_BURST", "30"),
        ("LIMITS__TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let server = TestServer::with(&settings);
    let (tenant, neighbour) = (server.tenant().await, server.tenant().await);
    let mut refused = None;
    for number in 0..60 {
        let address = format!("198.51.100.{number}");
        let headers = [("X-Forwarded-For", address.as_str())];
        let answer = ask(&tenant, "POST", "login/initialize", &headers).await;
        refused = Some(answer)
            .filter(|answer| answer.status == 429)
            .or(refused);
    }
    is_told_when_to_come_back(&refused.unwrap());
    let name = format!("{LIMITED}{{limit=\"tenant\"}}");
    assert!(server.metric(&name).await >= 1.0);
    neighbour.begin_login().await;
    tenant.begin_registration("ann").await;
    ask(&tenant, "POST", "login/finalize", &[])
        .await
        .expect(400);
}

#[tokio::test]
async fn each_address_behind_a_proxy_has_its_own_bucket() {
    let server = TestServer::with(&few("20"));
    let tenant = server.tenant().await;
    let path = "login/initialize";
    let from = |address| [("X-Forwarded-For", address)];
    flood(&tenant, "POST", path, &from("198.51.100.1")).await;
    ask(&tenant, "POST", path, &from("198.51.100.2"))
        .await
        .expect(200);
    // Whatever the client itself writes in front.
    let (more, _) = flood(&tenant, "POST", path, &from("1.2.3.4, 198.51.100.1")).await;
    assert!(more < 10, "{more}");
    flood(&tenant, "POST", path, &from("2001:db8:0:7::1")).await;
    let (more, _) = flood(&tenant, "POST", path, &from("2001:db8:0:7:ffff::9")).await;
    assert!(more < 10, "{more}");
    ask(&tenant, "POST", path, &from("2001:db8:0:8::1"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_proxy_that_is_not_named_is_one_client_and_the_log_says_so() {
    let mut settings = few("20").to_vec();
    settings.retain(|(key, _)| *key != "LIMITS__TRUSTED_PROXIES");
    let server = TestServer::with(&settings);
    let tenant = server.tenant().await;
    let mut statuses = Vec::new();
    for number in 0..40 {
        let address = format!("198.51.100.{number}");
        let headers = [("X-Forwarded-For", address.as_str())];
        let answer = ask(&tenant, "POST", "login/initialize", &headers).await;
        statuses.push(answer.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let log = until_logged(&server, "limits.trusted_proxies").await;
    assert_eq!(log.matches("limits.trusted_proxies").count(), 1, "{log}");
}

#[tokio::test]
async fn wrong_keys_are_counted_and_right_ones_are_not() {
    let server = TestServer::with(&few("20"));
    let tenant = server.tenant().await;
    for _ in 0..60 {
        tenant.credentials_of("ann").await;
    }
    let wrong = [("apiKey", "wrong")];
    let (came_through, refused) = flood(&tenant, "GET", "credentials", &wrong).await;
    assert!((20..100).contains(&came_through), "{came_through}");
    is_told_when_to_come_back(&refused);
    tenant.credentials_of("ann").await;
    tenant.begin_login().await;
    let name = format!("{LIMITED}{{limit=\"api_key\"}}");
    assert!(server.metric(&name).await >= 1.0);
}

#[tokio::test]
async fn wrong_admin_tokens_are_counted_and_right_ones_are_not() {
    let mut settings = few("20").to_vec();
    settings.push(("SERVER__ADMIN_TOKEN", "the right admin token"));
    let server = TestServer::with(&settings);
    let ask = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        server.admin().send("GET", "/tenants", &headers, None).await
    };
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(ask("the wrong admin token").await.status);
    }
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[39], 429);
    ask("the right admin token").await.expect(200);
}

#[tokio::test]
async fn tenants_that_do_not_exist_are_not_looked_for_for_ever() {
    let server = TestServer::with(&few("20"));
    let tenant = server.tenant().await;
    tenant.begin_login().await;
    let cold = server.tenant().await;
    let mut refused = None;
    for _ in 0..60 {
        let path = format!("/{}/login/initialize", uuid::Uuid::new_v4());
        let answer = server.client().send("POST", &path, &[], None).await;
        assert!([404, 429].contains(&answer.status), "{answer:?}");
        refused = Some(answer)
            .filter(|answer| answer.status == 429)
            .or(refused);
    }
    is_told_when_to_come_back(&refused.unwrap());
    let answer = ask(&cold, "POST", "login/initialize", &[]).await;
    answer.refused(429, "Too Many Requests");
    tenant.begin_login().await;
    let name = format!("{LIMITED}{{limit=\"unknown_tenant\"}}");
    assert!(server.metric(&name).await >= 1.0);

    // One that is not in memory is not looked for either, unless there may be a key for it.
    for (address, headers) in [
        ("198.51.100.1", vec![]),
        ("127.0.0.1", vec![("apiKey", tenant.key.as_str())]),
    ] {
        let headers = [headers, vec![("X-Forwarded-For", address)]].concat();
        let cold = server.tenant().await;
        ask(&cold, "POST", "login/initialize", &headers)
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn rate_limits_can_be_switched_off() {
    let mut settings = few("1").to_vec();
    settings.push(("LIMITS__RATE_LIMITS", "false"));
    let server = TestServer::with(&settings);
    let tenant = server.tenant().await;
    for _ in 0..20 {
        tenant.begin_login().await;
        ask(&tenant, "GET", "credentials", &[]).await.expect(401);
    }
}

/// The first rounds are not measured: challenges that were let in are out until they expire.
#[tokio::test]
async fn memory_is_flat_and_keyed_traffic_untouched_under_a_flood() {
    let settings = [
        ("LIMITS__RATE_PER_ADDRESS", "1"),
        ("LIMITS__RATE_PER_ADDRESS_BURST", "500"),
    ];
    let server = TestServer::with(&settings);
    let tenant = server.tenant().await;
    let mut refused = 0;
    let mut before = 0;
    for round in 0..80 {
        if round == 40 {
            before = server.memory_kib();
        }
        let strangers = (0..50).map(|_| ask(&tenant, "POST", "login/initialize", &[]));
        let (strangers, keyed) = tokio::join!(join_all(strangers), async {
            let user = format!("user {round}");
            let created = Forge::new(-7).create(&tenant.begin_registration(&user).await);
            tenant.finish_registration(&created).await
        });
        keyed.expect(200);
        let is_refused = |answer: &&Answer| answer.status == 429;
        refused += strangers.iter().filter(is_refused).count();
    }
    let grown = server.memory_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more");
    assert!(refused > 1000, "{refused}");
    let log = until_logged(&server, "requests are refused").await;
    assert!(log.lines().count() < 200, "{log}");
}
