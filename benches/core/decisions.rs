//! The core alone: what is decided, rendered and compared, with no actor and no store around it. What a decision makes is
//! dropped within its time: thousands of answers kept at once would measure the allocator.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion};
use keywright::actor::codec;
use keywright::store::Put;
use keywright::tenant::challenge::{Access, Api, Factor, Pending};
use keywright::tenant::event::Event;
use keywright::tenant::ids::{CredentialId, UserId};
use keywright::tenant::login::{Claim, InitializeLogin, Login, credential_for};
use keywright::tenant::registration::{InitializeRegistration, Register};
use keywright::tenant::secret::{ApiKey, is_api_key};
use keywright::tenant::state::TenantState;
use keywright::tenant::{Command, Initialize};
use keywright::webauthn::attestation::AttestationType;
use keywright::webauthn::authentication::Authentication;
use keywright::webauthn::cose::Algorithm;
use keywright::webauthn::options::{Descriptor, UserEntity};
use keywright::webauthn::registration::Registration;

use crate::fixture::{
    credential, credential_id, environment, profile, still, tenant_state, user_id,
};

pub(crate) fn bench(criterion: &mut Criterion) {
    criterion.bench_function("environment", |bencher| bencher.iter(environment));
    initialize_registration(criterion);
    initialize_login(criterion);
    render(criterion);
    finalize_registration(criterion);
    finalize_login(criterion);
    checkpoint(criterion);
    api_keys(criterion);
}

