//! The JSON of a credential and the authenticator data in it: what can be read, and the kind of refusal where it cannot.

use serde_json::{Value, json};

use super::super::authentication::AuthenticationResponse;
use super::super::cose::Algorithm;
use super::super::error::{AuthenticatorDataError, ResponseError};
use super::super::registration::RegistrationResponse;
use super::authenticator::Authenticator;
use crate::forge::{attestation_object, base64url};

#[test]
fn an_empty_object_has_no_id() {
    assert!(matches!(
        refused_login(&json!({})),
        ResponseError::IdMissing
    ));
    assert!(matches!(
        refused_registration(&json!({})),
        ResponseError::IdMissing
    ));
}

#[test]
fn what_is_no_json_object_is_refused() {
    let login = authenticator().get().to_string();
    let twice = format!("{login}{login}");
    for body in [
        "",
        "null",
        "[]",
        r#""x""#,
        "{",
        r#"{"id":1}"#,
        twice.as_str(),
    ] {
        let refusal = AuthenticationResponse::parse(body.as_bytes()).err();
        assert!(matches!(refusal, Some(ResponseError::Json(_))), "{body}");
        let refusal = RegistrationResponse::parse(body.as_bytes()).err();
        assert!(matches!(refusal, Some(ResponseError::Json(_))), "{body}");
    }
    let array =
        json!({ "id": "AA", "rawId": "AA", "type": "public-key", "response": ["AA", "AA"] });
    assert!(matches!(refused_login(&array), ResponseError::Json(_)));
}

#[test]
fn the_id_is_unpadded_base64url() {
    let id = |id: Value| refused_login(&changed(authenticator().get(), "/id", id));
    assert!(matches!(id(json!(null)), ResponseError::IdMissing));
    assert!(matches!(id(json!("")), ResponseError::IdMissing));
    for text in ["AA==", "a+/b", "a b", "A"] {
        assert!(
            matches!(id(json!(text)), ResponseError::IdNotBase64Url),
            "{text}"
        );
    }
}

#[test]
fn the_type_is_public_key() {
    for wrong in [json!("password"), json!(null), json!("Public-Key")] {
        let response = changed(authenticator().get(), "/type", wrong);
        assert!(matches!(refused_login(&response), ResponseError::WrongType));
    }
}

#[test]
fn raw_id_is_id() {
    let raw_id = |raw_id: Value| refused_login(&changed(authenticator().get(), "/rawId", raw_id));
    assert!(matches!(raw_id(json!(null)), ResponseError::RawIdMissing));
    assert!(matches!(
        raw_id(json!("AAAA")),
        ResponseError::RawIdMismatch
    ));
    assert!(matches!(raw_id(json!("a+/b")), ResponseError::Json(_)));
}

#[test]
fn the_attested_credential_is_the_one_that_id_names() {
    let mut response = authenticator().create();
    response["id"] = json!("AAAA");
    response["rawId"] = json!("AAAA");
    assert!(matches!(
        refused_registration(&response),
        ResponseError::AttestedIdMismatch
    ));
}

#[test]
fn missing_members_have_their_own_reasons() {
    let login = |member| refused_login(&changed(authenticator().get(), member, json!(null)));
    assert!(matches!(login("/response"), ResponseError::ResponseMissing));
    assert!(matches!(
        login("/response/clientDataJSON"),
        ResponseError::ClientDataMissing
    ));
    assert!(matches!(
        login("/response/authenticatorData"),
        ResponseError::AuthenticatorDataMissing
    ));
    assert!(matches!(
        login("/response/signature"),
        ResponseError::SignatureMissing
    ));
    let register = |member| {
        let response = changed(authenticator().create(), member, json!(null));
        refused_registration(&response)
    };
    assert!(matches!(
        register("/response/clientDataJSON"),
        ResponseError::ClientDataMissing
    ));
    assert!(matches!(
        register("/response/attestationObject"),
        ResponseError::AttestationObjectMissing
    ));
}

#[test]
fn broken_parts_have_their_own_reasons() {
    let login = |member| refused_login(&changed(authenticator().get(), member, json!("AAAA")));
    assert!(matches!(
        login("/response/clientDataJSON"),
        ResponseError::ClientData(_)
    ));
    assert!(matches!(
        login("/response/authenticatorData"),
        ResponseError::AuthenticatorData(_)
    ));
    let response = changed(
        authenticator().create(),
        "/response/attestationObject",
        json!("AAAA"),
    );
    assert!(matches!(
        refused_registration(&response),
        ResponseError::AttestationObject(_)
    ));
}

#[test]
fn binary_members_may_be_padded() {
    let mut response = authenticator().get();
    response["response"]["userHandle"] = json!("AA==");
    response["rawId"] = json!(format!("{}==", response["rawId"].as_str().unwrap()));
    let parsed = AuthenticationResponse::parse(response.to_string().as_bytes());
    assert_eq!(parsed.unwrap().user_handle.unwrap(), [0]);
}

#[test]
fn an_empty_user_handle_is_none() {
    for handle in [json!(""), json!(null)] {
        let response = changed(authenticator().get(), "/response/userHandle", handle);
        let parsed = AuthenticationResponse::parse(response.to_string().as_bytes());
        assert_eq!(parsed.unwrap().user_handle, None);
    }
}

