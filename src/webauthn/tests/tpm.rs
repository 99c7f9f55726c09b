//! The tpm format, with a TPM made of bytes: what WebAuthn L3 §8.3 and §8.3.1 ask, one thing broken at a time.

use aws_lc_rs::signature::KeyPair;
use minicbor::Encoder;
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
};

use super::super::attestation::error::CertificateError;
use super::super::attestation::{AttestationPolicy, AttestationType};
use super::super::cose::Algorithm;
use super::super::error::{StatementError, VerificationError};
use super::super::registration::{self, RegistrationResponse};
use super::authenticator::{AAGUID, Authenticator, expected};
use super::certificates::{Attester, aaguid_extension, root};
use super::sha256;
use crate::forge::RSA;

#[test]
fn keys_of_both_kinds_are_certified() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let verdict = Tpm::new(algorithm).attest(&aik());
        assert_eq!(verdict.unwrap(), AttestationType::Certified);
    }
}

#[test]
fn the_certified_key_is_the_credentials() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let mut tpm = Tpm::new(algorithm);
        let last = tpm.public_area.len() - 1;
        tpm.public_area[last] ^= 1;
        assert!(matches!(tpm.attest(&aik()), Err(StatementError::OtherKey)));
    }
}

#[test]
fn the_certified_name_is_the_keys() {
    let mut tpm = Tpm::new(Algorithm::Es256);
    tpm.name[2] ^= 1;
    assert!(matches!(tpm.attest(&aik()), Err(StatementError::OtherKey)));
}

#[test]
fn the_certificate_is_for_this_ceremony() {
    let mut tpm = Tpm::new(Algorithm::Es256);
    tpm.extra_data[0] ^= 1;
    assert!(matches!(
        tpm.attest(&aik()),
        Err(StatementError::OtherCeremony)
    ));
}

#[test]
fn only_what_a_tpm_made_itself_counts() {
    for (magic, kind) in [
        ([0xff, 0x54, 0x43, 0x48], [0x80, 0x17]),
        ([0xff, 0x54, 0x43, 0x47], [0x80, 0x18]),
    ] {
        let mut tpm = Tpm::new(Algorithm::Es256);
        (tpm.magic, tpm.kind) = (magic, kind);
        assert!(matches!(
            tpm.attest(&aik()),
            Err(StatementError::TpmStructure)
        ));
    }
}

#[test]
fn the_signature_is_the_attestation_keys() {
    let mut tpm = Tpm::new(Algorithm::Es256);
    tpm.firmware = Some(1);
    assert!(matches!(tpm.attest(&aik()), Err(StatementError::Signature)));
    tpm.version = "1.2";
    assert!(matches!(tpm.attest(&aik()), Err(StatementError::Version)));
}

#[test]
fn a_public_area_is_read_to_its_end() {
    let whole = Tpm::new(Algorithm::Es256).public_area;
    for length in 0..whole.len() {
        let mut tpm = Tpm::new(Algorithm::Es256);
        tpm.public_area.truncate(length);
        assert!(matches!(
            tpm.attest(&aik()),
            Err(StatementError::TpmStructure)
        ));
    }
    let mut tpm = Tpm::new(Algorithm::Es256);
    tpm.public_area.push(0);
    assert!(matches!(
        tpm.attest(&aik()),
        Err(StatementError::TpmStructure)
    ));
}

#[test]
fn changed_structures_never_panic() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let whole = Tpm::new(algorithm).public_area;
        for position in 0..whole.len() {
            let mut tpm = Tpm::new(algorithm);
            tpm.public_area[position] ^= 0xff;
            assert!(tpm.attest(&aik()).is_err(), "{position}");
        }
    }
}

