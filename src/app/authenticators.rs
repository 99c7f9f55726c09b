//! The names of authenticators: the program's own, with the operator's file on top.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::config::Config;
use crate::tenant::authenticator::{AuthenticatorNames, NamesError};

#[derive(Debug, Error)]
pub enum NamesFileError {
    #[error("webauthn.aaguid_names {file:?} cannot be read: {source}")]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("webauthn.aaguid_names {file:?}: {source}")]
    Names { file: PathBuf, source: NamesError },
}

pub fn names(config: &Config) -> Result<AuthenticatorNames, NamesFileError> {
    let mut names = AuthenticatorNames::known();
    if let Some(file) = &config.webauthn.aaguid_names {
        add(&mut names, file)?;
    }
    Ok(names)
}

fn add(names: &mut AuthenticatorNames, file: &Path) -> Result<(), NamesFileError> {
    let json = std::fs::read_to_string(file).map_err(|source| NamesFileError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    names.add(&json).map_err(|source| NamesFileError::Names {
        file: file.to_owned(),
        source,
    })
}
