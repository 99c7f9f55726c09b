//! What an answer promises, kept: through kills, restarts, other numbers of workers and a stop under load.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Forge, RP_ID, Tenant, TestServer};

const UNKNOWN: &str = "received challenge does not match with any stored one";
const NO_SESSION: &str = "failed to get session data";
const COMMITS: &str = "keywright_store_commits_total";

#[tokio::test]
async fn a_registration_that_was_answered_survives_a_kill() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    server.kill_and_restart();

    let tenant = tenant.at(server.client());
    assert_eq!(tenant.credentials_of("ann").await[0]["id"], forge.id());
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
}

#[tokio::test]
async fn a_counter_that_was_answered_survives_a_kill() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    forge.counter = 100;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    server.kill_and_restart();

    let tenant = tenant.at(server.client());
    forge.counter = 50;
    let got = forge.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(401);
}

#[tokio::test]
async fn a_deletion_that_was_answered_survives_a_kill() {
    let mut server = TestServer::start();
    let (tenant, deleted) = (server.tenant().await, server.tenant().await);
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let path = format!("/{}/credentials/{}", tenant.id, forge.id());
    let headers = [("apiKey", tenant.key.as_str())];
    let answer = tenant.client.send("DELETE", &path, &headers, None).await;
    answer.expect(204);
    let path = format!("/tenants/{}", deleted.id);
    server.admin().delete(&path).await.expect(204);
    server.kill_and_restart();

    let tenant = tenant.at(server.client());
    assert_eq!(tenant.credentials_of("ann").await, json!([]));
    server.admin().get(&path).await.expect(404);
}

#[tokio::test]
async fn ceremonies_under_way_survive_a_restart_with_other_workers() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);

    let mut tenant = tenant;
    for workers in ["1", "4", "2", "2"] {
        // Several, so that every worker holds some. Connections are spread over the workers.
        let mut begun = Vec::new();
        for number in 0..4 {
            let fresh = tenant.at(server.client());
            let user = format!("user {workers} {number} {}", begun.len());
            begun.push((
                fresh.begin_registration(&user).await,
                fresh.begin_login().await,
            ));
        }
        server.set("SERVER__WORKERS", workers);
        server.restart();
        tenant = tenant.at(server.client());
        for (registration, login) in begun {
            let created = Forge::new(-7).create(&registration);
            tenant.finish_registration(&created).await.expect(200);
            let got = forge.get(&login);
            tenant.finish_login(&got).await.expect(200);
            tenant.finish_login(&got).await.refused(401, NO_SESSION);
        }
    }
}

#[tokio::test]
async fn a_ceremony_survives_two_restarts() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let options = tenant.begin_registration("ann").await;
    server.restart();
    // Asked for in between, so that it is in memory, and not finished.
    tenant.at(server.client()).begin_login().await;
    server.restart();
    let tenant = tenant.at(server.client());
    let created = Forge::new(-7).create(&options);
    tenant.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn a_ceremony_survives_a_kill_once_it_is_checkpointed() {
    let mut server = TestServer::with(&[("STORE__CHECKPOINT_EVERY", "20ms")]);
    let tenant = server.tenant().await;
    let options = begin_registration_and_checkpoint(&server, &tenant).await;
    server.kill_and_restart();
    let created = Forge::new(-7).create(&options);
    let tenant = tenant.at(server.client());
    tenant.finish_registration(&created).await.expect(200);
}

#[tokio::test]
async fn a_response_that_was_accepted_is_refused_for_ever() {
    let mut server = TestServer::with(&[("STORE__CHECKPOINT_EVERY", "20ms")]);
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    // The challenges are in a checkpoint before they are used, so that a restart would restore them.
    let registration = begin_registration_and_checkpoint(&server, &tenant).await;
    let created = forge.create(&registration);
    tenant.finish_registration(&created).await.expect(200);
    let commits = server.metric(COMMITS).await;
    let login = tenant.begin_login().await;
    server.until_metric(COMMITS, |now| now > commits).await;
    let got = forge.get(&login);
    tenant.finish_login(&got).await.expect(200);

    for kill in [true, true, false] {
        if kill {
            server.kill_and_restart();
        } else {
            server.restart();
        }
        let tenant = tenant.at(server.client());
        let again = tenant.finish_login(&got).await;
        again.refused(401, NO_SESSION);
        let again = tenant.finish_registration(&created).await;
        again.refused(400, UNKNOWN);
    }
}

