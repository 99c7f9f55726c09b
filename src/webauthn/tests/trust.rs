//! Trust in attestation: chains that end in a root, and all the ways in which they do not.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::super::attestation::{AttestationPolicy, AttestationType, Verify};
use super::super::cose::Algorithm;
use super::super::error::{TrustError, VerificationError};
use super::super::registration::{self, RegistrationResponse};
use super::authenticator::{Authenticator, expected};
use super::certificates::{Attester, Issuer, authority, intermediate, key, packed_leaf, root};

#[test]
fn a_chain_that_ends_in_a_root_is_trusted() {
    let root = root("Root");
    let leaf = Attester::new(&packed_leaf(), &root);
    assert!(trust(&leaf, &[], &[root.der()]).is_ok());
    assert!(trust(&leaf, &[root.der()], &[root.der()]).is_ok());
}

#[test]
fn a_chain_may_have_intermediates() {
    let root = root("Root");
    let first = intermediate("First", &root);
    let second = intermediate("Second", &first);
    let leaf = Attester::new(&packed_leaf(), &second);
    let above: [&[u8]; 2] = [second.der(), first.der()];
    assert!(trust(&leaf, &above, &[root.der()]).is_ok());
    assert!(trust(&leaf, &above, &[first.der()]).is_ok());
    assert!(trust(&leaf, &[], &[second.der()]).is_ok());
}

#[test]
fn a_certificate_may_be_trusted_by_itself() {
    let root = root("Root");
    let (leaf, other) = (
        Attester::new(&packed_leaf(), &root),
        Attester::new(&packed_leaf(), &root),
    );
    assert!(trust(&leaf, &[], &[&other.certificate, &leaf.certificate]).is_ok());
    assert!(matches!(
        trust(&leaf, &[], &[&other.certificate]),
        Err(TrustError::NoRoot)
    ));
}

#[test]
fn a_root_is_known_by_its_key_and_not_by_its_name() {
    let (mine, other) = (root("Root"), root("Root"));
    let leaf = Attester::new(&packed_leaf(), &other);
    assert!(matches!(
        trust(&leaf, &[other.der()], &[mine.der()]),
        Err(TrustError::NoRoot)
    ));
    assert!(matches!(trust(&leaf, &[], &[]), Err(TrustError::NoRoot)));
    let not_a_certificate = [0x30, 0];
    assert!(trust(&leaf, &[], &[&not_a_certificate, other.der()]).is_ok());
}

#[test]
fn a_gap_or_another_order_is_refused() {
    let root = root("Root");
    let first = intermediate("First", &root);
    let second = intermediate("Second", &first);
    let leaf = Attester::new(&packed_leaf(), &second);
    assert!(matches!(
        trust(&leaf, &[second.der()], &[root.der()]),
        Err(TrustError::NoRoot)
    ));
    assert!(matches!(
        trust(&leaf, &[first.der(), second.der()], &[root.der()]),
        Err(TrustError::NotIssued)
    ));
    assert!(matches!(
        trust(&leaf, &[b"no certificate"], &[root.der()]),
        Err(TrustError::Certificate(_))
    ));
}

#[test]
fn only_authorities_issue() {
    let root = root("Root");
    let no_authority = packed_leaf();
    let mut without_usage = authority("Second", BasicConstraints::Unconstrained);
    without_usage.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    for params in [no_authority, without_usage] {
        let issuer = issued_by(params, &root);
        let leaf = Attester::new(&packed_leaf(), &issuer);
        assert!(matches!(
            trust(&leaf, &[issuer.der()], &[root.der()]),
            Err(TrustError::NotAuthority)
        ));
        assert!(matches!(
            trust(&leaf, &[], &[issuer.der()]),
            Err(TrustError::NotAuthority)
        ));
    }
}

#[test]
fn a_limit_of_the_path_is_kept() {
    let root = root("Root");
    for (limit, is_trusted) in [(0, false), (1, true)] {
        let first = authority("First", BasicConstraints::Constrained(limit));
        let first = issued_by(first, &root);
        let second = intermediate("Second", &first);
        let leaf = Attester::new(&packed_leaf(), &second);
        let verdict = trust(&leaf, &[second.der(), first.der()], &[root.der()]);
        assert_eq!(verdict.is_ok(), is_trusted, "{limit}");
        let verdict = trust(&leaf, &[second.der()], &[first.der()]);
        assert_eq!(verdict.is_ok(), is_trusted, "{limit}");
    }
}

