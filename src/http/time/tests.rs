//! What is a time and what is none.

use std::time::Duration;

use super::parse_rfc3339;

#[test]
fn times_are_read_with_any_offset() {
    let seconds = |text| parse_rfc3339(text).unwrap().as_secs();
    let noon = seconds("2026-01-31T12:00:00Z");
    assert_eq!(noon, 1_769_860_800);
    assert_eq!(seconds("2026-01-31T14:30:00+02:30"), noon);
    assert_eq!(seconds("2026-01-31T04:00:00-08:00"), noon);
    assert_eq!(seconds("2026-01-31T12:00:00+00:00"), noon);
    assert_eq!(seconds("2026-01-31T12:00:00-00:00"), noon);
    let fraction = parse_rfc3339("1970-01-01T00:00:01.123456789Z");
    assert_eq!(fraction, Some(Duration::new(1, 123_456_789)));
}

#[test]
fn what_is_long_ago_is_the_beginning() {
    for text in [
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00+14:00",
    ] {
        assert_eq!(parse_rfc3339(text), Some(Duration::ZERO), "{text}");
    }
    assert!(parse_rfc3339("9999-12-31T23:59:59-23:59").is_some());
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "Z",
        "yesterday",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-01-31t12:00:00z",
        "2026-02-30T12:00:00Z",
        "1960-13-01T12:00:00Z",
        "2026-01-31T12:00:00ZZ",
        "2026-01-31T12:00:00+00:00Z",
        "2026-01-31T12:00:00+00:00+00:00",
        "2026-01-31T12:00:00 02:00",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+2:000",
        "2026-01-31T12:00:00+-1:00",
        "2026-01-31T12:00:00é02:00",
        "２026-01-31T12:00:00Z",
        "1769860800",
    ] {
        assert_eq!(parse_rfc3339(text), None, "{text}");
    }
}
