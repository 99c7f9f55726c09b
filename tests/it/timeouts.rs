//! Clients that take their time: each has only so much, however it spends it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::TestServer;

/// Sends the head at once, then `drop` over and over. What came back until the server closed.
async fn drip(server: &TestServer, head: &str, drop: &'static str) -> String {
    let (address, head) = (server.public.clone(), head.to_owned());
    let dripping = tokio::task::spawn_blocking(move || drip_now(&address, &head, drop));
    dripping.await.unwrap().expect("the server closes")
}

fn drip_now(address: &str, head: &str, drop: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    let pause = Duration::from_millis(50);
    stream.set_read_timeout(Some(pause)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    let deadline = Instant::now() + Duration::from_mins(1);
    while Instant::now() < deadline {
        let sent = stream.write_all(drop.as_bytes());
        match stream.read(&mut buffer) {
            Ok(0) => return Some(String::from_utf8(answer).unwrap()),
            Ok(length) => answer.extend(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && sent.is_ok() => {}
            Err(_) => return Some(String::from_utf8(answer).unwrap()),
        }
    }
    None
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let server = TestServer::with(&[("SERVER__REQUEST_TIMEOUT", "500ms")]);
    let answer = drip(&server, "GET / HTTP/1.1\r\nHost: x\r\n", "X: x\r\n").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_drips_is_cut_off_and_counted() {
    let server = TestServer::with(&[("SERVER__REQUEST_TIMEOUT", "500ms")]);
    let tenant = server.tenant().await;
    let head = format!(
        "POST /{}/login/initialize HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost:4499\r\nContent-Length: 60000\r\n\r\n",
        tenant.id
    );
    tenant.begin_login().await;
    let answer = drip(&server, &head, " ").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""status":408"#), "{answer}");
    let allowed = "access-control-allow-origin: http://localhost:4499";
    assert!(answer.to_lowercase().contains(allowed), "{answer}");
    let name = "keywright_bodies_refused_total{cause=\"too_slow\"}";
    assert!(server.metric(name).await >= 1.0);
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let server = TestServer::with(&[("SERVER__KEEP_ALIVE", "300ms")]);
    let get = "GET /health/alive HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = drip(&server, get, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