#[test]
fn intermediates_must_be_valid_and_leaf_and_root_need_not() {
    let years = |params: &mut CertificateParams, from: i32, to: i32| {
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
    };
    let mut old_root = authority("Root", BasicConstraints::Unconstrained);
    years(&mut old_root, 1975, 1990);
    let old_root = CertifiedIssuer::self_signed(old_root, key()).unwrap();
    let mut old_leaf = packed_leaf();
    years(&mut old_leaf, 2015, 2016);
    let leaf = Attester::new(&old_leaf, &old_root);
    assert!(trust(&leaf, &[], &[old_root.der()]).is_ok());
    for (from, to, is_trusted) in [(2020, 2024, false), (2030, 2070, false), (2020, 2070, true)] {
        let mut between = authority("Between", BasicConstraints::Unconstrained);
        years(&mut between, from, to);
        let between = issued_by(between, &old_root);
        let leaf = Attester::new(&old_leaf, &between);
        match trust(&leaf, &[between.der()], &[old_root.der()]) {
            Ok(()) => assert!(is_trusted),
            Err(TrustError::Validity) => assert!(!is_trusted),
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

#[test]
fn a_critical_extension_that_nobody_understands_is_refused() {
    let root = root("Root");
    for critical in [false, true] {
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 30], vec![0x30, 0]);
        extension.set_criticality(critical);
        let mut leaf = packed_leaf();
        leaf.custom_extensions = vec![extension];
        let leaf = Attester::new(&leaf, &root);
        match trust(&leaf, &[], &[root.der()]) {
            Ok(()) => assert!(!critical),
            Err(TrustError::CriticalExtension) => assert!(critical),
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

#[test]
fn critical_policies_are_understood_and_what_constrains_them_is_not() {
    let root = root("Root");
    // A sequence of one policy, 1.3.6.1.4.1.311.21.31 as on the attestation keys of Windows; then requireExplicitPolicy 0.
    let policies = [
        0x30, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x15, 0x1f,
    ];
    let constraints = [0x30, 0x03, 0x80, 0x01, 0x00];
    let cases = [
        (32, policies.to_vec(), true),
        (36, constraints.to_vec(), false),
    ];
    for (arc, content, is_trusted) in cases {
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, arc], content);
        extension.set_criticality(true);
        let mut leaf = packed_leaf();
        leaf.custom_extensions = vec![extension];
        let leaf = Attester::new(&leaf, &root);
        let verdict = trust(&leaf, &[], &[root.der()]);
        assert_eq!(verdict.is_ok(), is_trusted, "{arc}: {verdict:?}");
    }
}

#[test]
fn a_root_that_may_not_issue_hides_none_that_may() {
    let key = key();
    let same_key = KeyPair::try_from(key.serialize_der()).unwrap();
    let mut no_authority = authority("Root", BasicConstraints::Unconstrained);
    no_authority.is_ca = IsCa::ExplicitNoCa;
    let no_authority = CertifiedIssuer::self_signed(no_authority, same_key).unwrap();
    let root = authority("Root", BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(root, key).unwrap();
    let leaf = Attester::new(&packed_leaf(), &root);
    let refusal = trust(&leaf, &[], &[no_authority.der()]);
    assert!(matches!(refusal, Err(TrustError::NotAuthority)));
    assert!(trust(&leaf, &[], &[no_authority.der(), root.der()]).is_ok());
}

#[test]
fn attestation_without_a_certificate_is_not_trusted() {
    let authenticator = Authenticator::new(Algorithm::Es256);
    for response in [
        authenticator.create(),
        authenticator.create_self_attested(-7),
    ] {
        let refusal = verify(&response.to_string(), &[root("Root").der()]);
        assert!(matches!(refusal, Err(TrustError::NotCertified)));
    }
}

fn issued_by(params: CertificateParams, issuer: &Issuer) -> Issuer {
    CertifiedIssuer::signed_by(params, key(), issuer).unwrap()
}

fn trust(leaf: &Attester, above: &[&[u8]], roots: &[&[u8]]) -> Result<(), TrustError> {
    let authenticator = Authenticator::new(Algorithm::Es256);
    let statement = leaf.packed(&authenticator.message(), above);
    let response = authenticator.create_with("packed", &statement).to_string();
    verify(&response, roots)
}

fn verify(response: &str, roots: &[&[u8]]) -> Result<(), TrustError> {
    let response = RegistrationResponse::parse(response.as_bytes()).unwrap();
    let roots: Vec<Vec<u8>> = roots.iter().map(|root| root.to_vec()).collect();
    let policy = AttestationPolicy {
        verify: Verify::Trusted {
            roots: &roots,
            now_unix_seconds: NOW,
        },
        ..AttestationPolicy::FORMAT
    };
    match registration::verify(&response, &expected(), &Algorithm::ALL, &policy) {
        Ok(registered) => {
            assert_eq!(registered.attestation_type, AttestationType::Certified);
            Ok(())
        }
        Err(VerificationError::AttestationUntrusted(refusal)) => Err(refusal),
        Err(refusal) => panic!("{refusal}"),
    }
}

/// 2027.
const NOW: u64 = 1_800_000_000;
