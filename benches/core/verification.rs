//! Responses of authenticators: reading them, and verifying them by algorithm.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use keywright::forge::Authenticator;
use keywright::tenant::policy::Policy;
use keywright::webauthn::Expected;
use keywright::webauthn::attestation::AttestationPolicy;
use keywright::webauthn::authentication::{self, AuthenticationResponse};
use keywright::webauthn::cose::Algorithm;
use keywright::webauthn::options::UserVerification;
use keywright::webauthn::registration::{RegistrationResponse, verify};

use crate::authenticator::{log_in, register, register_self_attested};
use crate::fixture;

pub(crate) fn bench(criterion: &mut Criterion) {
    let policy = Policy::new(fixture::settings());
    let expected = Expected {
        challenge: &CHALLENGE,
        rp_id_hash: &policy.rp_id_hash,
        origins: &policy.origins,
        user_verification: UserVerification::Required,
    };
    let authenticators =
        Algorithm::ALL.map(|algorithm| (algorithm, Authenticator::new(algorithm.cose_number())));
    parse(criterion, &authenticators[0].1);
    registrations(criterion, &expected, &authenticators);
    logins(criterion, &expected, &authenticators);
}

fn parse(criterion: &mut Criterion, authenticator: &Authenticator) {
    let registration = register_self_attested(authenticator, &CHALLENGE);
    criterion.bench_function("parse/registration", |bencher| {
        bencher.iter(|| RegistrationResponse::parse(black_box(registration.as_bytes())));
    });
    let login = log_in(authenticator, &CHALLENGE);
    criterion.bench_function("parse/login", |bencher| {
        bencher.iter(|| AuthenticationResponse::parse(black_box(login.as_bytes())));
    });
}

fn registrations(
    criterion: &mut Criterion,
    expected: &Expected<'_>,
    authenticators: &[(Algorithm, Authenticator)],
) {
    let mut group = criterion.benchmark_group("verify/registration");
    let plain = register(&authenticators[0].1, &CHALLENGE);
    let attested = authenticators.iter().map(|(algorithm, authenticator)| {
        let body = register_self_attested(authenticator, &CHALLENGE);
        (format!("{algorithm:?}"), body)
    });
    for (name, body) in attested.chain([("Es256, no attestation".to_owned(), plain)]) {
        let response = RegistrationResponse::parse(body.as_bytes()).expect(WELL_BEHAVED);
        verify(
            &response,
            expected,
            &Algorithm::ALL,
            &AttestationPolicy::FORMAT,
        )
        .expect(WELL_BEHAVED);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let policy = &AttestationPolicy::FORMAT;
                verify(black_box(&response), expected, &Algorithm::ALL, policy)
            });
        });
    }
    group.finish();
}

fn logins(
    criterion: &mut Criterion,
    expected: &Expected<'_>,
    authenticators: &[(Algorithm, Authenticator)],
) {
    let mut group = criterion.benchmark_group("verify/login");
    for (algorithm, authenticator) in authenticators {
        let body = log_in(authenticator, &CHALLENGE);
        let response = AuthenticationResponse::parse(body.as_bytes()).expect(WELL_BEHAVED);
        let key = authenticator.key.cose();
        authentication::verify(&response, expected, &key).expect(WELL_BEHAVED);
        let name = format!("{algorithm:?}");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| authentication::verify(black_box(&response), expected, &key));
        });
    }
    group.finish();
}

const CHALLENGE: [u8; 32] = [7; 32];
const WELL_BEHAVED: &str = "this authenticator always behaves";
