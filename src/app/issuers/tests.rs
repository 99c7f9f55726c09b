//! Keys fetched over HTTP from an issuer on this machine, be it well, gone, slow, talkative or lost.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use parking_lot::Mutex;
use uuid::Uuid;

use super::*;
use crate::http::issuers::subject;
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::issuer::Refused;
use crate::tenant::settings::IssuerKeys;
use crate::tenant::tests::issuer::signer::Signer;
use crate::tenant::tests::issuer::{claims, issuer_of, key_set};

/// Answers every request with whatever it was given last.
struct Issuer {
    address: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn start(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(answer));
        let asked = Arc::new(AtomicUsize::new(0));
        let (says, counts) = (Arc::clone(&answer), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming() {
                counts.fetch_add(1, Ordering::Relaxed);
                let says = says.lock().clone();
                thread::spawn(move || serve(&stream.unwrap(), &says));
            }
        });
        Self {
            address,
            answer,
            asked,
        }
    }

    fn says(&self, answer: String) {
        *self.answer.lock() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn fetch(&self) -> Result<Fetched, FetchError> {
        fetch(&agent(), &self.address)
    }
}

/// Nothing to say is said slowly.
fn serve(mut stream: &TcpStream, answer: &str) {
    for line in BufReader::new(stream).lines() {
        if line.is_ok_and(|line| line.is_empty()) {
            break;
        }
    }
    if answer.is_empty() {
        thread::sleep(TIMEOUT * 2);
    }
    // A client that has read enough hangs up.
    let _ = stream.write_all(answer.as_bytes());
}

fn ok(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_rotated_issuer_is_followed_over_http() {
    let (old, new) = (Signer::rsa("old"), Signer::p256("new"));
    let server = Issuer::start(ok("", &key_set(&[old.jwk()])));
    let issuers = [issuer_of(
        "https://id.example",
        IssuerKeys::At(server.address.clone()),
    )];
    let metrics = Metrics::new(1);
    let key_sets = key_sets(metrics.clone(), Arc::new(|| Duration::ZERO));
    let ask = async |signer: &Signer| {
        let token = signer.token(&claims());
        let of = (TenantId(Uuid::nil()), &issuers[..]);
        let found = subject(&key_sets, of, &token, Timestamp(1_500_000_000)).await;
        found.map(|found| found.user.as_str().to_owned())
    };
    assert_eq!(ask(&old).await, Ok("ann".to_owned()));
    server.says(ok("", &key_set(&[new.jwk()])));
    assert_eq!(ask(&new).await, Ok("ann".to_owned()));
    assert_eq!(ask(&old).await, Err(Refused::UnknownKey));
    assert_eq!(server.asked(), 3);
    let counted = String::from_utf8(metrics.exposition()).unwrap();
    assert!(counted.contains("keywright_issuer_fetches_total{result=\"succeeded\"} 3"));
}

#[test]
fn an_answer_says_how_long_it_holds() {
    for (headers, expected) in [
        ("", None),
        ("Cache-Control: public, max-age=300\r\n", Some(300)),
        ("Cache-Control: Max-Age=\"300\"\r\n", Some(300)),
        (
            "Cache-Control: public\r\nCache-Control: max-age=7\r\n",
            Some(7),
        ),
        ("Cache-Control: no-store, max-age=300\r\n", Some(0)),
        ("Cache-Control: max-age=soon\r\n", None),
    ] {
        let fetched = Issuer::start(ok(headers, "{}")).fetch().unwrap();
        assert_eq!(
            fetched.max_age,
            expected.map(Duration::from_secs),
            "{headers}"
        );
        assert_eq!(fetched.body, b"{}");
    }
}

#[test]
fn an_issuer_in_trouble_is_a_failure() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = fetch(&agent(), &format!("http://{gone}/"));
    assert!(matches!(refused, Err(FetchError::Transport(_))));
    let server = Issuer::start("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_owned());
    assert!(matches!(server.fetch(), Err(FetchError::Status(500))));
    server.says("HTTP/1.1 204 No\r\n\r\n".to_owned());
    assert!(matches!(server.fetch(), Err(FetchError::Status(204))));
    server.says("no HTTP at all\r\n\r\n".to_owned());
    assert!(matches!(server.fetch(), Err(FetchError::Transport(_))));
    let long = "x".repeat(KEY_SET_BYTES_MAX + 1);
    server.says(ok("", &long));
    let refused = server.fetch();
    assert!(matches!(
        refused,
        Err(FetchError::Keys(KeySetError::TooLong))
    ));
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{long}");
    server.says(endless);
    let refused = server.fetch();
    assert!(matches!(
        refused,
        Err(FetchError::Keys(KeySetError::TooLong))
    ));
}

#[test]
fn a_slow_issuer_is_not_waited_for() {
    let timer = Timer::start();
    let refused = Issuer::start(String::new()).fetch();
    assert!(matches!(refused, Err(FetchError::Transport(_))));
    assert!(timer.elapsed() < TIMEOUT * 2);
}

#[test]
fn redirects_are_followed_three_times_and_never_out_of_this_machine() {
    let target = Issuer::start(ok("", "{}"));
    let mut hops = vec![target];
    for _ in 0..4 {
        let next = &hops[hops.len() - 1].address;
        hops.push(Issuer::start(redirect(next)));
    }
    assert_eq!(hops[3].fetch().unwrap().body, b"{}");
    assert!(matches!(hops[4].fetch(), Err(FetchError::Redirect)));
    let lost = Issuer::start(redirect("/jwks.json"));
    assert!(matches!(lost.fetch(), Err(FetchError::Redirect)));
    assert_eq!(lost.asked(), REDIRECTS_MAX + 1);
    for to in [
        "https://127.0.0.1:1/",
        "http://192.0.2.1/",
        "file:///etc/hosts",
        "http://",
    ] {
        lost.says(redirect(to));
        assert!(matches!(lost.fetch(), Err(FetchError::Redirect)), "{to}");
    }
}

#[test]
fn only_addresses_that_one_can_believe_are_asked() {
    for address in [
        "http://192.0.2.1/jwks.json",
        "http://localhost.example/jwks.json",
        "http://169.254.169.254/latest",
        "ftp://127.0.0.1/jwks.json",
        "https://me:secret@127.0.0.1/",
        "http://me@127.0.0.1/",
        "jwks.json",
        "",
    ] {
        let refused = fetch(&agent(), address);
        assert!(matches!(refused, Err(FetchError::Address)), "{address}");
    }
    for address in [
        "https://id.example/",
        "http://[::1]:1/",
        "http://localhost/",
    ] {
        assert!(is_key_address(&Url::parse(address).unwrap()), "{address}");
    }
}
