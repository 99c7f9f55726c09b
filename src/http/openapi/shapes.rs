//! What a derive cannot say of a member: words from the domain's own lists, and texts of a form. Nothing is checked here;
//! who reads a request does that, and the patterns say it as closely as patterns can.

use std::borrow::Cow;

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder,
    SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::tenant::audit::KINDS;
use crate::tenant::settings::{
    BackupEligibleChange, CounterPolicy, RsaBits, SameSite, TokenAlgorithm, VerifyAttestation,
};
use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::{
    AttestationConveyance, AuthenticatorAttachment, Hint, ResidentKey, UserVerification,
};

/// Types that stand for a schema and are never made: an `impl` a shape is all that there is to one.
macro_rules! shapes {
    ($($(#[$about:meta])* $name:ident: $schema:expr;)*) => {$(
        $(#[$about])*
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

shapes! {
    UserVerificationWord: words(UserVerification::ALL.map(UserVerification::as_str));
    AttachmentWord: words(AuthenticatorAttachment::ALL.map(AuthenticatorAttachment::as_str));
    AttestationWord: words(AttestationConveyance::ALL.map(AttestationConveyance::as_str));
    ResidentKeyWord: words(ResidentKey::ALL.map(ResidentKey::as_str));
    CounterWord: words(CounterPolicy::ALL.map(CounterPolicy::as_str));
    BackupWord: words(BackupEligibleChange::ALL.map(BackupEligibleChange::as_str));
    VerifyWord: words(VerifyAttestation::ALL.map(VerifyAttestation::as_str));
    TokenAlgorithmWord: words(TokenAlgorithm::ALL.map(TokenAlgorithm::as_str));
    SameSiteWord: words(SameSite::ALL.map(SameSite::as_str));
    KindWord: words(KINDS.map(|(_, name)| name));
    RsaBitsNumber: numbers(RsaBits::ALL.map(|bits| bits.number().into()));
    Hints: set(words(Hint::ALL.map(Hint::as_str)));
    Algorithms: set(numbers(Algorithm::ALL.map(Algorithm::cose_number))).min_items(Some(1));
    Aaguids: set(text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))).max_items(Some(1000));
    /// As browsers send them.
    Origins: set(text().pattern(Some(ORIGIN)).examples(["https://shop.example"])).max_items(Some(1000));
    SomeOrigins: set(text().pattern(Some(ORIGIN)).examples(["https://shop.example"])).min_items(Some(1)).max_items(Some(1000));
    AllowedOrigins: set(text().min_length(Some(1)).examples(["https://shop.example"])).min_items(Some(1)).max_items(Some(1000));
    Address: text().pattern(Some(ADDRESS)).max_length(Some(2048)).examples(["https://shop.example/ann.png"]);
    KeySetAddress: text().pattern(Some(KEY_ADDRESS)).examples(["https://id.example.com/jwks.json"]);
    /// In a query, nothing is as good as absent.
    Count: AnyOfBuilder::new().item(integer()).item(text().max_length(Some(0)));
    Direction: words(["desc", "asc", ""]);
    Time: AnyOfBuilder::new()
        .item(text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))))
        .item(text().max_length(Some(0)));
    Certificates: ArrayBuilder::new()
        .items(text().format(Some(SchemaFormat::Custom("certificate".to_owned()))))
        .max_items(Some(200));
    SecretId: text().pattern(Some(UUID4)).examples(["3f1c6f0e-9a3b-4c55-8d2e-2f1a7c9b0e11"]);
    /// A negative one is over when it begins.
    Milliseconds: OneOfBuilder::new()
        .item(integer().minimum(Some(1)).examples([60_000]))
        .item(integer().maximum(Some(-1)));
    /// Empty is as good as absent.
    SessionEmail: text().pattern(Some(SOME_EMAIL)).max_length(Some(254)).examples(["ann@example.com"]);
    RawId: text().description(Some("Of a credential, base64url without padding")).pattern(Some("^[A-Za-z0-9_-]+$")).min_length(Some(1)).examples(["8uQqf1qHn0W3yTn0Lr8cVw"]);
    CookieName: text().pattern(Some("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")).examples(["session"]);
    HostName: text().pattern(Some(HOST)).max_length(Some(253)).examples(["shop.example"]);
    /// Browsers refuse options with a `null` in them.
    ExtensionInputs: object().additional_properties(Some(AdditionalProperties::RefOr(anything().into())));
    AnyJson: anything();
    PublicKeys: object()
        .property("keys", ArrayBuilder::new().items(public_key()).min_items(Some(1)))
        .required("keys");
}

