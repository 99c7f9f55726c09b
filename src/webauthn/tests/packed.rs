//! The packed format with certificates: what WebAuthn L3 §8.2 and §8.2.1 ask of them, one broken at a time.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa};

use super::super::attestation::AttestationPolicy;
use super::super::attestation::AttestationType;
use super::super::attestation::error::CertificateError;
use super::super::cose::Algorithm;
use super::super::error::{CborError, StatementError, VerificationError};
use super::super::registration::{self, Registration, RegistrationResponse};
use super::authenticator::{AAGUID, Authenticator, expected};
use super::certificates::{
    Attester, aaguid_extension, packed_leaf, packed_subject, root, statement,
};

#[test]
fn a_statement_that_a_certificate_signs_is_certified() {
    let registered = packed(&packed_leaf()).unwrap();
    assert_eq!(registered.attestation_type, AttestationType::Certified);
}

#[test]
fn a_certificate_is_for_the_model_that_it_names() {
    let mut leaf = packed_leaf();
    leaf.custom_extensions = vec![aaguid_extension(AAGUID)];
    assert!(packed(&leaf).is_ok());
    leaf.custom_extensions = vec![aaguid_extension([8; 16])];
    assert!(matches!(packed(&leaf), Err(StatementError::Aaguid)));
    let mut critical = aaguid_extension(AAGUID);
    critical.set_criticality(true);
    leaf.custom_extensions = vec![critical];
    assert!(matches!(
        packed(&leaf),
        Err(StatementError::Certificate(
            CertificateError::AaguidCritical
        ))
    ));
}

#[test]
fn a_certificate_says_whose_it_is() {
    let country = |country: &str| DnValue::PrintableString(country.try_into().unwrap());
    let change = |change: &dyn Fn(&mut DistinguishedName)| {
        let mut subject = packed_subject();
        change(&mut subject);
        subject
    };
    let remove = |kind: DnType| {
        change(&|subject| {
            subject.remove(kind.clone());
        })
    };
    let put = |kind: DnType, value: DnValue| {
        change(&|subject| {
            subject.push(kind.clone(), value.clone());
        })
    };
    let subjects = [
        DistinguishedName::new(),
        remove(DnType::CountryName),
        remove(DnType::OrganizationName),
        remove(DnType::OrganizationalUnitName),
        remove(DnType::CommonName),
        put(DnType::CountryName, country("AUT")),
        put(DnType::CountryName, "AT".into()),
        put(DnType::CommonName, "".into()),
        put(DnType::OrganizationalUnitName, "Attestation".into()),
    ];
    for subject in subjects {
        let mut leaf = packed_leaf();
        leaf.distinguished_name = subject;
        let refusal = packed(&leaf).err().unwrap();
        assert!(
            matches!(
                refusal,
                StatementError::Certificate(CertificateError::Subject)
            ),
            "{refusal}"
        );
    }
}

#[test]
fn an_authority_does_not_attest_itself() {
    let mut leaf = packed_leaf();
    leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert!(matches!(
        packed(&leaf),
        Err(StatementError::Certificate(CertificateError::Authority))
    ));
}

#[test]
fn a_signature_over_anything_else_is_refused() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let message = authenticator.message();
    for position in [0, 36, 40, message.len() - 1] {
        let mut changed = message.clone();
        changed[position] ^= 1;
        let refusal = verify(&authenticator, &attester.packed(&changed, &[]));
        assert!(
            matches!(refusal, Err(StatementError::Signature)),
            "{position}"
        );
    }
}

#[test]
fn the_algorithm_is_one_of_the_certificates_key() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let signature = attester.sign(&authenticator.message());
    for alg in [-257, -37, -8, -65535, 0, -47] {
        let statement = statement(Some(alg), &signature, &attester.chain(&[]));
        let refusal = verify(&authenticator, &statement).err().unwrap();
        assert!(matches!(refusal, StatementError::Algorithm), "{alg}");
    }
    let other_hash = statement(Some(-35), &signature, &attester.chain(&[]));
    let refusal = verify(&authenticator, &other_hash).err().unwrap();
    assert!(matches!(refusal, StatementError::Signature));
}

#[test]
fn the_first_certificate_signs_and_there_are_few() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let root = root("Root");
    let attester = Attester::new(&packed_leaf(), &root);
    let other = Attester::new(&packed_leaf(), &root);
    let signature = attester.sign(&authenticator.message());
    let with = |chain: &[&[u8]]| verify(&authenticator, &statement(Some(-7), &signature, chain));
    let (own, other) = (attester.certificate.as_slice(), &other.certificate);
    assert!(with(&[own, other]).is_ok());
    assert!(matches!(
        with(&[other, own]),
        Err(StatementError::Signature)
    ));
    assert!(matches!(with(&[]), Err(StatementError::CertificateCount)));
    assert!(with(&[own; 8]).is_ok());
    assert!(matches!(
        with(&[own; 9]),
        Err(StatementError::Cbor(CborError::TooManyEntries))
    ));
}

#[test]
fn a_certificate_is_one_and_nothing_behind_it() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(&packed_leaf(), &root("Root"));
    let signature = attester.sign(&authenticator.message());
    let longer = [attester.certificate.as_slice(), &[0]].concat();
    let shorter = &attester.certificate[..attester.certificate.len() - 1];
    for certificate in [longer.as_slice(), shorter, &[], &[0x30, 0]] {
        let statement = statement(Some(-7), &signature, &[certificate]);
        let refusal = verify(&authenticator, &statement).err().unwrap();
        assert!(matches!(
            refusal,
            StatementError::Certificate(CertificateError::Malformed(_))
        ));
    }
}

#[test]
fn ecdaa_is_refused_with_its_own_reason() {
    // {"alg": -7, "sig": h'', "ecdaaKeyId": h''}
    let statement = b"\xa3\x63alg\x26\x63sig\x40\x6aecdaaKeyId\x40";
    let refusal = verify(&Authenticator::new(Algorithm::Es256), statement);
    assert!(matches!(refusal, Err(StatementError::Ecdaa)));
}

fn packed(leaf: &CertificateParams) -> Result<Registration, StatementError> {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let attester = Attester::new(leaf, &root("Root"));
    let statement = attester.packed(&authenticator.message(), &[]);
    verify(&authenticator, &statement)
}

fn verify(authenticator: &Authenticator, statement: &[u8]) -> Result<Registration, StatementError> {
    let response = authenticator.create_with("packed", statement).to_string();
    let response = RegistrationResponse::parse(response.as_bytes()).unwrap();
    let policy = AttestationPolicy::FORMAT;
    match registration::verify(&response, &expected(), &Algorithm::ALL, &policy) {
        Ok(registered) => Ok(registered),
        Err(VerificationError::Attestation(refusal)) => Err(refusal),
        Err(refusal) => panic!("{refusal}"),
    }
}