#[tokio::test]
async fn a_challenge_that_was_burnt_stays_burnt_after_a_restart() {
    let mut server = TestServer::with(&[("STORE__CHECKPOINT_EVERY", "20ms")]);
    let tenant = server.tenant().await;
    let options = begin_registration_and_checkpoint(&server, &tenant).await;
    let mut forge = Forge::new(-7);
    forge.rp_id = "evil.example".into();
    let failed = forge.create(&options);
    tenant.finish_registration(&failed).await.expect(400);
    server.restart();

    forge.rp_id = RP_ID.into();
    let good = forge.create(&options);
    let tenant = tenant.at(server.client());
    let answer = tenant.finish_registration(&good).await;
    answer.refused(400, UNKNOWN);
}

/// Nothing else is committed meanwhile, so the next commit is the checkpoint.
async fn begin_registration_and_checkpoint(server: &TestServer, tenant: &Tenant) -> Value {
    // A commit is counted after it is acknowledged: the count of what went before must have come.
    let mut commits = server.metric(COMMITS).await;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = server.metric(COMMITS).await;
        if now <= commits {
            break;
        }
        commits = now;
    }
    let options = tenant.begin_registration("ann").await;
    server.until_metric(COMMITS, |now| now > commits).await;
    options
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way_and_is_quick() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    tenant.jwks().await.expect(200);
    let stopping = Arc::new(AtomicBool::new(false));
    let load = (0..8).map(|worker| {
        let (tenant, stopping) = (tenant.clone(), Arc::clone(&stopping));
        tokio::spawn(async move { register_until_refused(&tenant, worker, &stopping).await })
    });
    let load: Vec<_> = load.collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    stopping.store(true, Ordering::Release);
    server.terminate();
    let acknowledged: Vec<Vec<String>> = join_all(load)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let status = server.wait();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(acknowledged.iter().any(|ids| !ids.is_empty()));
}

#[tokio::test]
async fn a_stop_leaves_no_request_without_an_answer() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    tenant.jwks().await.expect(200);
    let mut requests = Vec::new();
    for number in 0..16 {
        let options = tenant.begin_registration(&format!("user {number}")).await;
        let body = Forge::new(-7).create(&options).to_string();
        let head = format!(
            "POST /{}/registration/finalize HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
            tenant.id,
            body.len()
        );
        requests.push((open(&server.public), format!("{head}{body}")));
    }
    // Half of the requests are there as a whole when the signal comes, of the others the end is still to come.
    for (number, (stream, request)) in requests.iter_mut().enumerate() {
        let length = if number % 2 == 0 { request.len() } else { 300 };
        stream.write_all(&request.as_bytes()[..length]).unwrap();
        request.drain(..length);
    }
    server.terminate();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for (mut stream, rest) in requests {
        stream.write_all(rest.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            ["HTTP/1.1 200", "HTTP/1.1 503"].contains(&answer.as_str()),
            "{answer}\n{}",
            server.log()
        );
    }
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

