//! X.509 certificates, as far as attestation looks into them (RFC 5280 §4.1).
//!
//! Read, never judged: what a format wants of its certificate stands with the format, what a chain wants in `chain.rs`.

use thiserror::Error;

use super::der::{self, DerError, Element, Reader, Tag};
use super::signature::{KeyKind, Scheme};

#[derive(Debug, Error)]
pub enum CertificateError {
    #[error("not a certificate in DER")]
    Malformed(#[from] DerError),
    #[error("too many extensions, or one of them twice")]
    Extensions,
    #[error("not of version 3")]
    Version,
    #[error("the subject is not what the format wants")]
    Subject,
    #[error("the certificate of an authority")]
    Authority,
    #[error("a required extension is missing")]
    ExtensionMissing,
    #[error("the extension with the AAGUID is marked critical")]
    AaguidCritical,
    #[error("the alternative name is not what the format wants")]
    AlternativeName,
    #[error("the extended key usage is not what the format wants")]
    ExtendedKeyUsage,
    #[error("the key is of a kind that is not supported")]
    KeyKind,
}

/// Borrowed from the statement it came in.
pub(super) struct Certificate<'b> {
    pub(super) encoded: &'b [u8],
    /// What the issuer signed, and with what.
    pub(super) signed: &'b [u8],
    pub(super) scheme: Option<Scheme>,
    pub(super) signature: &'b [u8],
    /// 0 for version 1.
    pub(super) version: u32,
    /// The content of the `Name`, as `subject`.
    pub(super) issuer: &'b [u8],
    pub(super) validity: Reader<'b>,
    pub(super) subject: &'b [u8],
    pub(super) key: SubjectKey<'b>,
    pub(super) extensions: Vec<Extension<'b>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SubjectKey<'b> {
    /// `None` for a kind that we do not know.
    pub(super) kind: Option<KeyKind>,
    /// A point, an `RSAPublicKey`, or the bytes of Ed25519.
    pub(super) bytes: &'b [u8],
}

/// How many authorities may stand between this one and the leaf.
pub(super) struct Authority {
    pub(super) path_length_max: Option<u32>,
}

pub(super) struct Extension<'b> {
    pub(super) id: &'b [u8],
    pub(super) critical: bool,
    pub(super) value: &'b [u8],
}

impl<'b> Certificate<'b> {
    pub(super) fn parse(encoded: &'b [u8]) -> Result<Self, CertificateError> {
        let mut outer = Reader::new(der::whole(encoded, Tag::SEQUENCE)?);
        let signed = outer.element()?;
        let scheme = take_scheme(&mut outer)?;
        let signature = outer.take_bits()?;
        outer.end()?;
        let mut inner = expect(signed, Tag::SEQUENCE)?;
        let version = take_version(&mut inner)?;
        inner.take(Tag::INTEGER)?; // The serial number.
        inner.take(Tag::SEQUENCE)?; // The signature's algorithm once more.
        Ok(Self {
            encoded,
            signed: signed.encoded,
            scheme,
            signature,
            version,
            issuer: inner.take(Tag::SEQUENCE)?,
            validity: inner.take_reader(Tag::SEQUENCE)?,
            subject: inner.take(Tag::SEQUENCE)?,
            key: take_key(&mut inner)?,
            extensions: take_extensions(&mut inner)?,
        })
    }

    pub(super) fn extension(&self, id: &[u8]) -> Option<&Extension<'b>> {
        self.extensions.iter().find(|extension| extension.id == id)
    }

    pub(super) fn required(&self, id: &[u8]) -> Result<&Extension<'b>, CertificateError> {
        self.extension(id).ok_or(CertificateError::ExtensionMissing)
    }

    /// Whether it may issue others, by its own word: without the extension it may not.
    pub(super) fn authority(&self) -> Result<Option<Authority>, DerError> {
        let Some(extension) = self.extension(BASIC_CONSTRAINTS) else {
            return Ok(None);
        };
        let mut constraints = Reader::new(der::whole(extension.value, Tag::SEQUENCE)?);
        let is_authority = constraints.optional(Tag::BOOLEAN)?.map(der::boolean);
        if !is_authority.transpose()?.unwrap_or(false) {
            return Ok(None);
        }
        let limit = (!constraints.is_empty()).then(|| constraints.take_small_integer());
        Ok(Some(Authority {
            path_length_max: limit.transpose()?,
        }))
    }

    /// What §8.2.1 and §8.3.1 have in common.
    pub(super) fn check_version_3(&self) -> Result<(), CertificateError> {
        if self.version != VERSION_3 {
            return Err(CertificateError::Version);
        }
        Ok(())
    }

    pub(super) fn check_no_authority(&self) -> Result<(), CertificateError> {
        if self.authority()?.is_some() {
            return Err(CertificateError::Authority);
        }
        Ok(())
    }

    /// The extension id-fido-gen-ce-aaguid, where there is one.
    pub(super) fn aaguid(&self) -> Result<Option<&'b [u8]>, CertificateError> {
        let Some(extension) = self.extension(FIDO_AAGUID) else {
            return Ok(None);
        };
        if extension.critical {
            return Err(CertificateError::AaguidCritical);
        }
        Ok(Some(der::whole(extension.value, Tag::OCTET_STRING)?))
    }
}