#[test]
fn the_certificate_is_one_for_attestation_keys() {
    let refusal = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = aik();
        change(&mut params);
        match Tpm::new(Algorithm::Es256).attest(&params) {
            Err(StatementError::Certificate(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(
        refusal(&|aik| aik.distinguished_name.push(DnType::CommonName, "A")),
        CertificateError::Subject
    ));
    assert!(matches!(
        refusal(&|aik| aik.extended_key_usages = Vec::new()),
        CertificateError::ExtensionMissing
    ));
    assert!(matches!(
        refusal(&|aik| aik.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        CertificateError::ExtendedKeyUsage
    ));
    assert!(matches!(
        refusal(&|aik| aik.custom_extensions = Vec::new()),
        CertificateError::ExtensionMissing
    ));
    assert!(matches!(
        refusal(&|aik| aik.custom_extensions = vec![alternative_name(&[1, 3])]),
        CertificateError::AlternativeName
    ));
    assert!(matches!(
        refusal(&|aik| aik.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained)),
        CertificateError::Authority
    ));
}

#[test]
fn the_certificate_is_for_the_model_that_it_names() {
    for (aaguid, is_right) in [(AAGUID, true), ([8; 16], false)] {
        let mut params = aik();
        params.custom_extensions.push(aaguid_extension(aaguid));
        match Tpm::new(Algorithm::Es256).attest(&params) {
            Ok(_) => assert!(is_right),
            Err(StatementError::Aaguid) => assert!(!is_right),
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

struct Tpm {
    authenticator: Authenticator,
    version: &'static str,
    public_area: Vec<u8>,
    magic: [u8; 4],
    kind: [u8; 2],
    extra_data: [u8; 32],
    name: Vec<u8>,
    /// Another one after signing.
    firmware: Option<u8>,
}

impl Tpm {
    fn new(algorithm: Algorithm) -> Self {
        let authenticator = Authenticator::new(algorithm);
        let public_area = public_area(&authenticator, algorithm);
        Self {
            version: "2.0",
            magic: [0xff, 0x54, 0x43, 0x47],
            kind: [0x80, 0x17],
            extra_data: sha256(&authenticator.message()),
            name: [&[0, 0x0b], sha256(&public_area).as_slice()].concat(),
            firmware: None,
            authenticator,
            public_area,
        }
    }

    fn attest(&self, params: &CertificateParams) -> Result<AttestationType, StatementError> {
        let attester = Attester::new(params, &root("Root"));
        let signature = attester.sign(&self.certify_info(0));
        let mut statement = Vec::new();
        let mut encoder = Encoder::new(&mut statement);
        encoder.map(6).unwrap();
        encoder.str("ver").unwrap().str(self.version).unwrap();
        encoder.str("alg").unwrap().i64(-7).unwrap();
        encoder.str("x5c").unwrap().array(1).unwrap();
        encoder.bytes(&attester.certificate).unwrap();
        encoder.str("sig").unwrap().bytes(&signature).unwrap();
        let certify_info = self.certify_info(self.firmware.unwrap_or(0));
        encoder.str("certInfo").unwrap();
        encoder.bytes(&certify_info).unwrap();
        encoder.str("pubArea").unwrap();
        encoder.bytes(&self.public_area).unwrap();
        let response = self.authenticator.create_with("tpm", &statement);
        let response = RegistrationResponse::parse(response.to_string().as_bytes()).unwrap();
        let policy = AttestationPolicy::FORMAT;
        match registration::verify(&response, &expected(), &Algorithm::ALL, &policy) {
            Ok(registered) => Ok(registered.attestation_type),
            Err(VerificationError::Attestation(refusal)) => Err(refusal),
            Err(refusal) => panic!("{refusal}"),
        }
    }

    fn certify_info(&self, firmware: u8) -> Vec<u8> {
        [
            self.magic.as_slice(),
            &self.kind,
            &sized(b"who signs"),
            &sized(&self.extra_data),
            &[0; 17],
            &[firmware; 8],
            &sized(&self.name),
            &sized(b"a qualified name"),
        ]
        .concat()
    }
}

/// The name algorithm is SHA-256, the attributes are anything, there is no policy and no symmetric algorithm.
fn public_area(authenticator: &Authenticator, algorithm: Algorithm) -> Vec<u8> {
    let (kind, parameters) = if algorithm == Algorithm::Rs256 {
        // RSASSA with SHA-256, 2048 bits, the usual exponent.
        let n = RSA
            .public_key()
            .modulus()
            .big_endian_without_leading_zero()
            .to_vec();
        let head = [0, 0x14, 0, 0x0b, 8, 0, 0, 0, 0, 0];
        ([0, 1], [head.as_slice(), &sized(&n)].concat())
    } else {
        // No scheme, P-256, no key derivation.
        let key = &authenticator.cose_key;
        let (x, y) = (&key[key.len() - 67..key.len() - 35], &key[key.len() - 32..]);
        let head = [0, 0x10, 0, 3, 0, 0x10];
        ([0, 0x23], [head.as_slice(), &sized(x), &sized(y)].concat())
    };
    [
        &kind[..],
        &[0, 0x0b],
        &[0; 4],
        &sized(b""),
        &[0, 0x10],
        &parameters,
    ]
    .concat()
}

/// As §8.3.1 wants it.
fn aik() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.custom_extensions = vec![alternative_name(&[1, 2, 3])];
    let aik = ExtendedKeyUsagePurpose::Other(vec![2, 23, 133, 8, 3]);
    params.extended_key_usages = vec![aik];
    params
}

/// A directory name with these of the TPM's attributes, each the text `id:1`.
fn alternative_name(attributes: &[u8]) -> CustomExtension {
    let sets = attributes.iter().map(|attribute| {
        let id = [0x06, 5, 0x67, 0x81, 0x05, 0x02, *attribute];
        let pair = element(0x30, &[&id[..], &element(0x0c, b"id:1")].concat());
        element(0x31, &pair)
    });
    let name = element(0x30, &sets.collect::<Vec<_>>().concat());
    let names = element(0x30, &element(0xa4, &name));
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 17], names);
    extension.set_criticality(true);
    extension
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 128);
    [&[tag, length], content].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes(), bytes].concat()
}
