//! Every refusal is in the contract's envelope, whoever it comes from; odd requests change nothing of that.

use crate::support::{TestServer, raw, raw_while_open};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn odd_headers_do_no_harm() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let path = format!("/{}/registration/initialize", tenant.id);
    let body = br#"{"user_id":"ann","username":"ann"}"#.to_vec();
    let long = "x".repeat(4000);
    for (headers, status) in [
        (vec![JSON, ("apiKey", "é")], 401),
        (vec![JSON, ("apiKey", "   ")], 401),
        (vec![JSON, ("apiKey", long.as_str())], 401),
        (vec![("apiKey", tenant.key.as_str())], 400),
        (vec![("Content-Type", "é"), ("apiKey", &tenant.key)], 400),
        (
            vec![("Content-Type", "application/jso"), ("apiKey", &tenant.key)],
            400,
        ),
        (
            vec![
                ("Content-Type", "APPLICATION/JSON"),
                ("APIKEY", &tenant.key),
            ],
            200,
        ),
        (
            vec![JSON, ("apiKey", &tenant.key), ("Origin", "é\u{fffd}")],
            200,
        ),
        (
            vec![
                JSON,
                ("apiKey", &tenant.key),
                ("X-Forwarded-For", long.as_str()),
            ],
            200,
        ),
        (
            vec![JSON, ("apiKey", &tenant.key), ("User-Agent", long.as_str())],
            200,
        ),
    ] {
        let answer = tenant
            .client
            .send("POST", &path, &headers, Some(body.clone()))
            .await;
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_request_id_is_taken_over_only_if_it_is_sane() {
    let server = TestServer::start();
    let client = server.client();
    for (id, is_sane) in [
        ("abc-123_x.y:z", true),
        ("a b", false),
        ("<script>", false),
        ("x".repeat(200).as_str(), false),
    ] {
        let headers = [("X-Request-Id", id)];
        let answer = client.send("GET", "/nothing/at/all", &headers, None).await;
        let echoed = answer.header("x-request-id").unwrap();
        assert_eq!(echoed == id, is_sane, "{id}");
    }
}

#[tokio::test]
async fn every_refusal_is_in_the_envelope() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let client = server.client();
    let nobody = uuid::Uuid::new_v4();
    // The client asserts the envelope of each.
    for (method, path, status, title) in [
        ("GET", format!("/{}/nothing", tenant.id), 404, "Not Found"),
        ("GET", format!("/{}", tenant.id), 404, "Not Found"),
        (
            "GET",
            "/abc/credentials".into(),
            400,
            "tenant_id must be a valid uuid4",
        ),
        ("GET", "/abc".into(), 400, "tenant_id must be a valid uuid4"),
        (
            "GET",
            format!("/{nobody}/credentials"),
            404,
            "tenant not found",
        ),
        (
            "GET",
            format!("/{}/credentials", tenant.id),
            401,
            "The api key is invalid",
        ),
        ("POST", "/".into(), 405, "Method Not Allowed"),
        (
            "PUT",
            format!("/{}/login/initialize", tenant.id),
            405,
            "Method Not Allowed",
        ),
        (
            "GET",
            format!("/{}/login/initialize", tenant.id),
            405,
            "Method Not Allowed",
        ),
        (
            "POST",
            format!("/{}/.well-known/jwks.json", tenant.id),
            405,
            "Method Not Allowed",
        ),
        (
            "BREW",
            format!("/{}/login/initialize", tenant.id),
            405,
            "Method Not Allowed",
        ),
    ] {
        let answer = client.send(method, &path, &[], None).await;
        answer.refused(status, title);
        assert_eq!(
            answer.header("allow").is_some(),
            status == 405,
            "{answer:?}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let path = format!("/{}/credentials", tenant.id);
    let head = client.send("HEAD", &path, &[], None).await;
    assert_eq!((head.status, head.text.as_str()), (401, ""));
}

#[tokio::test]
async fn a_tenant_id_is_read_in_every_spelling() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for spelling in [
        tenant.id.to_uppercase(),
        tenant.id.replace('-', ""),
        format!("urn:uuid:{}", tenant.id),
    ] {
        let path = format!("/{spelling}/.well-known/jwks.json");
        server.client().get(&path).await.expect(200);
    }
}

#[tokio::test]
async fn every_refusal_of_the_admin_api_is_in_the_envelope() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let nobody = uuid::Uuid::new_v4();
    for (method, path, status) in [
        ("PATCH", format!("/tenants/{}", tenant.id), 405),
        ("GET", format!("/tenants/{}/nothing", tenant.id), 404),
        ("GET", "/tenants/abc".into(), 400),
        ("GET", format!("/tenants/{nobody}"), 404),
        ("DELETE", "/tenants".into(), 405),
    ] {
        let answer = server.admin().send(method, &path, &[], None).await;
        answer.expect(status);
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let server = TestServer::with(&[("SERVER__REQUEST_TIMEOUT", "300ms")]);
    let tenant = server.tenant().await;
    let request = format!(
        "POST /{}/login/initialize HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nConnection: close\r\n\r\n{{",
        tenant.id
    );
    let answer = raw(&server.public, request.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""status":408"#), "{answer}");
    let answer = raw(&server.public, b"GET / HTTP/1.1\r\nHost:");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = TestServer::start();
    for request in [
        &b"\r\n\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nBroken\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%00%ff/credentials HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ] {
        let mut request = request.to_vec();
        request.extend(b"\r\n\r\n");
        let answer = raw_while_open(&server.public, &request);
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        assert!(!answer.starts_with("HTTP/1.1 5"), "{answer}");
    }
    server.tenant().await.begin_registration("ann").await;
}

/// The head of the second request comes out of a buffer that was read for the first: nobody would look again by itself.
#[tokio::test]
async fn a_body_that_stalls_behind_another_request_is_timed_out_too() {
    let server = TestServer::with(&[("SERVER__REQUEST_TIMEOUT", "2s")]);
    let id = server.tenant().await.id;
    let get = "GET /health/alive HTTP/1.1\r\nHost: x\r\n\r\n";
    for length in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
        let post = format!("POST /{id}/login/initialize HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n");
        let answer = raw(&server.public, format!("{get}{post}").as_bytes());
        assert!(answer.contains("HTTP/1.1 200"), "{length}: {answer}");
        assert!(answer.contains("HTTP/1.1 408"), "{length}: {answer}");
    }
}
