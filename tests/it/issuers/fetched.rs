//! Issuers with their keys at an address: rotated, withdrawn, and down.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::signer::Signer;
use super::{bearer, claims, key_set, trusted, trusting};
use crate::support::{Tenant, TestServer};

/// Shows its keys to whoever asks, or is down.
struct Issuer {
    address: String,
    keys: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn start(signers: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = Self {
            address: format!("http://{}/jwks.json", listener.local_addr().unwrap()),
            keys: Arc::default(),
            asked: Arc::default(),
        };
        let (keys, asked) = (Arc::clone(&issuer.keys), Arc::clone(&issuer.asked));
        thread::spawn(move || {
            for stream in listener.incoming() {
                asked.fetch_add(1, Ordering::Relaxed);
                let keys = keys.lock().unwrap().clone();
                serve(&stream.unwrap(), keys);
            }
        });
        issuer.shows(signers);
        issuer
    }

    fn shows(&self, signers: &[&Signer]) {
        *self.keys.lock().unwrap() = Some(key_set(signers).to_string());
    }

    fn goes_down(&self) {
        *self.keys.lock().unwrap() = None;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    async fn trusting(&self, server: &TestServer) -> Tenant {
        let address = json!(self.address);
        trusting(server, &[trusted("jwks_url", address)]).await
    }
}

/// Who is down hangs up.
fn serve(mut stream: &TcpStream, keys: Option<String>) {
    let lines = BufReader::new(stream).lines();
    let head = lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
    let _ = head.count();
    if let Some(keys) = keys {
        let length = keys.len();
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}");
        let _ = write!(stream, "{head}\r\n\r\n{keys}");
    }
}

async fn ask(tenant: &Tenant, signer: &Signer) -> u16 {
    let answer = bearer(tenant, &signer.token(&claims())).get("/me").await;
    if answer.status != 200 {
        let expected = json!({"code": 401, "message": "Unauthorized"});
        assert_eq!(answer.expect(401), expected);
    }
    answer.status
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_first_seen() {
    let server = TestServer::start();
    let (old, new) = (Signer::p256("old"), Signer::rsa("new"));
    let issuer = Issuer::start(&[&old]);
    let tenant = issuer.trusting(&server).await;
    assert_eq!(issuer.asked(), 0);
    for _ in 0..3 {
        assert_eq!(ask(&tenant, &old).await, 200);
    }
    assert_eq!(issuer.asked(), 1);
    bearer(&tenant, &old.token(&claims())).register().await;
    issuer.shows(&[&old, &new]);
    assert_eq!(ask(&tenant, &new).await, 200);
    assert_eq!(ask(&tenant, &old).await, 200);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_with_the_next_fetch() {
    let server = TestServer::start();
    let (old, new) = (Signer::p256("old"), Signer::ed25519("new"));
    let issuer = Issuer::start(&[&old]);
    let tenant = issuer.trusting(&server).await;
    assert_eq!(ask(&tenant, &old).await, 200);
    issuer.shows(&[&new]);
    assert_eq!(ask(&tenant, &new).await, 200);
    assert_eq!(ask(&tenant, &old).await, 401);
}

#[tokio::test]
async fn known_keys_go_on_while_the_issuer_is_down() {
    let server = TestServer::start();
    let (known, unknown) = (Signer::p256("one"), Signer::p256("two"));
    let issuer = Issuer::start(&[&known]);
    let tenant = issuer.trusting(&server).await;
    assert_eq!(ask(&tenant, &known).await, 200);
    issuer.goes_down();
    assert_eq!(ask(&tenant, &unknown).await, 401);
    assert_eq!(issuer.asked(), 2);
    assert_eq!(ask(&tenant, &known).await, 200);
}

#[tokio::test]
async fn an_issuer_that_is_down_at_first_is_asked_again() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let issuer = Issuer::start(&[&signer]);
    issuer.goes_down();
    let tenant = issuer.trusting(&server).await;
    assert_eq!(ask(&tenant, &signer).await, 401);
    issuer.shows(&[&signer]);
    let deadline = Instant::now() + Duration::from_mins(1);
    while ask(&tenant, &signer).await != 200 {
        assert!(Instant::now() < deadline, "it is not asked again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Each tenant asks for itself, and nobody asks for a token that is refused anyway.
#[tokio::test]
async fn keys_are_fetched_for_good_claims_only() {
    let server = TestServer::start();
    let signer = Signer::p256("one");
    let issuer = Issuer::start(&[&signer]);
    let tenant = issuer.trusting(&server).await;
    let mut late = claims();
    late["exp"] = 1.into();
    let visitor = bearer(&tenant, &signer.token(&late));
    visitor.get("/me").await.expect(401);
    bearer(&tenant, "a.b.c").get("/me").await.expect(401);
    assert_eq!(issuer.asked(), 0);
    assert_eq!(ask(&tenant, &signer).await, 200);
    let other = issuer.trusting(&server).await;
    assert_eq!(ask(&other, &signer).await, 200);
    assert_eq!(issuer.asked(), 2);
}
