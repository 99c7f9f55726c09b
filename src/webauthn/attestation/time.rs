//! The two ways in which certificates write a time (RFC 5280 §4.1.2.5).
//!
//! Only comparisons with now are made of it: a leap second is the next second, and before 1970 it is 1970.

use super::der::{DerError, Element, Tag};

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on.
pub(super) fn unix_seconds(time: Element<'_>) -> Result<u64, DerError> {
    let (zone, digits) = time.content.split_last().ok_or(DerError::Value)?;
    let mut pairs = Vec::new();
    for pair in digits.chunks(2) {
        let [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = pair else {
            return Err(DerError::Value);
        };
        pairs.push(u64::from(tens - b'0') * 10 + u64::from(ones - b'0'));
    }
    match (time.tag, pairs.as_slice(), zone) {
        (Tag::UTC_TIME, [year @ 0..50, rest @ ..], b'Z') => since_1970(2000 + year, rest),
        (Tag::UTC_TIME, [year, rest @ ..], b'Z') => since_1970(1900 + year, rest),
        (Tag::GENERALIZED_TIME, [century, year, rest @ ..], b'Z') => {
            since_1970(100 * century + year, rest)
        }
        _ => Err(DerError::Value),
    }
}

fn since_1970(year: u64, rest: &[u64]) -> Result<u64, DerError> {
    let &[
        month @ 1..=12,
        day @ 1..=31,
        hour @ 0..24,
        minute @ 0..60,
        second @ 0..=60,
    ] = rest
    else {
        return Err(DerError::Value);
    };
    // Years that begin in March end with the leap day: 153 days are each five months of them.
    let (year, month) = if month < 3 {
        (year.saturating_sub(1), month + 9)
    } else {
        (year, month - 3)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + day - 1;
    let days = days.saturating_sub(DAYS_TO_1970);
    Ok(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// From the first of March of year 0.
const DAYS_TO_1970: u64 = 719_468;
