//! Times on the wire: RFC 3339, UTC.

use std::time::{Duration, UNIX_EPOCH};

use crate::tenant::ids::Timestamp;

pub fn rfc3339(at: Timestamp) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_micros(at.0));
    humantime::format_rfc3339_micros(time.unwrap_or(UNIX_EPOCH)).to_string()
}
