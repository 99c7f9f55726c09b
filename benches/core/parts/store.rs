//! What commits cost and how many there are in a second, 64 waiting at a time: what a login writes, and a registration.

use actix::System;
use keywright::store::{Commit, Store};
use serde_json::{Value, json};

use super::processor;
use crate::storage::{
    SOUND, TENANTS, audited_login, audited_registration, directory, fly, open, seed,
};

pub(crate) fn measure() -> Value {
    let (login, registration) = (commits(audited_login), commits(audited_registration));
    json!({
        "login_cpu_us": login.microseconds,
        "login_per_second": login.per_second,
        "registration_cpu_us": registration.microseconds,
        "registration_per_second": registration.per_second,
    })
}

/// Processor time of each, and how many there were.
struct Measured {
    microseconds: f64,
    per_second: f64,
}

fn commits(commit: fn(u64) -> Commit) -> Measured {
    let system = System::new();
    let directory = directory();
    let store = open(directory.path());
    for tenant in 0..TENANTS {
        system.block_on(seed(&store, tenant, 0));
    }
    let warm_up = (0..WARM_UP).map(commit).collect();
    system.block_on(fly(&store, warm_up, IN_FLIGHT));
    let all = (WARM_UP..WARM_UP + COMMITS).map(commit).collect();
    let before = processor::nanoseconds();
    let lasted = system.block_on(fly(&store, all, IN_FLIGHT));
    let spent = processor::nanoseconds() - before;
    system.block_on(store.close()).expect(SOUND);
    let count = f64::from(u32::try_from(COMMITS).expect("a small number"));
    Measured {
        microseconds: spent / count / 1_000.0,
        per_second: count / lasted.as_secs_f64(),
    }
}

const IN_FLIGHT: u32 = 64;
const WARM_UP: u64 = 1_000;
const COMMITS: u64 = 10_000;
