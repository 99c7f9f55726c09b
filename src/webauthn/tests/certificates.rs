//! Certificates for tests, made by a library that is not ours, and statements that lean on them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use minicbor::Encoder;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, DnValue, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};

pub(super) type Issuer = CertifiedIssuer<'static, KeyPair>;

/// An authority that trusts itself, valid from 2020 to 2040.
pub(super) fn root(name: &str) -> Issuer {
    let params = authority(name, BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, key()).unwrap()
}

pub(super) fn intermediate(name: &str, issuer: &Issuer) -> Issuer {
    let params = authority(name, BasicConstraints::Unconstrained);
    CertifiedIssuer::signed_by(params, key(), issuer).unwrap()
}

/// To be changed before it issues.
pub(super) fn authority(name: &str, constraints: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

/// As §8.2.1 wants it, to be changed.
pub(super) fn packed_leaf() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = packed_subject();
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

pub(super) fn packed_subject() -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    let country = DnValue::PrintableString("AT".try_into().unwrap());
    subject.push(DnType::CountryName, country);
    subject.push(DnType::OrganizationName, "Keys & Locks");
    subject.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
    subject.push(DnType::CommonName, "Batch 7");
    subject
}

/// id-fido-gen-ce-aaguid.
pub(super) fn aaguid_extension(aaguid: [u8; 16]) -> CustomExtension {
    let value = [&[0x04, 16], aaguid.as_slice()].concat();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4], value)
}

/// A certificate and the means to sign with its key.
pub(super) struct Attester {
    pub(super) certificate: Vec<u8>,
    key: EcdsaKeyPair,
}

impl Attester {
    pub(super) fn new(params: &CertificateParams, issuer: &Issuer) -> Self {
        Self::with_key(params, issuer, &key())
    }

    pub(super) fn with_key(params: &CertificateParams, issuer: &Issuer, key: &KeyPair) -> Self {
        let certificate = params.signed_by(key, issuer).unwrap();
        let signer =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.serialize_der());
        Self {
            certificate: certificate.der().to_vec(),
            key: signer.unwrap(),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }

    /// `alg`, `sig` and `x5c`, with the certificates of `above` behind its own.
    pub(super) fn packed(&self, message: &[u8], above: &[&[u8]]) -> Vec<u8> {
        statement(Some(-7), &self.sign(message), &self.chain(above))
    }

    pub(super) fn chain<'a>(&'a self, above: &[&'a [u8]]) -> Vec<&'a [u8]> {
        [&[self.certificate.as_slice()], above].concat()
    }
}

/// What packed, fido-u2f and android-key have in common.
pub(super) fn statement(alg: Option<i64>, signature: &[u8], chain: &[&[u8]]) -> Vec<u8> {
    let mut statement = Vec::new();
    let mut encoder = Encoder::new(&mut statement);
    encoder.map(if alg.is_some() { 3 } else { 2 }).unwrap();
    if let Some(alg) = alg {
        encoder.str("alg").unwrap().i64(alg).unwrap();
    }
    encoder.str("sig").unwrap().bytes(signature).unwrap();
    encoder.str("x5c").unwrap();
    encoder.array(u64::try_from(chain.len()).unwrap()).unwrap();
    for certificate in chain {
        encoder.bytes(certificate).unwrap();
    }
    statement
}

pub(super) fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}
