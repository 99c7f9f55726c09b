//! Whose word about the client counts, and where it shows.

use crate::support::{Answer, Forge, Tenant, TestServer};

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

/// A client may spell names as it likes; what a link adds counts before that.
#[tokio::test]
async fn links_lead_to_their_page_whatever_the_spelling() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for user in ["ann", "bob", "eve"] {
        let options = tenant.begin_registration(user).await;
        let created = Forge::new(-7).create(&options);
        tenant.finish_registration(&created).await.expect(200);
    }
    let key = [("apiKey", tenant.key.as_str())];
    let get = async |path: &str| tenant.client.send("GET", path, &key, None).await;
    let of = |answer: &Answer| answer.json()[0]["user_id"].as_str().unwrap().to_owned();
    let mut path = format!("/{}/credentials?Per_Page=1&PAGE=1", tenant.id);
    let mut users = Vec::new();
    for _ in 0..2 {
        let answer = get(&path).await;
        users.push(of(&answer));
        let links = answer.header("link").unwrap().to_owned();
        let next = links.split(',').find(|link| link.contains("\"next\""));
        let address = next.unwrap().split(['<', '>']).nth(1).unwrap();
        path = address.split_once(&server.public).unwrap().1.to_owned();
    }
    users.push(of(&get(&path).await));
    assert_eq!(users, ["eve", "bob", "ann"]);
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
