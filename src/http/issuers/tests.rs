//! Tests of the keys of issuers: when they are fetched, who waits, and what is used meanwhile. Time is told, and whoever
//! fetches answers as the test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use serde_json::Value;
use uuid::Uuid;

use super::entry::{MISSES_MAX, WAITING_MAX};
use super::key_sets::SETS_MAX;
use super::{FetchError, Fetched, KeySets, Reply, subject};
use crate::telemetry::metrics::Metrics;
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::issuer::{Issuer, Refused};
use crate::tenant::settings::IssuerKeys;
use crate::tenant::tests::issuer::signer::Signer;
use crate::tenant::tests::issuer::{claims, issuer_of, key_set};

/// An issuer, and a server that trusts it.
struct World {
    key_sets: Arc<KeySets>,
    seconds: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<Reply>>>,
    answers: Arc<Mutex<Answers>>,
    issuers: [Issuer; 1],
}

#[derive(Default)]
struct Answers {
    count: u64,
    keys: Vec<Value>,
    max_age: Option<Duration>,
    are_down: bool,
    are_late: bool,
}

impl World {
    fn new(keys: &[&Signer]) -> Self {
        let answers = Arc::new(Mutex::new(Answers {
            keys: keys.iter().map(|key| key.jwk()).collect(),
            ..Answers::default()
        }));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seconds = Arc::new(AtomicU64::new(0));
        let (clock, theirs, waiting) = (seconds.clone(), answers.clone(), asked.clone());
        let key_sets = KeySets::new(
            Box::new(move |_, reply| fetch(&theirs, &waiting, reply)),
            Arc::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))),
            Metrics::new(1),
        );
        Self {
            key_sets,
            seconds,
            asked,
            answers,
            issuers: [at("https://id.example/jwks.json")],
        }
    }

    async fn ask(&self, signer: &Signer) -> Result<(), Refused> {
        let tenant = TenantId(Uuid::nil());
        self.ask_for(tenant, &self.issuers, signer).await
    }

    async fn ask_for(
        &self,
        tenant: TenantId,
        issuers: &[Issuer],
        signer: &Signer,
    ) -> Result<(), Refused> {
        let (token, now) = (signer.token(&claims()), Timestamp(1_500_000_000));
        let found = subject(&self.key_sets, (tenant, issuers), &token, now).await;
        found.map(|found| assert_eq!(found.user.as_str(), "ann"))
    }

    fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    fn fetches(&self) -> u64 {
        self.answers.lock().count
    }
}

fn fetch(answers: &Mutex<Answers>, asked: &Mutex<Vec<Reply>>, reply: Reply) {
    let mut answers = answers.lock();
    answers.count += 1;
    let answer = if answers.are_down {
        Err(FetchError::Status(500))
    } else {
        Ok(Fetched {
            body: key_set(&answers.keys).into_bytes(),
            max_age: answers.max_age,
        })
    };
    if answers.are_late {
        asked.lock().push(reply);
        return;
    }
    drop(answers);
    reply.tell(answer);
}

fn at(address: &str) -> Issuer {
    issuer_of("https://id.example", IssuerKeys::At(address.to_owned()))
}

#[tokio::test]
async fn keys_are_fetched_once_in_their_time() {
    let key = Signer::ed25519("one");
    for (said, kept) in [
        (None, 600),
        (Some(0), 60),
        (Some(3600), 3600),
        (Some(1_000_000), 86_400),
    ] {
        let world = World::new(&[&key]);
        world.answers.lock().max_age = said.map(Duration::from_secs);
        assert_eq!(world.ask(&key).await, Ok(()));
        world.pass(kept - 1);
        assert_eq!(world.ask(&key).await, Ok(()));
        assert_eq!(world.fetches(), 1, "{said:?}");
        world.pass(1);
        assert_eq!(world.ask(&key).await, Ok(()));
        assert_eq!(world.fetches(), 2, "{said:?}");
    }
}