/// The attributes of a `Name`: type and value.
pub(super) fn attributes(name: &[u8]) -> Result<Vec<(&[u8], Element<'_>)>, DerError> {
    let mut attributes = Vec::new();
    let mut names = Reader::new(name);
    while !names.is_empty() {
        let mut set = names.take_reader(Tag::SET)?;
        while !set.is_empty() {
            let mut attribute = set.take_reader(Tag::SEQUENCE)?;
            let id = attribute.take(Tag::OBJECT_IDENTIFIER)?;
            attributes.push((id, attribute.element()?));
            attribute.end()?;
        }
    }
    Ok(attributes)
}

fn expect(element: Element<'_>, tag: Tag) -> Result<Reader<'_>, DerError> {
    if element.tag != tag {
        return Err(DerError::Unexpected);
    }
    Ok(Reader::new(element.content))
}

fn take_version(inner: &mut Reader<'_>) -> Result<u32, DerError> {
    let Some(version) = inner.optional(Tag::explicit(0))? else {
        return Ok(0);
    };
    Reader::new(version).take_small_integer()
}

fn take_scheme(outer: &mut Reader<'_>) -> Result<Option<Scheme>, DerError> {
    let mut algorithm = outer.take_reader(Tag::SEQUENCE)?;
    let id = algorithm.take(Tag::OBJECT_IDENTIFIER)?;
    Ok(Scheme::of_certificate(id))
}

fn take_key<'b>(inner: &mut Reader<'b>) -> Result<SubjectKey<'b>, DerError> {
    let mut key = inner.take_reader(Tag::SEQUENCE)?;
    let mut algorithm = key.take_reader(Tag::SEQUENCE)?;
    let id = algorithm.take(Tag::OBJECT_IDENTIFIER)?;
    let curve = algorithm.optional(Tag::OBJECT_IDENTIFIER)?;
    let bytes = key.take_bits()?;
    key.end()?;
    Ok(SubjectKey {
        kind: KeyKind::of_certificate(id, curve),
        bytes,
    })
}

fn take_extensions<'b>(inner: &mut Reader<'b>) -> Result<Vec<Extension<'b>>, CertificateError> {
    inner.optional(Tag::implicit(1))?; // Unique ids of issuer
    inner.optional(Tag::implicit(2))?; // and subject, which nobody uses.
    let extensions = inner.optional(Tag::explicit(3))?;
    inner.end()?;
    let mut found: Vec<Extension<'b>> = Vec::new();
    let Some(extensions) = extensions else {
        return Ok(found);
    };
    let mut list = Reader::new(der::whole(extensions, Tag::SEQUENCE)?);
    while !list.is_empty() {
        let extension = take_extension(&mut list)?;
        let is_known = found.iter().any(|earlier| earlier.id == extension.id);
        if is_known || found.len() >= EXTENSIONS_MAX {
            return Err(CertificateError::Extensions);
        }
        found.push(extension);
    }
    Ok(found)
}

fn take_extension<'b>(list: &mut Reader<'b>) -> Result<Extension<'b>, DerError> {
    let mut extension = list.take_reader(Tag::SEQUENCE)?;
    let id = extension.take(Tag::OBJECT_IDENTIFIER)?;
    let critical = extension.optional(Tag::BOOLEAN)?.map(der::boolean);
    let value = extension.take(Tag::OCTET_STRING)?;
    extension.end()?;
    Ok(Extension {
        id,
        critical: critical.transpose()?.unwrap_or(false),
        value,
    })
}

pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
pub(super) const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
pub(super) const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// 1.3.6.1.4.1.45724.1.1.4, id-fido-gen-ce-aaguid.
const FIDO_AAGUID: &[u8] = &[
    0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xe5, 0x1c, 0x01, 0x01, 0x04,
];
const VERSION_3: u32 = 2;
/// Certificates have about ten.
const EXTENSIONS_MAX: usize = 64;