fn initialize_registration(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("initialize/registration");
    for credentials in CREDENTIALS {
        let state = tenant_state(credentials);
        group.bench_function(BenchmarkId::from_parameter(credentials), |bencher| {
            bencher.iter_batched(
                || InitializeRegistration {
                    user: profile(0),
                    factor: Factor::Passkey,
                    access: Access::Keyed,
                    api: Api::Passkey,
                },
                |initialize| black_box(initialize.decide(&state, &still(), 0)).is_ok(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Nobody without a credential can be named, so 0 is the discoverable login.
fn initialize_login(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("initialize/login");
    for credentials in CREDENTIALS {
        let state = tenant_state(credentials);
        let user = (credentials > 0).then(|| user_id(0));
        group.bench_function(BenchmarkId::from_parameter(credentials), |bencher| {
            bencher.iter_batched(
                || login_of(user.clone()),
                |initialize| black_box(initialize.decide(&state, &still(), 0)).is_ok(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn login_of(user: Option<UserId>) -> InitializeLogin {
    InitializeLogin {
        access: if user.is_some() {
            Access::Keyed
        } else {
            Access::Unkeyed
        },
        api: Api::Passkey,
        user,
        factor: Factor::Passkey,
    }
}

fn render(criterion: &mut Criterion) {
    let state = tenant_state(0);
    let templates = state.policy.templates(Factor::Passkey);
    let user = UserEntity {
        id: b"00000000-0000-4000-8000-000000000000",
        name: "somebody@example.org",
        display_name: "Somebody With A Name",
        icon: None,
    };
    let mut group = criterion.benchmark_group("options");
    for credentials in CREDENTIALS {
        let ids: Vec<CredentialId> = (0..credentials).map(credential_id).collect();
        let exclude = || ids.iter().map(|id| descriptor(id, "hybrid,internal"));
        let allow = || ids.iter().map(|id| descriptor(id, ""));
        group.bench_function(BenchmarkId::new("creation", credentials), |bencher| {
            bencher.iter(|| {
                templates
                    .creation
                    .render(&user, black_box(&CHALLENGE), exclude())
            });
        });
        group.bench_function(BenchmarkId::new("request", credentials), |bencher| {
            bencher.iter(|| templates.request.render(black_box(&CHALLENGE), allow()));
        });
    }
    group.finish();
}

fn descriptor<'a>(id: &'a CredentialId, transports: &'a str) -> Descriptor<'a> {
    Descriptor {
        id: id.as_bytes(),
        transports,
    }
}

fn finalize_registration(criterion: &mut Criterion) {
    let state = tenant_state(5);
    let registration = Registration {
        credential_id: credential_id(99).as_bytes().to_vec(),
        public_key: vec![0x77; 77],
        algorithm: Algorithm::Es256,
        counter: 0,
        aaguid: [7; 16],
        user_verified: true,
        backup_eligible: true,
        backed_up: true,
        attestation_format: "none".into(),
        attestation_type: AttestationType::None,
        transports: vec!["hybrid".to_owned(), "internal".to_owned()],
    };
    let setup = || Register {
        challenge: still().challenge(0),
        expires_at: still().now,
        factor: Factor::Passkey,
        user: profile(0),
        user_existed: true,
        credential_id: credential_id(99),
        name: None,
        registration: registration.clone(),
    };
    let mut group = criterion.benchmark_group("finalize/registration");
    group.bench_function("decide", |bencher| {
        bencher.iter_batched(
            setup,
            |register| black_box(register.decide(&state, &still())).is_ok(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("to rows", |bencher| {
        let decision = setup()
            .decide(&state, &still())
            .expect("nobody has this credential");
        bencher.iter(|| rows(&decision.events, &state));
    });
    group.finish();
}

fn finalize_login(criterion: &mut Criterion) {
    let state = tenant_state(5);
    let setup = || Login {
        factor: Factor::Passkey,
        challenge: still().challenge(0),
        expires_at: still().now,
        credential: credential(3, 0),
        authentication: Authentication {
            counter: 0,
            user_verified: true,
            backup_eligible: true,
            backed_up: true,
        },
    };
    let mut group = criterion.benchmark_group("finalize/login");
    group.bench_function("claim", |bencher| {
        let user = user_id(0);
        let allowed: Vec<CredentialId> = (0..5).map(credential_id).collect();
        let claim = Claim {
            credential: &allowed[3],
            user_handle: Some(user.as_str().as_bytes()),
            factor: Factor::Passkey,
            user: Some(&user),
            allowed: &allowed,
        };
        bencher.iter(|| credential_for(black_box(&claim), &state));
    });
    group.bench_function("decide", |bencher| {
        bencher.iter_batched(
            setup,
            |login| black_box(login.decide(&state, &still())).is_ok(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("to rows", |bencher| {
        let decision = setup()
            .decide(&state, &still())
            .expect("nothing has changed meanwhile");
        bencher.iter(|| rows(&decision.events, &state));
    });
    group.finish();
}

/// As the tenant actor does it, before it hands the commit to the store.
fn rows(events: &[Event], state: &TenantState) -> Vec<Put> {
    let puts = events.iter().map(|event| codec::put(event, Some(state)));
    puts.collect()
}

/// The longest step of a ceremonies actor: nobody else on its worker is served meanwhile.
fn checkpoint(criterion: &mut Criterion) {
    let state = tenant_state(5);
    let full = || {
        let mut pending = Pending::default();
        for _ in 0..CHECKPOINT_CEREMONIES {
            let begun = login_of(Some(user_id(0))).decide(&state, &environment(), 0);
            let begun = begun.expect("the user has credentials");
            pending.begin(begun.challenge, &begun.ceremony);
        }
        pending
    };
    criterion.bench_function("checkpoint/4096 ceremonies", |bencher| {
        bencher.iter_batched(
            full,
            |mut pending| {
                let checkpoint = pending.checkpoint(usize::MAX);
                (
                    codec::checkpoint_put(1, 0, 1, &checkpoint),
                    checkpoint,
                    pending,
                )
            },
            BatchSize::PerIteration,
        );
    });
}

fn api_keys(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("api key");
    for count in [1, 100] {
        let generated = (0..count).map(|_| ApiKey::generate("a key", &environment()));
        let (keys, mut shown): (Vec<_>, Vec<_>) = generated.unzip();
        let presented = shown.swap_remove(0).secret;
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| is_api_key(&keys, black_box(presented.as_bytes())));
        });
    }
    group.finish();
}

const CREDENTIALS: [u64; 3] = [0, 5, 100];
const CHALLENGE: [u8; 32] = [7; 32];
const CHECKPOINT_CEREMONIES: usize = 4096;
