//! What a relying party asks of client and authenticator (WebAuthn L3 §5.4 and §5.5), as JSON.
//!
//! All but a few members are the same in each answer of a tenant, so a template holds those as bytes and each answer
//! copies them. No member is ever `null`: clients forward `null` to the browser, which refuses it.

mod parts;

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};

use super::cose::Algorithm;
use parts::Parts;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum UserVerification {
    #[n(0)]
    Required,
    #[n(1)]
    Preferred,
    #[n(2)]
    Discouraged,
}

impl UserVerification {
    pub const ALL: [Self; 3] = [Self::Required, Self::Preferred, Self::Discouraged];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
            Self::Discouraged => "discouraged",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AuthenticatorAttachment {
    #[n(0)]
    Platform,
    #[n(1)]
    CrossPlatform,
}

impl AuthenticatorAttachment {
    pub const ALL: [Self; 2] = [Self::Platform, Self::CrossPlatform];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CrossPlatform => "cross-platform",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AttestationConveyance {
    #[n(0)]
    None,
    #[n(1)]
    Indirect,
    #[n(2)]
    Direct,
    #[n(3)]
    Enterprise,
}

impl AttestationConveyance {
    pub const ALL: [Self; 4] = [Self::None, Self::Indirect, Self::Direct, Self::Enterprise];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Indirect => "indirect",
            Self::Direct => "direct",
            Self::Enterprise => "enterprise",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ResidentKey {
    #[n(0)]
    Discouraged,
    #[n(1)]
    Preferred,
    #[n(2)]
    Required,
}

impl ResidentKey {
    pub const ALL: [Self; 3] = [Self::Discouraged, Self::Preferred, Self::Required];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discouraged => "discouraged",
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }
}

/// `PublicKeyCredentialHint`: what the client should offer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Hint {
    #[n(0)]
    SecurityKey,
    #[n(1)]
    ClientDevice,
    #[n(2)]
    Hybrid,
}

impl Hint {
    pub const ALL: [Self; 3] = [Self::SecurityKey, Self::ClientDevice, Self::Hybrid];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecurityKey => "security-key",
            Self::ClientDevice => "client-device",
            Self::Hybrid => "hybrid",
        }
    }
}

/// The members of `PublicKeyCredentialCreationOptions` that are the relying party's choice.
#[derive(Debug, Clone, Copy)]
pub struct CreationChoices<'a> {
    pub rp_id: &'a str,
    pub rp_name: &'a str,
    pub algorithms: &'a [Algorithm],
    pub timeout_milliseconds: i64,
    pub attachment: Option<AuthenticatorAttachment>,
    pub resident_key: ResidentKey,
    pub user_verification: UserVerification,
    pub attestation: AttestationConveyance,
    pub hints: &'a [Hint],
    /// A JSON object; an empty one is left out.
    pub extensions: &'a str,
}

/// `PublicKeyCredentialUserEntity`.
#[derive(Debug, Clone, Copy)]
pub struct UserEntity<'a> {
    pub id: &'a [u8],
    pub name: &'a str,
    pub display_name: &'a str,
    pub icon: Option<&'a str>,
}

/// `PublicKeyCredentialDescriptor`; its transports as they were stored, separated by commas, none for an empty text.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor<'a> {
    pub id: &'a [u8],
    pub transports: &'a str,
}

/// Creation options, ready but for user, challenge and the credentials to exclude.
#[derive(Debug)]
pub struct CreationTemplate {
    own: Parts<3>,
    /// Often the same for all tenants, and then there once: it is longer than all else.
    parameters: Cow<'static, str>,
}

