//! COSE keys that must be refused before they are stored.

use aws_lc_rs::signature::KeyPair as _;
use minicbor::Encoder;

use super::super::cose::{Algorithm, KeyError, PublicKey};
use super::super::error::CborError;
use super::authenticator::Authenticator;
use crate::forge::{RSA, ec2_key, okp_key, rsa_key};

#[test]
fn a_point_beside_the_curve_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512] {
        let mut key = Authenticator::new(algorithm).cose_key;
        *key.last_mut().unwrap() ^= 1;
        assert!(matches!(refusal(&key), KeyError::Point), "{algorithm:?}");
    }
}

#[test]
fn the_point_at_infinity_is_refused() {
    let key = ec2_key(-7, 1, &[0; 32], &[0; 32]);
    assert!(matches!(refusal(&key), KeyError::Point));
}

#[test]
fn coordinates_of_a_wrong_length_are_refused() {
    let key = ec2_key(-7, 1, &[1; 31], &[1; 33]);
    assert!(matches!(refusal(&key), KeyError::Point));
    assert!(matches!(
        refusal(&okp_key(-8, 6, &[1; 31])),
        KeyError::Point
    ));
}

#[test]
fn a_compressed_point_is_refused() {
    let mut key = Vec::new();
    let mut encoder = Encoder::new(&mut key);
    encoder.map(5).unwrap().i64(1).unwrap().i64(2).unwrap();
    encoder.i64(3).unwrap().i64(-7).unwrap();
    encoder.i64(-1).unwrap().i64(1).unwrap();
    encoder.i64(-2).unwrap().bytes(&[1; 32]).unwrap();
    encoder.i64(-3).unwrap().bool(true).unwrap();
    assert!(matches!(
        refusal(&key),
        KeyError::Cbor(CborError::Malformed(_))
    ));
}

#[test]
fn a_curve_of_another_algorithm_is_refused() {
    let key = ec2_key(-35, 1, &[1; 32], &[1; 32]);
    assert!(matches!(refusal(&key), KeyError::Curve));
    assert!(matches!(
        refusal(&okp_key(-8, 4, &[1; 32])),
        KeyError::Curve
    ));
}

#[test]
fn ed448_has_its_own_reason() {
    assert!(matches!(
        refusal(&okp_key(-8, 7, &[1; 57])),
        KeyError::Ed448
    ));
    assert!(matches!(
        refusal(&okp_key(-53, 7, &[1; 57])),
        KeyError::Ed448
    ));
}

#[test]
fn a_key_type_of_another_algorithm_is_refused() {
    for alg in [-7, -257, -37] {
        let key = okp_key(alg, 6, &[1; 32]);
        assert!(matches!(refusal(&key), KeyError::KeyType), "{alg}");
    }
    let key = rsa_key(-8, &modulus(), &[1, 0, 1]);
    assert!(matches!(refusal(&key), KeyError::KeyType));
}

#[test]
fn an_unknown_algorithm_is_refused() {
    let key = rsa_key(-65535, &modulus(), &[1, 0, 1]);
    assert!(matches!(refusal(&key), KeyError::UnsupportedAlgorithm));
}

#[test]
fn an_rsa_modulus_outside_2048_to_8192_bits_is_refused() {
    let mut too_few_bits = modulus();
    too_few_bits[0] &= 0x7f;
    let mut even = modulus();
    *even.last_mut().unwrap() &= 0xfe;
    let leading_zero = [&[0], modulus().as_slice()].concat();
    let too_long = vec![0xff; 1025];
    for n in [
        too_few_bits,
        even,
        leading_zero,
        too_long,
        vec![1; 128],
        vec![],
    ] {
        let key = rsa_key(-257, &n, &[1, 0, 1]);
        assert!(matches!(refusal(&key), KeyError::RsaModulus), "{n:?}");
    }
    assert!(PublicKey::parse(&rsa_key(-257, &[0xff; 1024], &[3])).is_ok());
}

#[test]
fn a_weak_rsa_exponent_is_refused() {
    let exponents: [&[u8]; 6] = [&[], &[0], &[1], &[2], &[0, 1, 0, 1], &[1, 0, 0, 0, 1]];
    for e in exponents {
        let key = rsa_key(-37, &modulus(), e);
        assert!(matches!(refusal(&key), KeyError::RsaExponent), "{e:?}");
    }
    assert!(PublicKey::parse(&rsa_key(-37, &modulus(), &[3])).is_ok());
}

#[test]
fn bytes_behind_a_key_are_refused() {
    let key = Authenticator::new(Algorithm::EdDsa).cose_key;
    let key = [key.as_slice(), &[0]].concat();
    assert!(matches!(
        refusal(&key),
        KeyError::Cbor(CborError::TrailingBytes)
    ));
}

fn refusal(cose_key: &[u8]) -> KeyError {
    PublicKey::parse(cose_key).err().unwrap()
}

fn modulus() -> Vec<u8> {
    let public = RSA.public_key();
    let modulus = public.modulus();
    modulus.big_endian_without_leading_zero().to_vec()
}
