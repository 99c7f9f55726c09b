//! `config.cors`: from where a tenant's answers may be read.

use serde::{Deserialize, Serialize};

use super::origins::check_unique;
use crate::http::validation::Validation;
use crate::tenant::settings::Cors;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorsBody {
    allowed_origins: Option<Vec<String>>,
    allow_unsafe_wildcard: Option<bool>,
}

impl CorsBody {
    pub(super) fn settings(self, validation: &mut Validation) -> Cors {
        let allowed_origins = validation.entries("allowed_origins", self.allowed_origins);
        if allowed_origins.iter().any(String::is_empty) {
            validation.fail("allowed_origins must not have empty entries");
        }
        check_unique("allowed_origins", &allowed_origins, validation);
        Cors {
            allowed_origins,
            allow_unsafe_wildcard: validation
                .present("allow_unsafe_wildcard", self.allow_unsafe_wildcard),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct CorsShown {
    allowed_origins: Vec<String>,
    allow_unsafe_wildcard: bool,
}

impl CorsShown {
    pub(super) fn of(cors: &Cors) -> Self {
        Self {
            allowed_origins: cors.allowed_origins.clone(),
            allow_unsafe_wildcard: cors.allow_unsafe_wildcard,
        }
    }
}