#[tokio::test]
async fn a_new_key_is_found_at_its_first_token_and_an_old_one_is_gone() {
    let (old, new) = (Signer::ed25519("old"), Signer::p256("new"));
    let world = World::new(&[&old]);
    assert_eq!(world.ask(&old).await, Ok(()));
    world.answers.lock().keys = vec![new.jwk()];
    assert_eq!(world.ask(&old).await, Ok(()));
    assert_eq!(world.ask(&new).await, Ok(()));
    assert_eq!(world.fetches(), 2);
    assert_eq!(world.ask(&old).await, Err(Refused::UnknownKey));
}

#[tokio::test]
async fn key_ids_that_nobody_knows_cost_a_fetch_now_and_then() {
    let (key, unknown) = (Signer::ed25519("one"), Signer::ed25519("unknown"));
    let world = World::new(&[&key]);
    let at_once = 1 + u64::from(MISSES_MAX);
    for (pause, fetches) in [
        (0, at_once),
        (29, at_once),
        (1, at_once + 1),
        (30, at_once + 2),
    ] {
        world.pass(pause);
        for _ in 0..10 {
            assert_eq!(world.ask(&unknown).await, Err(Refused::UnknownKey));
        }
        assert_eq!(world.fetches(), fetches, "after {pause} s");
    }
    assert_eq!(world.ask(&key).await, Ok(()));
}

#[tokio::test]
async fn a_new_key_is_found_although_another_was_looked_for() {
    let (old, new, unknown) = (
        Signer::ed25519("old"),
        Signer::ed25519("new"),
        Signer::ed25519("unknown"),
    );
    let world = World::new(&[&old]);
    assert_eq!(world.ask(&unknown).await, Err(Refused::UnknownKey));
    assert_eq!(world.ask(&new).await, Err(Refused::UnknownKey));
    world.answers.lock().keys = vec![new.jwk()];
    assert_eq!(world.ask(&new).await, Ok(()));
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_less_and_less() {
    let key = Signer::ed25519("one");
    let world = World::new(&[&key]);
    world.answers.lock().are_down = true;
    let mut pauses = Vec::new();
    let mut last = 0;
    for second in 0..4000 {
        assert_eq!(world.ask(&key).await, Err(Refused::KeysUnavailable));
        if world.fetches() > u64::try_from(pauses.len()).unwrap() {
            pauses.push(second - last);
            last = second;
        }
        world.pass(1);
    }
    let expected = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600];
    assert_eq!(pauses, expected);
    world.answers.lock().are_down = false;
    world.pass(600);
    assert_eq!(world.ask(&key).await, Ok(()));
}

#[tokio::test]
async fn old_keys_are_used_for_a_day_while_the_issuer_is_down() {
    let (key, unknown) = (Signer::ed25519("one"), Signer::ed25519("unknown"));
    let world = World::new(&[&key]);
    assert_eq!(world.ask(&key).await, Ok(()));
    world.answers.lock().are_down = true;
    world.pass(600);
    assert_eq!(world.ask(&key).await, Ok(()));
    assert_eq!(world.ask(&unknown).await, Err(Refused::UnknownKey));
    assert_eq!(world.fetches(), 2);
    world.pass(86_399);
    assert_eq!(world.ask(&key).await, Ok(()));
    world.pass(1);
    assert_eq!(world.ask(&key).await, Err(Refused::KeysUnavailable));
}