#[tokio::test]
async fn the_admin_api_says_503_while_the_server_stops() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut admin = open(&server.admin);
    // Half a request holds the public listener's worker, and with it the stop.
    let mut public = open(&server.public);
    let head = format!(
        "POST /{}/login/initialize HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{",
        tenant.id
    );
    public.write_all(head.as_bytes()).unwrap();
    server.terminate();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let body = json!({"display_name": "late", "config": crate::support::config()}).to_string();
    let head = format!(
        "POST /tenants HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let sent = admin.write_all(format!("{head}{body}").as_bytes());
    let mut answer = [0; 12];
    // A closed connection says as much; a 500 would say that something is broken.
    if sent.is_ok() && admin.read_exact(&mut answer).is_ok() {
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(answer, "HTTP/1.1 503", "{}", server.log());
    }
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

/// A connection that the server has accepted: it has answered on it.
fn open(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
        .write_all(b"GET /health/alive HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#"{"alive":true}"#) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    stream
}

/// Registers until the server says 503 or takes no more connections.
async fn register_until_refused(
    tenant: &Tenant,
    worker: usize,
    stopping: &AtomicBool,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let user = format!("user {worker} {number}");
        let body = json!({"user_id": user, "username": user});
        let Some(options) = send(tenant, "registration/initialize", &body, stopping).await else {
            return acknowledged;
        };
        let mut forge = Forge::new(-7);
        let created = forge.create(&options);
        if send(tenant, "registration/finalize", &created, stopping)
            .await
            .is_none()
        {
            return acknowledged;
        }
        acknowledged.push(forge.id());
    }
    acknowledged
}

/// `None` once the server stops.
async fn send(tenant: &Tenant, path: &str, body: &Value, stopping: &AtomicBool) -> Option<Value> {
    let headers = [
        ("Content-Type", "application/json"),
        ("apiKey", tenant.key.as_str()),
    ];
    let path = format!("/{}/{path}", tenant.id);
    let sent = tenant
        .client
        .try_send("POST", &path, &headers, Some(body.to_string().into()))
        .await;
    match sent {
        Ok(answer) if answer.status == 200 => Some(answer.json()),
        Ok(answer) if answer.status == 503 => None,
        Ok(answer) => panic!("{answer:?}"),
        Err(error) => {
            assert!(stopping.load(Ordering::Acquire), "{error:?}");
            None
        }
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_does_not_start() {
    let server = TestServer::start();
    let (code, said) = server.start_second();
    assert_eq!(code, Some(1));
    let directory = server.directory().to_str().unwrap();
    assert!(said.contains("store.directory"), "{said}");
    assert!(said.contains(directory), "{said}");
    server.tenant().await;
}

#[tokio::test]
async fn another_store_key_does_not_open_the_store() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let first = crate::support::STORE_KEY;
    server.stop();
    server.set("SECRETS__KEYS", "quite another key");
    let (code, said) = server.start_second();
    assert_eq!(code, Some(1), "{said}");
    // A new one in front of the old one opens it.
    server.set("SECRETS__KEYS", &format!("quite another key,{first}"));
    server.start_stopped();
    tenant.at(server.client()).begin_registration("ann").await;
}

#[tokio::test]
async fn every_acknowledged_credential_survives_kills_under_load() {
    let seed: u64 = rand::rng().random();
    eprintln!("every_acknowledged_credential_survives_kills_under_load: seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut server = TestServer::with(&[("STORE__CHECKPOINT_EVERY", "20ms")]);
    let mut tenant = server.tenant().await;
    tenant.jwks().await.expect(200);
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let stopping = Arc::new(AtomicBool::new(false));
        let load = (0..6).map(|worker| {
            let (tenant, stopping) = (tenant.clone(), Arc::clone(&stopping));
            tokio::spawn(async move {
                register_until_refused(&tenant, round * 100 + worker, &stopping).await
            })
        });
        let load: Vec<_> = load.collect();
        let wait = Duration::from_millis(random.random_range(100..600));
        tokio::time::sleep(wait).await;
        stopping.store(true, Ordering::Release);
        server.kill_and_restart();
        for worker in join_all(load).await {
            acknowledged.extend(worker.unwrap());
        }
        tenant = tenant.at(server.client());
        let stored = all(&tenant, "credentials", "id").await;
        for id in &acknowledged {
            assert!(stored.contains(id), "round {round} lost {id}");
        }
        // Whether it was answered or not: what is there was told, once, and what was told is there.
        let mut users = all(&tenant, "credentials", "user_id").await;
        let registered = "audit_logs?type=webauthn_registration_final_succeeded";
        let mut told = all(&tenant, registered, "actor_user_id").await;
        users.sort();
        told.sort();
        assert_eq!(told, users, "round {round}");
    }
    assert!(!acknowledged.is_empty());
}

/// A member of every entry of a list.
async fn all(tenant: &Tenant, list: &str, member: &str) -> Vec<String> {
    let mut all = Vec::new();
    let more = if list.contains('?') { '&' } else { '?' };
    for page in 1.. {
        let path = format!("/{}/{list}{more}per_page=1000&page={page}", tenant.id);
        let headers = [("apiKey", tenant.key.as_str())];
        let answer = tenant.client.send("GET", &path, &headers, None).await;
        let listed = answer.expect(200);
        let listed = listed.as_array().unwrap();
        if listed.is_empty() {
            break;
        }
        all.extend(
            listed
                .iter()
                .map(|entry| entry[member].as_str().unwrap().to_owned()),
        );
    }
    all
}
