//! What the reference server answered, asked again of ours: status, title, validation texts, headers and members.
//!
//! The recordings are no part of the repository. They are read from `../shared/vectors`, or from the folder that
//! `KEYWRIGHT_VECTORS` names.

mod expectation;
mod people;
mod world;

use std::path::PathBuf;

use serde_json::{Map, Value};

use expectation::difference;
use world::World;

#[tokio::test]
async fn we_answer_what_the_reference_answered() {
    let Some(steps) = recorded("recorded-answers-passkey-api.json") else {
        return;
    };
    let mut world = World::new().await;
    let (mut compared, mut errors) = (0, Vec::new());
    for (name, step) in &steps {
        if NOT_YET.iter().any(|(prefix, _)| name.starts_with(prefix)) {
            continue;
        }
        let deviation = DEVIATIONS
            .iter()
            .find(|deviation| deviation.steps.contains(&name.as_str()));
        let answer = world.ask(name, &step["request"]).await;
        let mut expected = step["answer"].clone();
        if let Some(deviation) = deviation {
            (deviation.ours)(&mut expected);
        }
        compared += 1;
        errors.extend(difference(name, &expected, &answer));
    }
    assert!(errors.is_empty(), "\n{}", errors.join("\n"));
    let skipped = steps.len() - compared;
    eprintln!("recorded answers: {compared} compared, {skipped} of routes that are not there yet");
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_exceptions_are_steps_of_the_recording() {
    let Some(steps) = recorded("recorded-answers-passkey-api.json") else {
        return;
    };
    for (prefix, why) in NOT_YET {
        let is_used = steps.keys().any(|name| name.starts_with(prefix));
        assert!(is_used, "no step begins with {prefix} ({why})");
    }
    for deviation in DEVIATIONS {
        for step in deviation.steps {
            assert!(steps.contains_key(*step), "{step} ({})", deviation.why);
        }
    }
}

pub(crate) fn recorded(file: &str) -> Option<Map<String, Value>> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors");
    let folder = std::env::var_os("KEYWRIGHT_VECTORS").map_or(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        eprintln!(
            "SKIPPED: {file} is not in {}; set KEYWRIGHT_VECTORS",
            folder.display()
        );
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// Where we answer otherwise, on purpose.
struct Deviation {
    why: &'static str,
    steps: &'static [&'static str],
    ours: fn(&mut Value),
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        why: "a wrong method is 405 with Allow, the reference says 404",
        steps: &[
            "registration.initialize/wrong_method",
            "mfa/registration.initialize/wrong_method",
            "credentials/put_one",
            "admin.tenants/patch_tenant",
        ],
        ours: |expected| {
            expected["status"] = 405.into();
            expected["body"]["status"] = 405.into();
            expected["body"]["title"] = "Method Not Allowed".into();
            expected["body"]["details"] = "<any>".into();
            expected["headers"]["allow"] = "<any>".into();
        },
    },
    Deviation {
        why: "the configured timeout counts where user verification is discouraged too",
        steps: &["registration.uv_discouraged/initialize"],
        ours: |expected| expected["body"]["publicKey"]["timeout"] = 60000.into(),
    },
    Deviation {
        why: "a user exists once a credential is registered",
        steps: &["mfa.login/user_without_credential"],
        ours: |expected| {
            expected["status"] = 404.into();
            expected["body"] =
                serde_json::json!({"title": "user not found", "details": "", "status": 404});
        },
    },
    Deviation {
        why: "a user exists once a credential is registered, before that a transaction is for nobody",
        steps: &["transaction/user_without_credential"],
        ours: |expected| {
            expected["status"] = 404.into();
            expected["body"] =
                serde_json::json!({"title": "unable to find user", "details": "", "status": 404});
        },
    },
    Deviation {
        why: "a user without a credential for the ceremony is 400, the reference says 500",
        steps: &["transaction/only_mfa"],
        ours: |expected| {
            expected["status"] = 400.into();
            expected["body"]["status"] = 400.into();
            expected["body"]["title"] =
                "user has no suitable credentials for this operation".into();
            expected["body"]["details"] = "<any>".into();
        },
    },
    Deviation {
        why: "transports are told, and a credential has a name for people",
        steps: &[
            "credentials/list_of_user",
            "credentials/list_page1_of_3",
            "credentials/list_page2_of_3",
            "credentials/list_page_negative",
            "credentials/get",
        ],
        ours: |expected| {
            let named = |credential: &mut Value| {
                credential["name"] = "<any>".into();
                credential["transports"] = serde_json::json!(["internal"]);
            };
            if let Some(all) = expected["body"].as_array_mut() {
                all.iter_mut().for_each(named);
            } else {
                named(&mut expected["body"]);
            }
        },
    },
    Deviation {
        why: "a credential that is registered already is a conflict, no fault of the server",
        steps: &["mfa/registration.finalize/again_same_credential"],
        ours: |expected| {
            expected["status"] = 409.into();
            expected["body"] =
                serde_json::json!({"title": "<any>", "details": "<any>", "status": 409});
        },
    },
    Deviation {
        why: "transports are told, and names are for people",
        steps: &["admin.users/get"],
        ours: |expected| {
            expected["body"]["credentials"][0]["name"] = "<any>".into();
            expected["body"]["credentials"][0]["transports"] = "<any>".into();
        },
    },
    Deviation {
        why: "the client that asks here has no name",
        steps: &[
            "audit/public_transaction",
            "audit/public_deleted",
            "audit/admin_of_user",
        ],
        ours: |expected| expected["body"][0]["meta_user_agent"] = "".into(),
    },
    Deviation {
        why: "RSA keys have 2048 bits, not 4096",
        steps: &["public.common/jwks", "public.common/jwks_with_origin"],
        ours: |expected| expected["body"]["keys"][0]["n"] = "<b64:342>".into(),
    },
];

/// Steps of routes that this release does not have. The list only ever gets shorter.
const NOT_YET: &[(&str, &str)] = &[];