/// Of two members exactly one is there.
pub(super) fn either(whole: RefOr<Schema>, one: &str, other: &str) -> Schema {
    let only = |given: &str, absent: &str| {
        let nothing = ObjectBuilder::new().schema_type(Type::Null);
        let something = SchemaType::from_iter([Type::Object, Type::String]);
        object()
            .property(given, ObjectBuilder::new().schema_type(something))
            .property(absent, nothing)
            .required(given)
    };
    let choice = OneOfBuilder::new()
        .item(only(one, other))
        .item(only(other, one));
    AllOfBuilder::new().item(choice).item(whole).into()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

fn integer() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
}

fn words<const COUNT: usize>(all: [&'static str; COUNT]) -> ObjectBuilder {
    text().enum_values(Some(all))
}

fn numbers<const COUNT: usize>(all: [i64; COUNT]) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .enum_values(Some(all))
}

/// A list with no entry twice.
fn set(entry: ObjectBuilder) -> ArrayBuilder {
    ArrayBuilder::new().items(entry).unique_items(true)
}

/// Any value but `null`.
fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([
        Type::Object,
        Type::Array,
        Type::String,
        Type::Number,
        Type::Boolean,
    ]))
}

/// Of an asymmetric kind, without its private part.
fn public_key() -> AnyOfBuilder {
    let number = |format: &str| text().format(Some(SchemaFormat::Custom(format.to_owned())));
    let rsa = jwk("RSA")
        .property("n", number("rsa-modulus"))
        .property("e", number("rsa-exponent"));
    let elliptic = jwk("EC")
        .property("crv", number("jwk-curve"))
        .property("x", number("p-256-x"))
        .property("y", number("p-256-y"));
    let edwards = jwk("OKP")
        .property("crv", words(["Ed25519"]))
        .property("x", number("ed25519"));
    AnyOfBuilder::new()
        .item(rsa.required("n").required("e"))
        .item(elliptic.required("crv").required("x").required("y"))
        .item(edwards.required("crv").required("x"))
}

fn jwk(kty: &'static str) -> ObjectBuilder {
    let never = || Extensions::from_iter([("not", serde_json::json!({}))]);
    let absent = || ObjectBuilder::new().schema_type(SchemaType::any());
    object()
        .property("kty", words([kty]))
        .property("d", absent().extensions(Some(never())))
        .property("k", absent().extensions(Some(never())))
        .required("kty")
}

const UUID4: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
const SOME_EMAIL: &str = "^([^@]*@[\\s\\S]*)?$";
const HOST: &str = "^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*$";
/// In the clear only on this machine.
const KEY_ADDRESS: &str = "^(https://([a-z0-9-]+\\.)*[a-z][a-z0-9-]*|http://localhost)(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~/-]*)?$";
const ADDRESS: &str = "^(https?://([A-Za-z0-9-]+\\.)*[A-Za-z][A-Za-z0-9-]*(:[1-9][0-9]{0,3})?(/[!-~]*)?|data:[a-z0-9,;][!-~]*)$";
/// A port is there only where it is not the usual one.
const ORIGIN: &str = "^(https?://([a-z0-9_-]+\\.)*[a-z][a-z0-9_-]*(:[1-9][0-9]{3})?|android:apk-key-hash:[\\s\\S]*[^:])$";
