//! The JSON form of a public key credential, as far as both ceremonies share it.
//!
//! Unknown members are skipped; nothing is ever read from an array where an object belongs, though serde's derive would.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::base64url;
use super::error::ResponseError;

/// The members of a `PublicKeyCredential` that both ceremonies have, `R` being their `response`. `clientExtensionResults` is among those that
/// are skipped, for no extension is asked for.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", bound = "R: Deserialize<'de>")]
pub(super) struct Credential<R> {
    id: Option<String>,
    raw_id: Option<Bytes>,
    r#type: Option<String>,
    response: Option<Object<R>>,
    pub(super) transports: Option<Vec<String>>,
    #[serde(rename = "authenticatorAttachment")]
    _authenticator_attachment: Option<String>,
}

impl<'de, R: Deserialize<'de>> Credential<R> {
    /// One JSON object and nothing behind it.
    pub(super) fn parse(body: &'de [u8]) -> Result<Self, ResponseError> {
        let object: Object<Self> = serde_json::from_slice(body).map_err(ResponseError::Json)?;
        Ok(object.0)
    }

    /// The credential id, which `id` and `rawId` must agree on, in the order of the contract's refusals.
    pub(super) fn checked_id(&mut self) -> Result<Vec<u8>, ResponseError> {
        let text = self.id.as_deref().filter(|text| !text.is_empty());
        let text = text.ok_or(ResponseError::IdMissing)?;
        let id = base64url::decode_unpadded(text).ok_or(ResponseError::IdNotBase64Url)?;
        if self.r#type.as_deref() != Some("public-key") {
            return Err(ResponseError::WrongType);
        }
        let raw_id = self.raw_id.take().ok_or(ResponseError::RawIdMissing)?;
        if raw_id.0 != id {
            return Err(ResponseError::RawIdMismatch);
        }
        Ok(id)
    }

    pub(super) fn take_response(&mut self) -> Result<R, ResponseError> {
        let response = self.response.take();
        Ok(response.ok_or(ResponseError::ResponseMissing)?.0)
    }
}

/// Binary members: base64url, padded or not.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(BytesVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a base64url string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
        let bytes = base64url::decode(text);
        bytes
            .map(Bytes)
            .ok_or_else(|| E::custom("not base64url encoded"))
    }
}

/// A `T` that must be written as a JSON object.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}
