//! Comparing an answer with a recorded one: members may be more, never fewer, never `null`; what differs from run to run
//! stands as a placeholder.

use serde_json::Value;

use super::world::Asked;
use crate::support::from_base64url;

/// What is wrong, a line each.
pub(super) fn difference(name: &str, expected: &Value, asked: &Asked) -> Vec<String> {
    let mut errors = Vec::new();
    let answer = &asked.answer;
    if answer.status != expected["status"] {
        let (ours, theirs) = (answer.status, &expected["status"]);
        errors.push(format!(
            "{name}: status {ours}, not {theirs}: {}",
            answer.text
        ));
        return errors;
    }
    for (header, value) in expected["headers"].as_object().unwrap() {
        let ours = answer.header(header);
        let is_same = match value.as_str().unwrap() {
            "<any>" => ours.is_some(),
            // Addresses are recorded without the server's.
            text => {
                let ours = ours.map(|ours| ours.replace(&asked.server, ""));
                ours == Some(asked.fill(&text.replace("admin:", "")))
            }
        };
        if !is_same {
            errors.push(format!("{name}: header {header} is {ours:?}, not {value}"));
        }
    }
    let body = serde_json::from_str(&answer.text).unwrap_or(Value::String(answer.text.clone()));
    let mut expected = expected["body"].clone();
    if answer.status >= 400 && !is_word_for_word(&expected) {
        expected["details"] = "<any>".into();
    }
    compare(name, &expected, &body, asked, &mut errors);
    errors
}

/// Validation messages and the API key text are; elsewhere any details that help will do.
fn is_word_for_word(body: &Value) -> bool {
    let details = body["details"].as_str().unwrap_or_default();
    let phrases = [
        " is a required field",
        " must ",
        " cannot have more than ",
        "api keys needs",
    ];
    details.is_empty() || phrases.iter().any(|phrase| details.contains(phrase))
}

fn compare(path: &str, expected: &Value, ours: &Value, asked: &Asked, errors: &mut Vec<String>) {
    match (expected, ours) {
        (Value::Object(expected), Value::Object(ours)) => {
            if let Some(token) = expected.get("$token") {
                errors.push(format!("{path}: a token, not an object: {token}"));
            }
            for (name, value) in expected {
                let path = format!("{path}.{name}");
                match ours.get(name) {
                    Some(Value::Null) if value.is_null() => {}
                    Some(Value::Null) | None => errors.push(format!("{path} is missing")),
                    Some(other) => compare(&path, value, other, asked, errors),
                }
            }
            for (name, value) in ours {
                if value.is_null() && expected.get(name).is_none() {
                    errors.push(format!("{path}.{name} is null"));
                }
            }
        }
        (Value::Object(expected), Value::String(token)) if expected.contains_key("$token") => {
            compare_token(path, &expected["$token"], token, asked, errors);
        }
        (Value::Array(expected), Value::Array(ours)) if expected.len() == ours.len() => {
            for (number, (expected, ours)) in expected.iter().zip(ours).enumerate() {
                compare(&format!("{path}[{number}]"), expected, ours, asked, errors);
            }
        }
        (Value::String(text), ours) => {
            if !is_like(text, ours, asked) {
                errors.push(format!("{path}: {ours}, not {text:?}"));
            }
        }
        (expected, ours) if expected == ours => {}
        (expected, ours) => errors.push(format!("{path}: {ours}, not {expected}")),
    }
}

fn compare_token(
    path: &str,
    expected: &Value,
    token: &str,
    asked: &Asked,
    errors: &mut Vec<String>,
) {
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&from_base64url(&part.into())).unwrap())
        .collect();
    let mut claims = parts[1].clone();
    let seconds = |name: &str| parts[1][name].as_u64().unwrap();
    claims["lifetime"] = (seconds("exp") - seconds("iat")).into();
    compare(path, &expected["header"], &parts[0], asked, errors);
    compare(path, &expected["claims"], &claims, asked, errors);
}

fn is_like(expected: &str, ours: &Value, asked: &Asked) -> bool {
    if expected == "<any>" {
        return true;
    }
    let Some(text) = ours.as_str() else {
        return false;
    };
    let length = expected
        .strip_prefix("<b64:")
        .and_then(|rest| rest.strip_suffix('>'));
    if let Some(length) = length {
        return text.len().to_string() == length;
    }
    match expected {
        "tx-<uuid>" => text
            .strip_prefix("tx-")
            .is_some_and(|rest| uuid::Uuid::try_parse(rest).is_ok()),
        "<uuid>" => uuid::Uuid::try_parse(text).is_ok(),
        "<time>" => text.ends_with('Z') && text.contains('T'),
        _ => asked.fill(expected) == text,
    }
}