#[test]
fn other_members_are_ignored() {
    let mut response = authenticator().get();
    response["authenticatorAttachment"] = json!("platform");
    response["clientExtensionResults"] = json!({ "credProps": { "rk": true } });
    response["unknown"] = json!([1, 2, { "a": null }]);
    response["response"]["unknown"] = json!({ "deep": [[]] });
    assert!(AuthenticationResponse::parse(response.to_string().as_bytes()).is_ok());
}

#[test]
fn transports_are_few_short_and_different() {
    let mut response = authenticator().create();
    let mut given = ["usb", "usb", "", "a,b", "smart card"]
        .map(String::from)
        .to_vec();
    given.push("x".repeat(33));
    given.extend((0..20).map(|number| format!("transport-{number}")));
    response["response"]["transports"] = json!(given);
    response["transports"] = json!(["legacy"]);
    let transports = transports(&response);
    assert_eq!(transports.len(), 16);
    assert_eq!(transports[..2], ["usb", "transport-0"]);
}

#[test]
fn legacy_transports_count_only_where_there_are_no_others() {
    let mut response = authenticator().create();
    let members = response["response"].as_object_mut().unwrap();
    members.remove("transports").unwrap();
    assert!(transports(&response).is_empty());
    response["transports"] = json!(["nfc"]);
    assert_eq!(transports(&response), ["nfc"]);
    response["response"]["transports"] = json!([]);
    assert_eq!(transports(&response), ["nfc"]);
    response["response"]["transports"] = json!(["internal"]);
    assert_eq!(transports(&response), ["internal"]);
}

#[test]
fn a_registration_attests_a_credential() {
    let response = registration_with(&[&[0; 32][..], &[0x05], &[0; 4]].concat());
    assert!(matches!(
        refused_registration(&response),
        ResponseError::AttestedCredentialMissing
    ));
}

#[test]
fn a_credential_id_has_1_to_1023_bytes() {
    for length in [1, 1023] {
        let response = registration_with_id(vec![1; length]);
        assert!(RegistrationResponse::parse(response.to_string().as_bytes()).is_ok());
    }
    let response = registration_with_id(vec![1; 1024]);
    assert!(matches!(
        refused_registration(&response),
        ResponseError::AuthenticatorData(AuthenticatorDataError::CredentialIdLength)
    ));
    let mut data = authenticator().attested_data();
    data[53..55].fill(0);
    assert!(matches!(
        refused_registration(&registration_with(&data)),
        ResponseError::AuthenticatorData(AuthenticatorDataError::CredentialIdLength)
    ));
}

#[test]
fn extensions_are_a_map_where_the_flag_says_so() {
    let mut data = authenticator().attested_data();
    data[32] |= 0b1000_0010; // ED, and a reserved bit, which is ignored
    let with = |extensions: &[u8]| registration_with(&[data.as_slice(), extensions].concat());
    let credprops = [0xa1, 0x61, b'x', 0xf5];
    let parsed = RegistrationResponse::parse(with(&credprops).to_string().as_bytes());
    assert!(parsed.is_ok());
    for no_map in [&[][..], &[0x80], &[0xa1, 0x61]] {
        assert!(matches!(
            refused_registration(&with(no_map)),
            ResponseError::AuthenticatorData(AuthenticatorDataError::Extensions(_))
        ));
    }
    assert!(matches!(
        refused_registration(&with(&[0xa0, 0x00])),
        ResponseError::AuthenticatorData(AuthenticatorDataError::TrailingBytes)
    ));
}

#[test]
fn bytes_behind_authenticator_data_are_refused() {
    let data = [authenticator().attested_data(), vec![0xa0]].concat();
    assert!(matches!(
        refused_registration(&registration_with(&data)),
        ResponseError::AuthenticatorData(AuthenticatorDataError::TrailingBytes)
    ));
}

fn authenticator() -> Authenticator {
    Authenticator::new(Algorithm::EdDsa)
}

fn registration_with_id(credential_id: Vec<u8>) -> Value {
    let mut authenticator = authenticator();
    authenticator.credential_id = credential_id;
    authenticator.create()
}

fn registration_with(authenticator_data: &[u8]) -> Value {
    let object = attestation_object("none", &[0xa0], authenticator_data);
    let mut response = authenticator().create();
    response["response"]["attestationObject"] = json!(base64url(&object));
    response
}

fn changed(mut response: Value, pointer: &str, value: Value) -> Value {
    *response.pointer_mut(pointer).unwrap() = value;
    response
}

fn transports(response: &Value) -> Vec<String> {
    let parsed = RegistrationResponse::parse(response.to_string().as_bytes());
    parsed.unwrap().transports
}

fn refused_login(response: &Value) -> ResponseError {
    let parsed = AuthenticationResponse::parse(response.to_string().as_bytes());
    parsed.err().unwrap()
}

fn refused_registration(response: &Value) -> ResponseError {
    let parsed = RegistrationResponse::parse(response.to_string().as_bytes());
    parsed.err().unwrap()
}
