//! Whose word about the client counts, and where it shows.

use crate::support::{Answer, Tenant, TestServer};

const TRUSTING: [(&str, &str); 1] = [("LIMITS__TRUSTED_PROXIES", " 127.0.0.0/8 , 2001:db8::/32")];

const TOLD: [(&str, &str); 3] = [
    ("X-Forwarded-For", "198.51.100.1"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "pass.example"),
];

async fn list(tenant: &Tenant, headers: &[(&str, &str)]) -> Answer {
    let path = format!("/{}/credentials?per_page=5", tenant.id);
    let mut all = vec![("apiKey", tenant.key.as_str())];
    all.extend(headers);
    tenant.client.send("GET", &path, &all, None).await
}

#[tokio::test]
async fn links_lead_to_where_the_client_asked() {
    let server = TestServer::with(&TRUSTING);
    let tenant = server.tenant().await;
    let link = |scheme_and_host: &str| {
        let path = format!("/{}/credentials?page=1&per_page=5", tenant.id);
        format!("<{scheme_and_host}{path}>; rel=\"first\"")
    };
    let plain = format!("http://{}", server.public);
    for (headers, expected) in [
        (&TOLD[..], "https://pass.example"),
        (
            &[("Forwarded", "for=x;proto=https;host=pass.example")],
            "https://pass.example",
        ),
        (&[("X-Forwarded-Host", "a>; rel=\"next\"")], &plain),
        (&[], &plain),
    ] {
        let answer = list(&tenant, headers).await;
        answer.expect(200);
        assert_eq!(answer.header("link"), Some(link(expected).as_str()));
    }
}

#[tokio::test]
async fn without_a_trusted_proxy_nobodys_word_counts() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let answer = list(&tenant, &TOLD).await;
    let expected = format!("<http://{}/", server.public);
    assert!(answer.header("link").unwrap().starts_with(&expected));
}

#[tokio::test]
async fn a_network_that_is_none_stops_the_start() {
    for value in ["10.0.0.0/33", "proxy.example", "10.0.0.0/8,10.0.0"] {
        let (code, text) = TestServer::refusing(&[("LIMITS__TRUSTED_PROXIES", value)]);
        assert_eq!(code, Some(2), "{text}");
        let bad = value.rsplit(',').next().unwrap();
        for said in ["limits.trusted_proxies", bad, "10.0.0.0/8"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}
