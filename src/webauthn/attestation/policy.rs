//! What a relying party makes of attestation (WebAuthn L3 §7.1 steps 22 to 25): whether it looks, whom it trusts, which models it takes.
//!
//! An AAGUID is proven only by the trusted chain of a packed statement; with less the lists keep out who is honest about being something else.

use uuid::Uuid;

use super::super::error::VerificationError;
use super::{AttestationFormat, AttestationObject, AttestationType, Attested, Statement};
use super::{chain, verify};

/// The relying party's will, and the time where that needs one.
#[derive(Debug, Clone, Copy)]
pub struct AttestationPolicy<'a> {
    pub verify: Verify<'a>,
    /// Empty: all.
    pub aaguids_allowed: &'a [Uuid],
    pub aaguids_denied: &'a [Uuid],
}

#[derive(Debug, Clone, Copy)]
pub enum Verify<'a> {
    /// Statements are not looked at, and formats that nobody knows are accepted.
    Off,
    /// A statement must be what its format wants; whose certificate signed it does not matter.
    Format,
    /// Besides, its chain must end in one of the roots (certificates in DER). A statement without certificate is refused.
    Trusted {
        roots: &'a [Vec<u8>],
        now_unix_seconds: u64,
    },
}

impl AttestationPolicy<'static> {
    /// Statements must verify, whoever made them.
    pub const FORMAT: Self = Self {
        verify: Verify::Format,
        aaguids_allowed: &[],
        aaguids_denied: &[],
    };
}

impl AttestationPolicy<'_> {
    pub(in super::super) fn judge(
        &self,
        object: &AttestationObject,
        attested: &Attested<'_>,
    ) -> Result<AttestationType, VerificationError> {
        let attestation_type = match self.verify {
            Verify::Off => AttestationType::Unverified,
            Verify::Format => verified(object, attested)?.attestation_type,
            Verify::Trusted {
                roots,
                now_unix_seconds,
            } => {
                let statement = verified(object, attested)?;
                // 24 and 25. Its chain ends in a root that is trusted; what has no chain ends in none.
                chain::check(&statement.chain, roots, now_unix_seconds)
                    .map_err(VerificationError::AttestationUntrusted)?;
                statement.attestation_type
            }
        };
        self.check_aaguid(model(object, attested))?;
        Ok(attestation_type)
    }

    fn check_aaguid(&self, aaguid: Uuid) -> Result<(), VerificationError> {
        let is_allowed = self.aaguids_allowed.is_empty() || self.aaguids_allowed.contains(&aaguid);
        if !is_allowed || self.aaguids_denied.contains(&aaguid) {
            return Err(VerificationError::AaguidNotAllowed);
        }
        Ok(())
    }
}

/// U2F has no AAGUID: what stands in its place should be zero, and nobody signs it.
fn model(object: &AttestationObject, attested: &Attested<'_>) -> Uuid {
    if object.format.as_deref() == Some(AttestationFormat::FidoU2f.as_str()) {
        return Uuid::nil();
    }
    Uuid::from_bytes(attested.credential.aaguid)
}

fn verified<'b>(
    object: &'b AttestationObject,
    attested: &Attested<'_>,
) -> Result<Statement<'b>, VerificationError> {
    // 22. The format is a known one.
    let format = object.format.as_deref();
    let format = format.and_then(AttestationFormat::from_identifier);
    let format = format.ok_or(VerificationError::UnknownAttestationFormat)?;
    // 23. The statement is what its format wants.
    verify(format, &object.statement, attested).map_err(VerificationError::Attestation)
}
