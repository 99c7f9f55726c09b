//! When a minute's lines are gone.

use super::{Minute, Room};

#[test]
fn a_minute_has_so_many_lines_and_says_once_that_they_are_gone() {
    let minute = Minute::default();
    let rooms: Vec<_> = (0..6).map(|_| minute.take(0, 3)).collect();
    let expected = [
        Room::Enough,
        Room::Enough,
        Room::Enough,
        Room::Gone,
        Room::None,
        Room::None,
    ];
    assert_eq!(rooms, expected);
}

#[test]
fn the_next_minute_has_lines_again() {
    let minute = Minute::default();
    for _ in 0..9 {
        minute.take(7, 1);
    }
    assert_eq!(minute.take(8, 1), Room::Enough);
    assert_eq!(minute.take(8, 1), Room::Gone);
    assert_eq!(minute.take(8, 1), Room::None);
}

#[test]
fn where_no_lines_are_wanted_there_is_none() {
    let minute = Minute::default();
    assert_eq!(minute.take(0, 0), Room::Gone);
    assert_eq!(minute.take(0, 0), Room::None);
    assert_eq!(minute.take(1, 0), Room::Gone);
}
