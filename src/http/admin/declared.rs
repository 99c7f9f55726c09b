//! A tenant as a settings file declares it: the same members, the same checks and the same words as over HTTP.

use std::fmt;

use serde::{Deserialize, Deserializer};

use super::config::{ConfigBody, check_neighbours, warnings};
use super::tenants::display_name;
use crate::http::validation::Validation;
use crate::tenant::settings::Settings;

#[derive(Debug)]
pub struct Declared {
    pub display_name: String,
    pub settings: Settings,
    /// What is legal and yet may surprise.
    pub warnings: Vec<String>,
}

/// What is wrong with it, in one text.
pub fn declared<'de, D: Deserializer<'de, Error: fmt::Display>>(
    name: Option<String>,
    config: Option<D>,
    base_domain: Option<&str>,
) -> Result<Declared, String> {
    let body = config.map(ConfigBody::deserialize).transpose();
    let body = body.map_err(|error| error.to_string())?;
    let mut validation = Validation::default();
    let display_name = display_name(name, &mut validation);
    let settings = body.unwrap_or_default().settings(&mut validation);
    check_neighbours(&settings, base_domain, &mut validation);
    validation.failures()?;
    Ok(Declared {
        display_name,
        warnings: warnings(&settings),
        settings,
    })
}
