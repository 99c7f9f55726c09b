//! Times on the wire: RFC 3339, written in UTC, read with any offset.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::tenant::ids::Timestamp;

pub fn rfc3339(at: Timestamp) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_micros(at.0));
    humantime::format_rfc3339_micros(time.unwrap_or(UNIX_EPOCH)).to_string()
}

/// The time since 1970; whatever is earlier counts as the beginning of that year.
pub fn parse_rfc3339(text: &str) -> Option<Duration> {
    let (local, offset) = split_offset(text)?;
    let is_early = local.get(..4).is_some_and(|year| year < "1970");
    let local = if is_early {
        // Only to see whether it is a date: the library has none before 1970.
        parse_utc(&format!("2000{}", &local[4..]))?;
        UNIX_EPOCH
    } else {
        parse_utc(local)?
    };
    let seconds = Duration::from_secs(offset.unsigned_abs());
    let time = if offset > 0 {
        local.checked_sub(seconds)
    } else {
        local.checked_add(seconds)
    };
    Some(time?.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The local time, and by how many seconds it is ahead of UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local, 0));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub("+00:00".len())?)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let seconds = (number(hours, 23)? * 60 + number(minutes, 59)?) * 60;
    match offset.as_bytes()[0] {
        b'+' => Some((local, seconds)),
        b'-' => Some((local, -seconds)),
        _ => None,
    }
}

fn number(digits: &str, most: i64) -> Option<i64> {
    let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_number)?;
    (number <= most).then_some(number)
}

fn parse_utc(local: &str) -> Option<SystemTime> {
    let is_plain = local
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-T:.".contains(&byte));
    let time = humantime::parse_rfc3339(&format!("{local}Z")).ok();
    time.filter(|_| is_plain)
}

#[cfg(test)]
mod tests;
