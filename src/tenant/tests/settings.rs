//! Settings in their rows: what the first release wrote stays readable, and everything comes back as it was.

use uuid::Uuid;

use super::super::credential::Credential;
use super::super::ids::Timestamp;
use super::super::settings::{
    AttestationRules, AuditRules, BackupEligibleChange, Claims, Cookie, Issuer, IssuerKeys, Offers,
    RsaBits, Rules, SameSite, Sessions, Settings, TokenAlgorithm, Tokens, VerifyAttestation,
};
use super::{Ceremonies, passkey, profile};
use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::Hint;

#[test]
fn settings_of_the_first_release_have_the_defaults_of_this_one() {
    let settings: Settings = minicbor::decode(&bytes(FIRST_SETTINGS)).unwrap();
    assert_eq!(settings, profile(Rules::DEFAULT).settings);
    assert_eq!(settings.offers.algorithms, Algorithm::ALL);
    assert_eq!(settings.offers.extensions, r#"{"credProps":true}"#);
}

#[test]
fn a_credential_of_the_first_release_has_not_changed_its_backup_eligibility() {
    let credential: Credential = minicbor::decode(&bytes(FIRST_CREDENTIAL)).unwrap();
    assert_eq!(credential, passkey("ann", "one"));
}

#[test]
fn every_setting_comes_back_as_it_was() {
    let settings = unusual();
    let row = minicbor::to_vec(&settings).unwrap();
    assert_eq!(minicbor::decode::<Settings>(&row).unwrap(), settings);
}

fn unusual() -> Settings {
    let rules = Rules {
        backup_eligible_change: BackupEligibleChange::AcceptOnce,
        ..Rules::DEFAULT
    };
    Settings {
        tokens: Tokens {
            algorithm: TokenAlgorithm::EdDsa,
            rsa_bits: RsaBits::Bits4096,
        },
        audit: AuditRules {
            initialize: true,
            retention_days: 7,
            entries_max: 10,
        },
        attestation: AttestationRules {
            verify: VerifyAttestation::Trusted,
            roots: vec![vec![0x30, 0], Vec::new()],
            aaguids_allowed: vec![Uuid::from_u128(1)],
            aaguids_denied: vec![Uuid::from_u128(2), Uuid::from_u128(3)],
        },
        offers: Offers {
            hints: vec![Hint::Hybrid, Hint::SecurityKey],
            algorithms: vec![Algorithm::EdDsa, Algorithm::Rs256],
            extensions: "{}".to_owned(),
        },
        sessions: sessions(),
        ..profile(rules).settings
    }
}

fn sessions() -> Sessions {
    let claims = Claims {
        email: Some("mail".to_owned()),
        ..Claims::default()
    };
    let issuer = |keys| Issuer {
        issuer: "https://id.example.org".to_owned(),
        audience: "shop".to_owned(),
        keys,
        claims: claims.clone(),
    };
    Sessions {
        limit: 1,
        cookie: Cookie {
            domain: Some("example.org".to_owned()),
            same_site: SameSite::Lax,
            ..Cookie::default()
        },
        issuers: vec![
            issuer(IssuerKeys::Given("{}".to_owned())),
            issuer(IssuerKeys::At("https://id.example.org/jwks".to_owned())),
        ],
        ..Sessions::default()
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Five sections, before there were tokens, audit, attestation, offers and sessions.
const FIRST_SETTINGS: &str = concat!(
    "a500a200817368747470733a2f2f6578616d706c652e6f726701f401a6006b6578616d706c652e6f7267016453686f7003817368747470",
    "733a2f2f6578616d706c652e6f72670480058006f402a40019ea6001000302040203a500197530010102010302040004a50000010002f5",
    "0318640419012c",
);

/// Fifteen members.
const FIRST_CREDENTIAL: &str = concat!(
    "af00436f6e650163616e6e024561206b65790367506173736b657904500000000000000000000000000000000005646e6f6e6506f40768",
    "696e7465726e616c080a09f50af40bf40cf40d010e01",
);

#[test]
fn no_ceremony_waits_for_longer_than_a_day() {
    let day = Timestamp(86_400_000_000);
    for (timeout, expected) in [
        (i64::MAX, day),
        (60_000, Timestamp(60_000_000)),
        (-1, Timestamp(0)),
    ] {
        assert_eq!(Ceremonies::passkey(timeout).expiry(Timestamp(0)), expected);
    }
}
