//! JSON in the one spelling that a transaction's challenge is made of: what Go's `encoding/json` prints of a value that it
//! has read into an `interface{}`. Relying parties compute the same hash, so each byte counts.
//!
//! Members are sorted by the bytes of their names, and the last of a name counts; there is no white space; numbers go
//! through a 64-bit float; `<`, `>`, `&`, U+2028 and U+2029 are escaped; half a surrogate pair becomes U+FFFD.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::value::RawValue;
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CanonicalError {
    #[error("is nested too deeply")]
    TooDeep,
    #[error("has a number that no 64-bit float can hold")]
    NumberTooLarge,
    #[error("cannot have more than {BYTES_MAX} bytes in canonical form")]
    TooLong,
}

/// The canonical spelling of a value. That `value` is JSON was found out when it was read.
pub fn canonical(value: &RawValue) -> Result<String, CanonicalError> {
    let mut reader = Reader { rest: value.get() };
    let mut text = String::with_capacity(value.get().len());
    reader.value(&mut text, 0)?;
    Ok(text)
}

/// Walks over JSON that is known to be valid; what cannot occur in it is passed over.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
        self.skip_white_space();
        if depth > DEPTH_MAX {
            return Err(CanonicalError::TooDeep);
        }
        match self.rest.bytes().next() {
            Some(b'{') => self.object(out, depth)?,
            Some(b'[') => self.array(out, depth)?,
            Some(b'"') => push_string(out, &self.string()),
            _ => self.literal(out)?,
        }
        if out.len() > BYTES_MAX {
            return Err(CanonicalError::TooLong);
        }
        Ok(())
    }

    fn object(&mut self, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
        let mut members = BTreeMap::new();
        self.step();
        while !self.ends(b'}') {
            let name = self.string();
            self.skip_white_space();
            // The colon.
            self.step();
            let mut value = String::new();
            self.value(&mut value, depth + 1)?;
            members.insert(name, value);
        }
        out.push('{');
        for (index, (name, value)) in members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            push_string(out, name);
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
        Ok(())
    }

    fn array(&mut self, out: &mut String, depth: usize) -> Result<(), CanonicalError> {
        self.step();
        out.push('[');
        let mut first = true;
        while !self.ends(b']') {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            self.value(out, depth + 1)?;
        }
        out.push(']');
        Ok(())
    }

    /// A number, or one of the three words.
    fn literal(&mut self, out: &mut String) -> Result<(), CanonicalError> {
        let is_end =
            |character: char| matches!(character, ',' | ']' | '}' | ' ' | '\t' | '\n' | '\r');
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let literal = self.advance(end);
        if let Ok(number) = literal.parse() {
            return push_number(out, number);
        }
        out.push_str(literal);
        Ok(())
    }

    /// A string with its escapes undone.
    fn string(&mut self) -> String {
        let mut text = String::new();
        self.step();
        loop {
            let end = self.rest.find(['"', '\\']).unwrap_or(self.rest.len());
            text.push_str(self.advance(end));
            match self.step() {
                Some('\\') => text.push(self.escape()),
                _ => return text,
            }
        }
    }

    fn escape(&mut self) -> char {
        match self.step() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => self.unicode_escape(),
            Some(character) => character,
            None => char::REPLACEMENT_CHARACTER,
        }
    }

    /// Behind `\u`. Of two halves that do not belong together only the first is lost here.
    fn unicode_escape(&mut self) -> char {
        let first = self.code_unit();
        let second = self.rest.strip_prefix("\\u").map(Self::unit_at);
        let pair = [first, second.unwrap_or_default()];
        match char::decode_utf16(pair).next() {
            Some(Ok(character)) => {
                if character.len_utf16() == 2 {
                    self.advance("\\uXXXX".len());
                }
                character
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }

    fn code_unit(&mut self) -> u16 {
        let unit = Self::unit_at(self.rest);
        self.advance("XXXX".len());
        unit
    }

    fn unit_at(text: &str) -> u16 {
        let digits = text.get(..4).unwrap_or_default();
        u16::from_str_radix(digits, 16).unwrap_or_default()
    }

    /// Goes on to the next entry of a list, or over its end.
    fn ends(&mut self, bracket: u8) -> bool {
        self.skip_white_space();
        if self.rest.starts_with(',') {
            self.step();
            self.skip_white_space();
        }
        let ends = self.rest.is_empty() || self.rest.as_bytes()[0] == bracket;
        if ends {
            self.step();
        }
        ends
    }

    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn step(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn advance(&mut self, bytes: usize) -> &str {
        let (passed, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.rest = rest;
        passed
    }
}

/// With an exponent below 10⁻⁶ and from 10²¹ on.
fn push_number(out: &mut String, number: f64) -> Result<(), CanonicalError> {
    if !number.is_finite() {
        return Err(CanonicalError::NumberTooLarge);
    }
    let text = shortest(number);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let sign = if size < 1.0 { "" } else { "+" };
        push(out, format_args!("{digits}e{sign}{exponent}"));
    } else {
        push_positional(out, digits, exponent.parse().unwrap_or_default());
    }
    Ok(())
}

/// The fewest digits that are read back as the same float, as `-d.ddde-n`. Where two such numbers are equally near, the
/// even one: Rust's own choice is the larger one, Go's the even one.
fn shortest(number: f64) -> String {
    let text = format!("{number:e}");
    let digits = text.find('e').unwrap_or_default();
    let point = text.find('.');
    let even = format!("{number:.*e}", point.map_or(0, |point| digits - point - 1));
    if even.parse() == Ok(number) {
        even
    } else {
        text
    }
}

/// `-d.ddd` times a power of ten, written without it.
fn push_positional(out: &mut String, digits: &str, exponent: isize) {
    let (sign, digits) = digits.split_at(usize::from(digits.starts_with('-')));
    let digits = digits.replace('.', "");
    let length = digits.len();
    out.push_str(sign);
    match usize::try_from(exponent) {
        Ok(exponent) if exponent + 1 < length => {
            let (whole, fraction) = digits.split_at(exponent + 1);
            push(out, format_args!("{whole}.{fraction}"));
        }
        Ok(exponent) => push(out, format_args!("{digits:0<width$}", width = exponent + 1)),
        Err(_) => {
            let zeros = exponent.unsigned_abs() - 1;
            push(out, format_args!("0.{:0<zeros$}{digits}", ""));
        }
    }
}

fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                push(out, format_args!("\\u{:04x}", u32::from(character)));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to memory does not fail");
}

/// As deep as the JSON reader of this program goes elsewhere.
const DEPTH_MAX: usize = 127;

/// As long as a body is: escapes and exponents may make a text longer than it came.
pub const BYTES_MAX: usize = 64 * 1024;
