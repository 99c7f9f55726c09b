//! `[traces]`: where traces go, and how many.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use url::Url;

use super::values::positive;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    #[serde(default, deserialize_with = "endpoint")]
    pub endpoint: Option<Url>,
    #[serde(deserialize_with = "ratio")]
    pub sample_ratio: f64,
    #[serde(deserialize_with = "positive")]
    pub queue: usize,
}

/// Without a user, whose password would stand in every place that shows the settings.
fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(text.trim()).ok().filter(|url| {
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_plain = url.username().is_empty() && url.password().is_none();
        is_http && is_plain && url.query().is_none() && url.fragment().is_none()
    });
    let wrong = "not the address of a collector, like http://127.0.0.1:4318: http or https, without user and query";
    url.map(Some).ok_or_else(|| D::Error::custom(wrong))
}

fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&ratio) {
        return Ok(ratio);
    }
    Err(D::Error::custom(format!(
        "{ratio} is no share of the requests: it is from 0 to 1"
    )))
}
