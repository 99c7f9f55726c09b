//! `clientDataJSON`: what the client says it asked the authenticator for (WebAuthn L3 §5.8.1).
//!
//! Nothing is compared with an expectation here. A member that occurs twice is never accepted: two parsers might disagree on which one counts.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::base64url;

#[derive(Clone, PartialEq, Eq)]
pub struct ClientData {
    /// The member `type`: `webauthn.create` or `webauthn.get`.
    pub ceremony_type: String,
    pub challenge: Vec<u8>,
    pub origin: String,
    pub cross_origin: bool,
    pub top_origin: Option<String>,
}

impl ClientData {
    /// Reads the client data. The error is serde's own, for the contract shows it to the client.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
        let text = str::from_utf8(json).map_err(|_| serde_json::Error::custom("not UTF-8"))?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let client_data = deserializer.deserialize_map(ClientDataVisitor)?;
        deserializer.end()?;
        Ok(client_data)
    }
}

impl fmt::Debug for ClientData {
    /// Shows no challenge: it is a secret until it is consumed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientData")
            .field("ceremony_type", &self.ceremony_type)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

struct ClientDataVisitor;

impl<'de> Visitor<'de> for ClientDataVisitor {
    type Value = ClientData;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("client data as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ClientData, A::Error> {
        let mut members = Members::default();
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            members.read(&name, &mut map)?;
            if !names.insert(name) {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        members.complete()
    }
}

#[derive(Default)]
struct Members {
    ceremony_type: Option<String>,
    challenge: Option<String>,
    origin: Option<String>,
    cross_origin: Option<bool>,
    top_origin: Option<String>,
}

impl Members {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.ceremony_type = Some(map.next_value()?),
            "challenge" => self.challenge = Some(map.next_value()?),
            "origin" => self.origin = Some(map.next_value()?),
            "crossOrigin" => self.cross_origin = map.next_value()?,
            "topOrigin" => self.top_origin = map.next_value()?,
            // Reserved and extension members, `tokenBinding` of older levels among them, only have to be well-formed. A `Value`
            // and not `IgnoredAny`, because only then does serde_json limit the depth.
            _ => drop(map.next_value::<Value>()?),
        }
        Ok(())
    }

    fn complete<E: Error>(self) -> Result<ClientData, E> {
        let challenge = self
            .challenge
            .ok_or_else(|| E::missing_field("challenge"))?;
        let challenge = base64url::decode(&challenge);
        Ok(ClientData {
            ceremony_type: self.ceremony_type.ok_or_else(|| E::missing_field("type"))?,
            challenge: challenge.ok_or_else(|| E::custom("challenge is not base64url encoded"))?,
            origin: self.origin.ok_or_else(|| E::missing_field("origin"))?,
            cross_origin: self.cross_origin.unwrap_or(false),
            top_origin: self.top_origin,
        })
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