impl CreationTemplate {
    pub fn new(choices: &CreationChoices<'_>) -> Self {
        let mut head = String::from(r#"{"publicKey":{"rp":{"name":"#);
        push_text(&mut head, choices.rp_name);
        head.push_str(r#","id":"#);
        push_text(&mut head, choices.rp_id);
        head.push_str(r#"},"user":{"name":"#);
        let timeout = format!(r#","timeout":{}"#, choices.timeout_milliseconds);
        let tail = format!(
            r#","authenticatorSelection":{},"attestation":"{}"{}{}}}}}"#,
            selection(choices),
            choices.attestation.as_str(),
            hints(choices.hints),
            extensions(choices.extensions)
        );
        Self {
            own: Parts::new([head, timeout, tail]),
            parameters: parameters(choices.algorithms),
        }
    }

    pub fn render<'a>(
        &self,
        user: &UserEntity<'_>,
        challenge: &[u8],
        exclude: impl Iterator<Item = Descriptor<'a>>,
    ) -> String {
        let [head, timeout, tail] = self.own.all();
        let always = self.own.length() + self.parameters.len();
        let names = user.name.len() + user.display_name.len();
        let encoded = (user.id.len() + challenge.len()) * 2;
        let mut json = String::with_capacity(always + names + encoded + MEMBERS);
        json.push_str(head);
        push_text(&mut json, user.name);
        if let Some(icon) = user.icon {
            json.push_str(r#","icon":"#);
            push_text(&mut json, icon);
        }
        json.push_str(r#","displayName":"#);
        push_text(&mut json, user.display_name);
        json.push_str(r#","id":"#);
        push_base64url(&mut json, user.id);
        json.push_str(r#"},"challenge":"#);
        push_base64url(&mut json, challenge);
        json.push_str(&self.parameters);
        json.push_str(timeout);
        push_descriptors(&mut json, "excludeCredentials", exclude);
        json.push_str(tail);
        json
    }
}

/// Request options, ready but for challenge and the credentials to allow.
#[derive(Debug)]
pub struct RequestTemplate {
    own: Parts<2>,
}

impl RequestTemplate {
    pub fn new(
        rp_id: &str,
        timeout_milliseconds: i64,
        user_verification: UserVerification,
        offered: &[Hint],
    ) -> Self {
        let mut middle = format!(r#","timeout":{timeout_milliseconds},"rpId":"#);
        push_text(&mut middle, rp_id);
        let tail = format!(
            r#","userVerification":"{}"{}}}}}"#,
            user_verification.as_str(),
            hints(offered)
        );
        Self {
            own: Parts::new([middle, tail]),
        }
    }

    pub fn render<'a>(
        &self,
        challenge: &[u8],
        allow: impl Iterator<Item = Descriptor<'a>>,
    ) -> String {
        let [middle, tail] = self.own.all();
        let mut json = String::with_capacity(self.own.length() + 128);
        json.push_str(r#"{"publicKey":{"challenge":"#);
        push_base64url(&mut json, challenge);
        json.push_str(middle);
        push_descriptors(&mut json, "allowCredentials", allow);
        json.push_str(tail);
        json
    }
}

/// Most tenants offer all, and share the text of it: a thousand copies would be in no cache when they are needed.
fn parameters(algorithms: &[Algorithm]) -> Cow<'static, str> {
    static ALL: LazyLock<String> = LazyLock::new(|| list_of(&Algorithm::ALL));
    if algorithms == Algorithm::ALL {
        return Cow::Borrowed(ALL.as_str());
    }
    Cow::Owned(list_of(algorithms))
}

fn list_of(algorithms: &[Algorithm]) -> String {
    let parameter = |algorithm: &Algorithm| {
        let number = algorithm.cose_number();
        format!(r#"{{"type":"public-key","alg":{number}}}"#)
    };
    let parameters: Vec<String> = algorithms.iter().map(parameter).collect();
    format!(r#","pubKeyCredParams":[{}]"#, parameters.join(","))
}

fn hints(hints: &[Hint]) -> String {
    if hints.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = hints.iter().map(|hint| hint.as_str()).collect();
    format!(r#","hints":["{}"]"#, names.join(r#"",""#))
}

fn extensions(object: &str) -> String {
    if object == "{}" {
        return String::new();
    }
    format!(r#","extensions":{object}"#)
}

/// `requireResidentKey` is for Level 1 clients and must say the same as `residentKey` (L3 §5.4.4).
fn selection(choices: &CreationChoices<'_>) -> String {
    let attachment = choices.attachment.map_or_else(String::new, |attachment| {
        format!(r#""authenticatorAttachment":"{}","#, attachment.as_str())
    });
    format!(
        r#"{{{attachment}"requireResidentKey":{},"residentKey":"{}","userVerification":"{}"}}"#,
        choices.resident_key == ResidentKey::Required,
        choices.resident_key.as_str(),
        choices.user_verification.as_str()
    )
}

/// Absent rather than empty: an empty `allowCredentials` is a discoverable login, an empty `excludeCredentials` says nothing.
fn push_descriptors<'a>(
    json: &mut String,
    member: &str,
    descriptors: impl Iterator<Item = Descriptor<'a>>,
) {
    let mut first = true;
    for descriptor in descriptors {
        if first {
            json.push_str(",\"");
            json.push_str(member);
            json.push_str("\":[");
        } else {
            json.push(',');
        }
        first = false;
        push_descriptor(json, descriptor);
    }
    if !first {
        json.push(']');
    }
}

fn push_descriptor(json: &mut String, descriptor: Descriptor<'_>) {
    json.push_str(r#"{"type":"public-key","id":"#);
    push_base64url(json, descriptor.id);
    if !descriptor.transports.is_empty() {
        json.push_str(r#","transports":["#);
        for (index, transport) in descriptor.transports.split(',').enumerate() {
            if index > 0 {
                json.push(',');
            }
            push_text(json, transport);
        }
        json.push(']');
    }
    json.push('}');
}

fn push_base64url(json: &mut String, bytes: &[u8]) {
    json.push('"');
    let mut short = [0; SHORT];
    let encoded = URL_SAFE_NO_PAD.encode_slice(bytes, &mut short);
    match encoded
        .ok()
        .and_then(|length| std::str::from_utf8(&short[..length]).ok())
    {
        Some(text) => json.push_str(text),
        None => URL_SAFE_NO_PAD.encode_string(bytes, json),
    }
    json.push('"');
}

/// Room for the names of the members that are not in a template.
const MEMBERS: usize = 64;

/// Challenges, user ids and most credential ids fit in here, encoded.
const SHORT: usize = 128;

/// A JSON string. Most names need no escape, and then a copy is all.
fn push_text(json: &mut String, text: &str) {
    // To the end whatever is found: so many bytes are looked at at a time.
    let escapes = text.bytes().fold(0, |found, byte| {
        found | u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\')
    });
    if escapes == 0 {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}