#[tokio::test]
async fn a_crowd_waits_for_one_fetch() {
    let key = Signer::ed25519("one");
    let world = World::new(&[&key]);
    world.answers.lock().are_late = true;
    let crowd = join_all((0..WAITING_MAX + 3).map(|_| world.ask(&key)));
    let answer = async {
        tokio::task::yield_now().await;
        let reply = world.asked.lock().pop().unwrap();
        let body = key_set(&[key.jwk()]).into_bytes();
        reply.tell(Ok(Fetched {
            body,
            max_age: None,
        }));
    };
    let (found, ()) = tokio::join!(crowd, answer);
    assert_eq!(world.fetches(), 1);
    let turned_away = [Err(Refused::KeysUnavailable); 3];
    assert_eq!(found[..WAITING_MAX], [Ok(()); WAITING_MAX]);
    assert_eq!(found[WAITING_MAX..], turned_away);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let key = Signer::ed25519("one");
    let world = World::new(&[&key]);
    world.answers.lock().are_late = true;
    let give_up = async {
        tokio::task::yield_now().await;
        world.asked.lock().clear();
    };
    let (found, ()) = tokio::join!(world.ask(&key), give_up);
    assert_eq!(found, Err(Refused::KeysUnavailable));
}

#[tokio::test]
async fn tenants_and_addresses_have_keys_of_their_own() {
    let (one, two) = (Signer::ed25519("one"), Signer::ed25519("two"));
    let world = World::new(&[&one]);
    let tenants = [1, 2].map(|number| TenantId(Uuid::from_u128(number)));
    let issuers = || [at("https://id.example/jwks.json")];
    assert_eq!(world.ask_for(tenants[0], &issuers(), &one).await, Ok(()));
    world.answers.lock().keys = vec![two.jwk()];
    assert_eq!(world.ask_for(tenants[1], &issuers(), &two).await, Ok(()));
    assert_eq!(world.ask_for(tenants[0], &issuers(), &one).await, Ok(()));
    assert_eq!(world.fetches(), 2);
    let moved = [at("https://id.example/other.json")];
    let refused = world.ask_for(tenants[0], &moved, &one).await;
    assert_eq!(refused, Err(Refused::UnknownKey));
}

#[tokio::test]
async fn the_keys_longest_unused_give_way() {
    let key = Signer::ed25519("one");
    let world = World::new(&[&key]);
    for number in 0..=SETS_MAX {
        let issuers = [at(&format!("https://id.example/{number}"))];
        let tenant = TenantId(Uuid::nil());
        assert_eq!(world.ask_for(tenant, &issuers, &key).await, Ok(()));
        world.pass(u64::from(number == 0));
    }
    let fetches = world.fetches();
    for (number, more) in [(SETS_MAX, 0), (1, 0), (0, 1)] {
        let issuers = [at(&format!("https://id.example/{number}"))];
        let tenant = TenantId(Uuid::nil());
        assert_eq!(world.ask_for(tenant, &issuers, &key).await, Ok(()));
        assert_eq!(world.fetches(), fetches + more, "{number}");
    }
}

#[tokio::test]
async fn who_scrapes_sees_the_age_of_keys_that_are_used() {
    let key = Signer::ed25519("one");
    let world = World::new(&[&key]);
    let seen = |world: &World| {
        let held = world.key_sets.held();
        (held.count, held.oldest.as_secs())
    };
    assert_eq!(seen(&world), (0, 0));
    assert_eq!(world.ask(&key).await, Ok(()));
    world.pass(599);
    assert_eq!(seen(&world), (1, 599));
    world.pass(1);
    assert_eq!(seen(&world), (1, 0), "nobody has used them lately");
    world.answers.lock().are_down = true;
    assert_eq!(world.ask(&key).await, Ok(()));
    assert_eq!(seen(&world), (1, 600));
}

/// What is refused anyway costs no fetch.
#[tokio::test]
async fn nothing_is_fetched_for_a_token_that_is_refused() {
    let key = Signer::ed25519("one");
    let world = World::new(&[&key]);
    let tenant = (TenantId(Uuid::nil()), &world.issuers[..]);
    let token = key.token(&claims());
    let late = Timestamp(9_000_000_000);
    let refused = subject(&world.key_sets, tenant, &token, late).await;
    assert_eq!(refused, Err(Refused::Expired));
    let refused = subject(&world.key_sets, tenant, "a.b.c", late).await;
    assert_eq!(refused, Err(Refused::Malformed));
    assert_eq!(world.fetches(), 0);
}
