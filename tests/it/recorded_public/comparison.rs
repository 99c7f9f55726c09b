//! Comparing an answer with a recorded one: members may be more, never fewer, never `null`; what differs from run to run
//! stands as a placeholder.

use std::collections::HashMap;

use serde_json::Value;

use crate::support::Answer;

pub(super) type Names = HashMap<&'static str, String>;

/// What is wrong, a line each.
pub(super) fn differences(
    name: &str,
    expected: &Value,
    answer: &Answer,
    names: &Names,
) -> Vec<String> {
    if answer.status != expected["status"] {
        let theirs = &expected["status"];
        return vec![format!(
            "{name}: {}, not {theirs}: {}",
            answer.status, answer.text
        )];
    }
    let mut errors = Vec::new();
    for (header, value) in expected["headers"].as_object().unwrap() {
        let ours = answer.header(header).map(without_token);
        let theirs = value.as_str().unwrap();
        if ours.as_deref() != Some(theirs) {
            errors.push(format!("{name}: {header} is {ours:?}, not {theirs}"));
        }
    }
    for header in [
        "set-cookie",
        "x-session-lifetime",
        "access-control-allow-origin",
    ] {
        if expected["headers"].get(header).is_none() && answer.header(header).is_some() {
            errors.push(format!("{name}: {header} is there"));
        }
    }
    let body = serde_json::from_str(&answer.text).unwrap_or(Value::String(answer.text.clone()));
    compare(name, &expected["body"], &body, names, &mut errors);
    errors
}

fn without_token(header: &str) -> String {
    match header
        .strip_prefix("hanko=")
        .and_then(|rest| rest.split_once(';'))
    {
        Some((token, rest)) if token.split('.').count() == 3 => format!("hanko=<jwt>;{rest}"),
        _ => header.to_owned(),
    }
}

fn compare(path: &str, expected: &Value, ours: &Value, names: &Names, errors: &mut Vec<String>) {
    match (expected, ours) {
        (Value::Object(expected), Value::Object(ours)) => {
            for (name, value) in expected {
                let path = format!("{path}.{name}");
                match ours.get(name) {
                    Some(other) => compare(&path, value, other, names, errors),
                    None => errors.push(format!("{path} is missing")),
                }
            }
            for (name, value) in ours {
                if value.is_null() && expected.get(name).is_none() {
                    errors.push(format!("{path}.{name} is null"));
                }
            }
        }
        (Value::Array(expected), Value::Array(ours)) if expected.len() == ours.len() => {
            for (number, (expected, ours)) in expected.iter().zip(ours).enumerate() {
                compare(&format!("{path}[{number}]"), expected, ours, names, errors);
            }
        }
        (Value::String(text), ours) if is_like(text, ours, names) => {}
        (expected, ours) if expected == ours => {}
        (expected, ours) => errors.push(format!("{path}: {ours}, not {expected}")),
    }
}

fn is_like(expected: &str, ours: &Value, names: &Names) -> bool {
    if expected == "<any>" {
        return true;
    }
    let Some(text) = ours.as_str() else {
        return false;
    };
    let length = expected
        .strip_prefix("<b64:")
        .and_then(|rest| rest.strip_suffix('>'));
    match (expected, length) {
        (_, Some(length)) => text.len().to_string() == length,
        ("<uuid>", _) => uuid::Uuid::try_parse(text).is_ok(),
        ("<time>", _) => text.ends_with('Z') && text.contains('T'),
        _ => names.get(expected).map_or(expected, String::as_str) == text,
    }
}
