//! What the signatures of a finalize cost by themselves: those of aws-lc-rs, with nothing around them.

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING,
    EcdsaKeyPair, KeyPair, ParsedPublicKey, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use super::processor;

/// In microseconds. The keys are parsed already, as that of a tenant is; a message is as long as those of a finalize.
pub(crate) fn measure() -> Value {
    let random = SystemRandom::new();
    let device = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect(KEYS);
    let signature = device.sign(&random, &[7; 69]).expect(KEYS);
    let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, device.public_key()).expect(KEYS);
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect(KEYS);
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect(KEYS);
    let mut room = vec![0; rsa.public_modulus_len()];
    json!({
        "es256_verify": microseconds(|| {
            public.verify_sig(black_box(&[7; 69]), signature.as_ref()).expect(KEYS);
        }),
        "es256_sign": microseconds(|| {
            p256.sign(&random, black_box(&[7; 400])).expect(KEYS);
        }),
        "rs256_sign": microseconds(|| {
            rsa.sign(&RSA_PKCS1_SHA256, &random, black_box(&[7; 400]), &mut room).expect(KEYS);
        }),
    })
}

fn microseconds(mut step: impl FnMut()) -> f64 {
    (0..WARM_UP).for_each(|_| step());
    let before = processor::nanoseconds();
    (0..ROUNDS).for_each(|_| step());
    (processor::nanoseconds() - before) / f64::from(ROUNDS) / 1_000.0
}

const WARM_UP: u32 = 50;
const ROUNDS: u32 = 500;
const KEYS: &str = "this machine can make keys and use them";
