//! What authenticators are called, by their AAGUIDs: the names that people recognise in a list. For display only; nothing is
//! ever decided by them.

use std::collections::HashMap;

use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug)]
pub struct AuthenticatorNames(HashMap<Uuid, Box<str>>);

#[derive(Debug, Error)]
pub enum NamesError {
    #[error("not a JSON object of names: {0}")]
    Json(serde_json::Error),
    #[error("{0:?} is no AAGUID: 8-4-4-4-12 hexadecimal digits are needed")]
    Aaguid(String),
    #[error("the name of {0} must have 1 to {NAME_LENGTH_MAX} characters")]
    Name(Uuid),
}

/// A name by itself, or the `name` of an object, as published lists have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Name(Box<str>),
    Described { name: Box<str> },
}

impl AuthenticatorNames {
    /// Those that this program comes with.
    ///
    /// # Panics
    /// Never: a test reads them.
    pub fn known() -> Self {
        let mut names = Self(HashMap::new());
        names.add(KNOWN).expect("a test reads them");
        names
    }

    /// Adds names from JSON; they go before those that are there.
    pub fn add(&mut self, json: &str) -> Result<(), NamesError> {
        let entries: HashMap<String, Entry> =
            serde_json::from_str(json).map_err(NamesError::Json)?;
        for (aaguid, entry) in entries {
            let aaguid = Uuid::try_parse(&aaguid).map_err(|_| NamesError::Aaguid(aaguid))?;
            let (Entry::Name(name) | Entry::Described { name }) = entry;
            if !(1..=NAME_LENGTH_MAX).contains(&name.chars().count()) {
                return Err(NamesError::Name(aaguid));
            }
            self.0.insert(aaguid, name);
        }
        Ok(())
    }

    pub fn of(&self, aaguid: Uuid) -> Option<&str> {
        self.0.get(&aaguid).map(AsRef::as_ref)
    }
}

const KNOWN: &str = include_str!("../../config/authenticators.json");
/// As long as a name that somebody gives.
const NAME_LENGTH_MAX: usize = 255;
