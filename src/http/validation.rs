//! The contract's validation texts (§1.4), word for word, joined in the order of the fields.

use std::ops::RangeInclusive;

use url::Url;

use super::error::Problem;

/// Collects what is wrong, so that a client hears it all at once.
#[derive(Debug, Default)]
pub struct Validation {
    failures: Vec<String>,
}

impl Validation {
    pub fn fail(&mut self, text: impl Into<String>) {
        self.failures.push(text.into());
    }

    /// A text that must be there and not be empty.
    pub fn required(&mut self, field: &str, value: Option<String>) -> String {
        let value = value.unwrap_or_default();
        if value.is_empty() {
            self.missing(field);
        }
        value
    }

    /// A value that must be there.
    pub fn present<T: Default>(&mut self, field: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.missing(field);
            T::default()
        })
    }

    /// A list that must be there and have an entry.
    pub fn entries(&mut self, field: &str, value: Option<Vec<String>>) -> Vec<String> {
        let Some(value) = value else {
            self.missing(field);
            return Vec::new();
        };
        if value.is_empty() {
            self.fail(format!("{field} must at least have 1 entry"));
        }
        if value.len() > ENTRIES_MAX {
            self.fail(format!(
                "{field} cannot have more than {ENTRIES_MAX} entries"
            ));
        }
        value
    }

    /// Counted in code points.
    pub fn at_most(&mut self, field: &str, value: &str, most: usize) {
        // None has more of them than bytes.
        if value.len() > most && value.chars().count() > most {
            self.fail(format!("{field} cannot have more than {most} entries"));
        }
    }

    pub fn url(&mut self, field: &str, value: &str) {
        if !is_url(value) {
            self.fail(format!("{field} must be a valid URL"));
        }
    }

    /// One of a few words, or the default where there is none.
    pub fn one_of<T: Copy>(
        &mut self,
        field: &str,
        value: Option<&str>,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let value = value?;
        let found = all
            .iter()
            .copied()
            .find(|candidate| name(*candidate) == value);
        if found.is_none() {
            let names: Vec<&str> = all.iter().map(|candidate| name(*candidate)).collect();
            self.fail(format!("{field} must be one of '{}'", names.join(" ")));
        }
        found
    }

    /// A number with sane bounds, `None` where there is none or it is outside.
    pub fn within(
        &mut self,
        field: &str,
        value: Option<i64>,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = value?;
        let found = u32::try_from(value)
            .ok()
            .filter(|number| range.contains(number));
        if found.is_none() {
            let (least, most) = range.into_inner();
            self.fail(format!("{field} must be from {least} to {most}"));
        }
        found
    }

    /// All that is wrong as one refusal under the endpoint's title.
    pub fn finish(self, title: &'static str) -> Result<(), Problem> {
        self.failures()
            .map_err(|failures| Problem::bad_request(title, failures))
    }

    /// All that is wrong as one text.
    pub fn failures(self) -> Result<(), String> {
        if self.failures.is_empty() {
            return Ok(());
        }
        Err(self.failures.join(" and "))
    }

    fn missing(&mut self, field: &str) {
        self.fail(format!("{field} is a required field"));
    }
}

/// A scheme, and a host, a fragment or something opaque behind it: `https://x`, `data:…` and `mailto:…` are URLs, `/x`, `https:`
/// and `file:///x` are not.
fn is_url(value: &str) -> bool {
    let (address, fragment) = value.split_once('#').unwrap_or((value, ""));
    let Some((scheme, rest)) = address.split_once(':') else {
        return false;
    };
    if !is_scheme(scheme) || value.contains(|c: char| c.is_ascii_control()) {
        return false;
    }
    let path = rest.split('?').next().unwrap_or_default();
    let has_host = path.starts_with("//") && !path.starts_with("///");
    let is_opaque = !path.is_empty() && !path.starts_with('/');
    !fragment.is_empty() || is_opaque || (has_host && Url::parse(value).is_ok())
}

fn is_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// Of a list that requests are compared with, one by one.
const ENTRIES_MAX: usize = 1000;
