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
        value
    }

    /// Counted in code points.
    pub fn at_most(&mut self, field: &str, value: &str, most: usize) {
        if value.chars().count() > most {
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

/// A scheme, and something behind it: `https://x`, `data:…` and `mailto:…` are URLs, `/x` and `https:` are not.
fn is_url(value: &str) -> bool {
    Url::parse(value)
        .is_ok_and(|url| url.has_host() || url.fragment().is_some() || !url.path().is_empty())
}
