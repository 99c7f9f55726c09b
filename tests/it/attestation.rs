//! Attestation over the wire, under each policy that a tenant can have. The formats themselves are tested beside their code: a recorded
//! statement answers a challenge that no server would give again.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minicbor::Encoder;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, DnValue, IsCa,
    KeyPair, PKCS_ECDSA_P256_SHA256,
};
use serde_json::{Value, json};

use crate::support::{Answer, Attestation, Forge, Tenant, TestServer, config};

const INVALID: &str = "failed to validate attestation";
const AAGUID: &str = "09090909-0909-0909-0909-090909090909";
/// `{"x": 1}`.
const SOME: Attestation<'_> = Attestation::Other {
    format: "none",
    statement: &[0xa1, 0x61, b'x', 0x01],
};
const UNKNOWN: Attestation<'_> = Attestation::Other {
    format: "com.example.own",
    statement: &[0xa1, 0x61, b'x', 0x01],
};

#[tokio::test]
async fn a_statement_must_be_what_its_format_wants() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let vendor = Vendor::new();
    let other = Vendor::new();
    for accepted in [
        Attestation::None,
        Attestation::PackedSelf,
        Attestation::Certified(&|message| vendor.attest(message)),
    ] {
        register(&tenant, &accepted).await.expect(200);
    }
    for (refused, details, reason) in [
        (UNKNOWN, "Invalid attestation format", "attestation_format"),
        (SOME, "Invalid attestation format", "attestation_statement"),
        (
            Attestation::PackedTampered,
            "Unable to verify signature",
            "attestation_signature",
        ),
        (
            Attestation::Certified(&|_| vendor.attest(b"another ceremony")),
            "Unable to verify signature",
            "attestation_signature",
        ),
        (
            Attestation::Certified(&|message| vendor.statement(message, &other.leaf)),
            "Unable to verify signature",
            "attestation_signature",
        ),
        (
            Attestation::Certified(&|message| vendor.statement(message, b"no certificate")),
            "the attestation certificate is not what its format wants: not a certificate in DER",
            "attestation_certificate",
        ),
        (
            Attestation::Certified(&|_| vec![0xa0]),
            "Invalid attestation data",
            "attestation_statement",
        ),
    ] {
        let answer = register(&tenant, &refused).await;
        answer.refused_with(400, INVALID, details);
        assert_eq!(answer.json()["reason"], reason, "{}", answer.text);
    }
}

#[tokio::test]
async fn where_it_is_off_nobody_looks() {
    let server = TestServer::start();
    let tenant = tenant_with(&server, json!({"verify": "off"})).await;
    for accepted in [UNKNOWN, SOME, Attestation::PackedTampered] {
        register(&tenant, &accepted).await.expect(200);
    }
    let shown = tenant.credentials_of("ann").await;
    let mut formats: Vec<&str> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|credential| credential["attestation_type"].as_str().unwrap())
        .collect();
    formats.sort_unstable();
    assert_eq!(formats, ["com.example.own", "none", "packed"]);
}

#[tokio::test]
async fn where_it_must_be_trusted_a_chain_ends_in_a_root() {
    let server = TestServer::start();
    let (mine, other) = (Vendor::new(), Vendor::new());
    let roots = json!({"verify": "trusted", "roots": [STANDARD.encode(&mine.root)]});
    let tenant = tenant_with(&server, roots).await;
    let by_mine = Attestation::Certified(&|message| mine.attest(message));
    register(&tenant, &by_mine).await.expect(200);
    for (refused, details) in [
        (
            Attestation::None,
            "an attestation with a certificate is required",
        ),
        (
            Attestation::PackedSelf,
            "an attestation with a certificate is required",
        ),
        (
            Attestation::Certified(&|message| other.attest(message)),
            "the attestation ends in no trusted root",
        ),
    ] {
        let answer = register(&tenant, &refused).await;
        answer.refused_with(400, INVALID, details);
        assert_eq!(answer.json()["reason"], "attestation_untrusted");
    }
    register(&tenant, &UNKNOWN)
        .await
        .refused_with(400, INVALID, "Invalid attestation format");
}

#[tokio::test]
async fn models_are_let_in_by_lists() {
    let server = TestServer::start();
    let other = "ee882879-721c-4913-9775-3dfcce97072a";
    for (lists, accepted) in [
        (json!({"aaguids_denied": [AAGUID]}), false),
        (json!({"aaguids_denied": [other]}), true),
        (json!({"aaguids_allowed": [other]}), false),
        (json!({"aaguids_allowed": [other, AAGUID]}), true),
    ] {
        let tenant = tenant_with(&server, lists.clone()).await;
        let answer = register(&tenant, &Attestation::PackedSelf).await;
        if accepted {
            answer.expect(200);
        } else {
            let details = "authenticators of this model are not allowed here";
            answer.refused_with(400, INVALID, details);
            assert_eq!(answer.json()["reason"], "aaguid_not_allowed", "{lists}");
        }
    }
}

async fn tenant_with(server: &TestServer, attestation: Value) -> Tenant {
    let mut config = config();
    config["webauthn"]["attestation"] = attestation;
    server.tenant_with(config).await
}

async fn register(tenant: &Tenant, attestation: &Attestation<'_>) -> Answer {
    let options = tenant.begin_registration("ann").await;
    let created = Forge::new(-7).create_with(&options, attestation);
    tenant.finish_registration(&created).await
}

/// A root, and a certificate of a batch of security keys.
struct Vendor {
    root: Vec<u8>,
    leaf: Vec<u8>,
    key: EcdsaKeyPair,
}

impl Vendor {
    fn new() -> Self {
        let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, key()).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::ExplicitNoCa;
        params.distinguished_name = subject();
        let key = key();
        let leaf = params.signed_by(&key, &root).unwrap();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        Self {
            root: root.der().to_vec(),
            leaf: leaf.der().to_vec(),
            key: EcdsaKeyPair::from_pkcs8(algorithm, &key.serialize_der()).unwrap(),
        }
    }

    fn attest(&self, message: &[u8]) -> Vec<u8> {
        self.statement(message, &self.leaf)
    }

    fn statement(&self, message: &[u8], leaf: &[u8]) -> Vec<u8> {
        let signature = self.key.sign(&SystemRandom::new(), message).unwrap();
        let mut statement = Vec::new();
        let mut encoder = Encoder::new(&mut statement);
        encoder.map(3).unwrap();
        encoder.str("alg").unwrap().i64(-7).unwrap();
        encoder.str("sig").unwrap();
        encoder.bytes(signature.as_ref()).unwrap();
        encoder.str("x5c").unwrap().array(1).unwrap();
        encoder.bytes(leaf).unwrap();
        statement
    }
}

fn subject() -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    let country = DnValue::PrintableString("AT".try_into().unwrap());
    subject.push(DnType::CountryName, country);
    subject.push(DnType::OrganizationName, "Keys & Locks");
    subject.push(DnType::OrganizationalUnitName, "Authenticator Attestation");
    subject.push(DnType::CommonName, "Batch 7");
    subject
}
