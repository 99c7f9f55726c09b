//! Tokens: signing them, checking them, and showing the keys that do.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use keywright::tenant::event::Event;
use keywright::tenant::token::{self, KeyKind, Operation, PrivateKey, Proof, SigningKey};
use uuid::Uuid;

use crate::fixture::{NOW, credential_id, still, tenant_state, user_id};

pub(crate) fn bench(criterion: &mut Criterion) {
    let kinds = KeyKind::ALL.map(|kind| (kind, fresh(kind)));
    let [(_, fresh), ..] = &kinds;
    let key = Arc::new(fresh());
    let mut state = tenant_state(1);
    state.apply(Event::SigningKeyCreated(Arc::clone(&key)), 1);
    let proof = Proof {
        user: user_id(0),
        credential: credential_id(0),
        operation: Operation::Login,
        transaction: None,
        user_verified: true,
        backup_eligible: true,
    };
    let claims = proof.claims(&state, &still());
    let signed = key.sign(&claims).expect("a fresh key can sign");

    let mut group = criterion.benchmark_group("token");
    group.bench_function("claims", |bencher| {
        bencher.iter(|| proof.claims(&state, black_box(&still())));
    });
    for (kind, fresh) in &kinds {
        let key = fresh();
        let name = format!("sign {kind:?}");
        group.bench_function(name, |bencher| bencher.iter(|| key.sign(&claims)));
    }
    group.bench_function("first of a key", |bencher| {
        bencher.iter_batched(fresh, |key| key.sign(&claims), BatchSize::PerIteration);
    });
    group.bench_function("verify", |bencher| {
        bencher.iter(|| token::verify(&state, black_box(&signed), NOW));
    });
    group.bench_function("jwks", |bencher| {
        bencher.iter(|| {
            let jwk = key.jwk().expect("a key that has signed");
            serde_json::to_string(&[jwk])
        });
    });
    group.finish();
}

/// A key that is parsed anew each time that it is asked for.
fn fresh(kind: KeyKind) -> impl Fn() -> SigningKey {
    let made = PrivateKey::generate(kind).expect("this machine can make keys");
    move || SigningKey {
        kid: Uuid::from_u128(1),
        name: "Initial JWK Key".into(),
        hint: "".into(),
        created_at: NOW,
        signs_from: NOW,
        token_lifetime_seconds_max: 300,
        private: Arc::new(PrivateKey::new(kind, made.pkcs8().to_vec().into())),
    }
}
