//! What no well-meaning client sends. Nothing of it may crash, grow, leak or leave the envelope.

use serde_json::{Value, json};

use crate::support::{Forge, Tenant, TestServer, base64url, raw};

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn send(tenant: &Tenant, path: &str, body: &[u8]) -> crate::support::Answer {
    let headers = [JSON, ("apiKey", tenant.key.as_str())];
    let path = format!("/{}/{path}", tenant.id);
    tenant
        .client
        .send("POST", &path, &headers, Some(body.to_vec()))
        .await
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let deep = "[".repeat(10_000);
    let balanced = format!("{deep}{}", "]".repeat(10_000));
    for brackets in [&deep, &balanced] {
        for path in [
            "registration/initialize",
            "registration/finalize",
            "login/initialize",
            "login/finalize",
            "transaction/initialize",
            "transaction/finalize",
        ] {
            send(&tenant, path, brackets.as_bytes()).await.expect(400);
            let member = format!(r#"{{"user_id":{brackets}}}"#);
            send(&tenant, path, member.as_bytes()).await.expect(400);
        }
        let data =
            format!(r#"{{"user_id":"ann","transaction_id":"tx","transaction_data":{brackets}}}"#);
        let answer = send(&tenant, "transaction/initialize", data.as_bytes()).await;
        answer.refused(400, "unable to process request");
        let admin = server.admin();
        let answer = admin.send(
            "POST",
            "/tenants",
            &[JSON],
            Some(brackets.as_bytes().to_vec()),
        );
        answer.await.expect(400);

        let mut created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
        created["response"]["clientDataJSON"] = base64url(brackets.as_bytes()).into();
        tenant.finish_registration(&created).await.expect(400);
    }
    for bytes in [
        vec![0x81; 10_000],
        vec![0xa1; 10_000],
        vec![0xd8; 10_000],
        vec![0x9f; 10_000],
    ] {
        let mut created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
        created["response"]["attestationObject"] = base64url(&bytes).into();
        let answer = tenant.finish_registration(&created).await;
        answer.refused(400, "unable to parse credential creation response");
    }
    tenant.begin_registration("ann").await;
}

#[tokio::test]
async fn an_enormous_body_is_refused_and_not_kept() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    tenant.begin_registration("ann").await;
    let before = server.memory_kib();
    let body = vec![b' '; 16 * 1024 * 1024];
    for path in [
        "registration/initialize",
        "registration/finalize",
        "login/finalize",
        "transaction/initialize",
        "transaction/finalize",
    ] {
        for _ in 0..3 {
            let answer = send(&tenant, path, &body).await;
            answer.refused(413, "Request Entity Too Large");
        }
    }
    let grown = server.memory_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB more");
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for body in [
        &b"{"[..],
        b"\xff",
        b"{\"user_id\": \"\xff\", \"username\": \"ann\"}",
        b"{} {}",
        b"{\"user_id\": \"ann\", \"username\": \"ann\"} x",
        b"\0",
        b"nul",
        b"{\"user_id\": \"\\ud800\", \"username\": \"ann\"}",
        b"{\"user_id\": \"a\", \"user_id\": \"b\", \"username\": \"ann\"}",
        b"[]",
        b"5",
        b"\"x\"",
    ] {
        for path in [
            "registration/initialize",
            "registration/finalize",
            "login/finalize",
            "transaction/initialize",
            "transaction/finalize",
        ] {
            let answer = send(&tenant, path, body).await;
            assert_eq!(answer.status, 400, "{path} {body:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn null_members_are_absent_members() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let all_null = json!({
        "id": null, "rawId": null, "type": null, "authenticatorAttachment": null,
        "clientExtensionResults": null, "response": null, "user_id": null, "username": null,
    });
    for path in [
        "registration/initialize",
        "registration/finalize",
        "login/finalize",
        "transaction/initialize",
        "transaction/finalize",
    ] {
        send(&tenant, path, all_null.to_string().as_bytes())
            .await
            .expect(400);
    }
    let mut created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    created["response"]["transports"] = Value::Null;
    created["clientExtensionResults"] = Value::Null;
    created["authenticatorAttachment"] = Value::Null;
    tenant.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn a_member_that_occurs_twice_in_the_client_data_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for member in ["type", "challenge", "origin", "somethingElse"] {
        let mut forge = Forge::new(-7);
        forge.client_data_prefix = format!(r#""{member}":"x","{member}":"x","#);
        let created = forge.create(&tenant.begin_registration("ann").await);
        let answer = tenant.finish_registration(&created).await;
        answer.expect(400);
    }
    let mut forge = Forge::new(-7);
    forge.client_data_prefix = r#""somethingElse":{"type":"webauthn.get"},"#.into();
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn trailing_data_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    let body = format!("{created} x");
    send(&tenant, "registration/finalize", body.as_bytes())
        .await
        .refused(400, "unable to parse credential creation response");
    // It could not be read, so nothing was taken.
    let body = format!(" \n{created}\n\n");
    send(&tenant, "registration/finalize", body.as_bytes())
        .await
        .expect(200);
}

#[tokio::test]
async fn chunked_bodies_are_read_like_others() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let request = |path: &str, length: &str, chunks: &str| {
        format!(
            "POST /{}/{path} HTTP/1.1\r\nHost: x\r\napiKey: {}\r\nContent-Type: application/json\r\n{length}\r\nConnection: close\r\n\r\n{chunks}",
            tenant.id, tenant.key
        )
    };
    let body = r#"{"user_id":"ann","username":"ann"}"#;
    let (one, two) = body.split_at(7);
    let chunks = format!(
        "{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    );
    let chunked = "Transfer-Encoding: chunked";
    let answer = raw(
        &server.public,
        request("registration/initialize", chunked, &chunks).as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = raw(
        &server.public,
        request("login/initialize", chunked, "0\r\n\r\n").as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // Two lengths, and a length with chunks: never two opinions on where a request ends.
    let both = format!("Content-Length: 5\r\n{chunked}");
    let answer = raw(
        &server.public,
        request("login/initialize", &both, "0\r\n\r\n").as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let twice = "Content-Length: 2\r\nContent-Length: 3";
    let answer = raw(
        &server.public,
        request("login/initialize", twice, "{} ").as_bytes(),
    );
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn strings_that_mean_something_elsewhere_mean_nothing_here() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut known = Vec::new();
    for user in [
        "'; DROP TABLE row; --",
        "\" OR \"\"=\"",
        "%",
        "_",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}",
        "../../../etc/passwd",
        "a\u{0}b",
        "\u{202e}nna",
    ] {
        let body = json!({"user_id": user, "username": user, "display_name": user});
        let answer = tenant.post("registration/initialize", &body).await;
        let options = answer.expect(200);
        assert_eq!(options["publicKey"]["user"]["displayName"], user);
        let mut forge = Forge::new(-7);
        let created = forge.create(&options);
        tenant.finish_registration(&created).await.expect(200);
        known.push((user, forge));
    }
    for (user, mut forge) in known {
        let encoded: String = url::form_urlencoded::byte_serialize(user.as_bytes()).collect();
        let listed = tenant.credentials_of(&encoded).await;
        assert_eq!(listed.as_array().unwrap().len(), 1, "{user}");
        assert_eq!(listed[0]["id"], forge.id());
        let got = forge.get(&tenant.begin_login_of(user).await);
        tenant.finish_login(&got).await.expect(200);
    }
    let path = format!("/{}/credentials/%3Cscript%3E", tenant.id);
    let headers = [("apiKey", tenant.key.as_str())];
    let answer = tenant.client.send("DELETE", &path, &headers, None).await;
    answer.expect(404);
}

#[tokio::test]
async fn a_challenge_that_nobody_gave_is_unknown_whatever_its_bytes() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    forge.user_handle = Some(b"ann".to_vec());
    // Byte 0 names a worker; there are fewer workers than bytes.
    let mut challenges: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte; 32]).collect();
    challenges.extend([0, 1, 31, 33, 4000].map(|length| vec![7; length]));
    for challenge in challenges {
        let options = json!({"publicKey": {"challenge": base64url(&challenge)}});
        let answer = tenant.finish_login(&forge.get(&options)).await;
        answer.refused(401, "failed to get session data");
    }
}

/// Whatever a body is, the answer is no failure of ours, and the connection lives on.
#[tokio::test]
async fn no_body_makes_the_server_fail() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let nested = format!(r#"{{"user_id":{}1{}}}"#, "[".repeat(128), "]".repeat(128));
    let bodies = ODD_BODIES.iter().copied().chain([nested.as_bytes()]);
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-16",
        "application/problem+json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "",
    ];
    for body in bodies {
        for content_type in types {
            for path in [
                "registration/initialize",
                "registration/finalize",
                "login/initialize",
                "login/finalize",
            ] {
                let headers = [
                    ("Content-Type", content_type),
                    ("apiKey", tenant.key.as_str()),
                ];
                let path = format!("/{}/{path}", tenant.id);
                let sent = tenant
                    .client
                    .send("POST", &path, &headers, Some(body.to_vec()));
                let status = sent.await.status;
                let is_expected = matches!(status, 400 | 401 | 404)
                    || (status == 200 && path.ends_with("login/initialize"));
                assert!(is_expected, "{path} {content_type} {body:?}: {status}");
            }
        }
    }
    let headers = [
        JSON,
        ("apiKey", tenant.key.as_str()),
        ("Content-Encoding", "gzip"),
    ];
    let path = format!("/{}/registration/initialize", tenant.id);
    let packed = tenant
        .client
        .send("POST", &path, &headers, Some(GZIP.to_vec()))
        .await;
    packed.refused(400, "unable to process request");
    tenant.begin_registration("ann").await;
}

#[tokio::test]
async fn hostile_heads_leave_the_connection_usable() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let id = &tenant.id;
    let long = "x".repeat(30_000);
    let odd = [
        format!("GET /{id}/credentials/{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /{id}/credentials?{long} HTTP/1.1\r\nHost: x\r\napiKey: {long}\r\n\r\n"),
        format!("GET /{id}/credentials HTTP/1.1\r\nHost: x\r\nX-Request-Id: {long}\r\nCookie: {long}\r\n\r\n"),
        format!("POST /{id}/login/initialize HTTP/1.1\r\nHost: x\r\nOrigin: \u{1}\r\nContent-Length: 0\r\n\r\n").replace('\u{1}', "\u{e9}"),
        format!("POST /{id}/login/initialize HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\n\r\n"),
        format!("POST /{id}/login/initialize HTTP/1.1\r\nHost: a@b:c\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{{}}"),
        format!("PUT /{id}/login/finalize HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
        format!("DELETE /{id} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
        format!("GET http://elsewhere/{id}/nothing HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET /{id}/nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"),
    ];
    for request in odd {
        let alive = "GET /health/alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let answers = raw(&server.public, format!("{request}{alive}").as_bytes());
        assert!(answers.contains(r#"{"alive":true}"#), "{request}{answers}");
        assert!(!answers.contains("HTTP/1.1 5"), "{request}{answers}");
    }
    let websocket = format!(
        "GET /{id}/nothing HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    let answer = raw(&server.public, websocket.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains(r#""status":400"#), "{answer}");
}

#[tokio::test]
async fn without_a_key_nothing_is_told_of_a_user() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    for key in [None, Some("wrong")] {
        let mut told = Vec::new();
        for user in ["ann", "nobody"] {
            let body = json!({"user_id": user}).to_string();
            let path = format!("/{}/login/initialize", tenant.id);
            let headers = [JSON, ("apiKey", key.unwrap_or_default())];
            let answer = tenant
                .client
                .send("POST", &path, &headers, Some(body.into()));
            let answer = answer.await;
            answer.expect(401);
            told.push(answer.text);
        }
        assert_eq!(told[0], told[1]);
    }
}

const ODD_BODIES: &[&[u8]] = &[
    b"\xef\xbb\xbf{}",
    br#"{"user_id":"a","user_id":"b"}"#,
    b"null",
    b"{}",
    b"",
    b" ",
    b"[]",
    b"[null]",
    b"true",
    br#"{"user_id":1}"#,
    br#"{"user_id":1e999}"#,
    br#"{"user_id":123456789012345678901234567890}"#,
    br#"{"user_id":{"a":1}}"#,
    br#"{"user_id":["a"]}"#,
    br#"{"user_id":"\u0000"}"#,
    br#"{"user_id":""}"#,
    br#"{"username":null,"user_id":null}"#,
    br#"{"":""}"#,
    br#"{"id":"x","rawId":"x","type":"public-key","response":[]}"#,
    br#"{"id":"x","rawId":"x","type":"public-key","response":{"clientDataJSON":"e30"}}"#,
    br#"{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"bnVsbA","attestationObject":"oA","authenticatorData":"","signature":"","userHandle":""}}"#,
    b"{\"a\":NaN}",
    b"{'a':1}",
    b"{\"a\":1,}",
    b"// x\n{}",
    b"\xff\xfe{\0}\0",
    GZIP,
];

/// An empty object, packed.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
