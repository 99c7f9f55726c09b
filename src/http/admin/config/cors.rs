//! `config.cors`: from where a tenant's answers may be read.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::origins::check_unique;
use crate::http::openapi::shapes::AllowedOrigins;
use crate::http::validation::Validation;
use crate::tenant::settings::Cors;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Cors)]
pub(super) struct CorsBody {
    /// From where pages may read the answers; `*` stands for any part of an origin.
    #[schema(required, nullable = false, value_type = AllowedOrigins)]
    allowed_origins: Option<Vec<String>>,
    /// Whether an origin that only `*` allows is answered by its name, with which cookies go along.
    #[schema(required, nullable = false)]
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

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CorsShown)]
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
