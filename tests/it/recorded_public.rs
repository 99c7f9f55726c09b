//! What the reference server of the Public API answered, asked again of ours by the path alias: status, message, headers
//! and members. Each step finds people of its own, so that no step depends on another.

mod comparison;
mod world;

use serde_json::{Value, json};

use crate::recorded::recorded;
use comparison::differences;

#[tokio::test]
async fn we_answer_what_the_reference_answered_to_pages() {
    let Some(steps) = recorded("recorded-answers-public-api.json") else {
        return;
    };
    let server = world::serve();
    let tenant = server.tenant_with(world::settings()).await;
    let mut errors = Vec::new();
    for (name, step) in &steps {
        let (answer, names) = world::ask(&server, &tenant, name, &step["request"]).await;
        let mut expected = step["answer"].clone();
        let deviation = DEVIATIONS.iter().find(|deviation| deviation.step == name);
        if let Some(deviation) = deviation {
            (deviation.ours)(&mut expected);
        }
        errors.extend(differences(name, &expected, &answer, &names));
    }
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
    assert!(steps.len() > 50, "{}", steps.len());
}

#[test]
fn the_exceptions_are_steps_of_the_recording_for_pages() {
    let Some(steps) = recorded("recorded-answers-public-api.json") else {
        return;
    };
    for Deviation { step, why, .. } in DEVIATIONS {
        assert!(steps.contains_key(*step), "{step} ({why})");
    }
}

/// Where we answer otherwise, on purpose.
struct Deviation {
    step: &'static str,
    why: &'static str,
    ours: fn(&mut Value),
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        step: "login.initialize/user_unknown",
        why: "nobody is told who is there: whoever is not is offered decoys",
        ours: |expected| {
            expected["status"] = 200.into();
            expected["body"] = json!({"publicKey": {
                "challenge": "<b64:43>", "timeout": 600_000, "rpId": "localhost",
                "allowCredentials": "<any>", "userVerification": "preferred",
            }});
        },
    },
    Deviation {
        step: "session/config",
        why: "there are no passwords here, and nobody signs up without being vouched for",
        ours: |expected| {
            expected["body"]["password"]["enabled"] = false.into();
            expected["body"]["account"]["allow_signup"] = false.into();
        },
    },
];
