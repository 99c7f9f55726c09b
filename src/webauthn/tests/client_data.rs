//! Client data: what is read, what is ignored, what is refused.

use super::super::client_data::ClientData;

#[test]
fn the_members_are_read() {
    let data = parse(
        r#"{"type":"webauthn.get","challenge":"AAEC","origin":"https://a.example","crossOrigin":true,"topOrigin":"https://b.example"}"#,
    );
    assert_eq!(data.ceremony_type, "webauthn.get");
    assert_eq!(data.challenge, [0, 1, 2]);
    assert_eq!(data.origin, "https://a.example");
    assert!(data.cross_origin);
    assert_eq!(data.top_origin.as_deref(), Some("https://b.example"));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let text = format!("\u{feff}{}", with(""));
    assert_eq!(parse(&text).challenge, [0, 1, 2]);
}

#[test]
fn null_is_absent_where_a_member_is_optional() {
    let data = parse(&with(r#","crossOrigin":null,"topOrigin":null"#));
    assert!(!data.cross_origin && data.top_origin.is_none());
}

#[test]
fn unknown_members_and_token_binding_are_ignored() {
    parse(&with(
        r#","tokenBinding":{"status":"x"},"extraData":[1,{"a":null}]"#,
    ));
    parse(&with(r#","tokenBinding":"unused""#));
}

#[test]
fn a_member_that_occurs_twice_is_refused() {
    for twice in [
        r#","type":"webauthn.get""#,
        r#","\u0074ype":"webauthn.get""#,
        r#","crossOrigin":null,"crossOrigin":null"#,
        r#","x":1,"x":1"#,
        r#","tokenBinding":null,"tokenBinding":null"#,
    ] {
        assert!(
            ClientData::parse(with(twice).as_bytes()).is_err(),
            "{twice}"
        );
    }
}

#[test]
fn members_of_a_wrong_type_are_refused() {
    for wrong in [
        r#"{"type":1,"challenge":"AAEC","origin":"o"}"#,
        r#"{"type":"t","challenge":null,"origin":"o"}"#,
        r#"{"type":"t","challenge":"AAEC","origin":["o"]}"#,
        r#"{"type":"t","challenge":"AAEC"}"#,
        r#"{"type":"t","origin":"o"}"#,
        r#"{"challenge":"AAEC","origin":"o"}"#,
        r#"["t","AAEC","o"]"#,
        "null",
        "",
    ] {
        assert!(ClientData::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(ClientData::parse(with(r#","crossOrigin":"true""#).as_bytes()).is_err());
    assert!(ClientData::parse(with(r#","topOrigin":1"#).as_bytes()).is_err());
}

#[test]
fn a_challenge_outside_base64url_is_refused() {
    for challenge in ["A+/=", "A", "a b", "é"] {
        let text = format!(r#"{{"type":"t","challenge":"{challenge}","origin":"o"}}"#);
        assert!(ClientData::parse(text.as_bytes()).is_err(), "{challenge}");
    }
}

#[test]
fn bytes_behind_the_object_are_refused() {
    assert!(ClientData::parse(format!("{}{{}}", with("")).as_bytes()).is_err());
    assert!(ClientData::parse(format!("{} \n", with("")).as_bytes()).is_ok());
}

#[test]
fn invalid_utf8_is_refused_wherever_it_stands() {
    let text = with(r#","x":"?""#);
    let position = text.find('?').unwrap();
    let mut bytes = text.into_bytes();
    bytes[position] = 0xff;
    assert!(ClientData::parse(&bytes).is_err());
}

#[test]
fn deep_nesting_is_an_error_and_no_stack_overflow() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let nested = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let text = with(&format!(r#","x":{nested}"#));
        assert!(ClientData::parse(text.as_bytes()).is_err());
        assert!(ClientData::parse(nested.as_bytes()).is_err());
    }
}

#[test]
fn debug_shows_no_challenge() {
    let shown = format!("{:?}", parse(&with("")));
    assert!(!shown.contains("challenge") && !shown.contains("[0, 1, 2]"));
}

fn parse(text: &str) -> ClientData {
    ClientData::parse(text.as_bytes()).unwrap()
}

fn with(members: &str) -> String {
    format!(
        r#"{{"type":"webauthn.create","challenge":"AAEC","origin":"https://a.example"{members}}}"#
    )
}
