//! `POST /{tenant_id}/registration/initialize` and `/finalize`, and both below `/mfa` (contract §2.1, §2.2, §2.8).

use serde::Deserialize;
use utoipa::ToSchema;

use super::TokenBody;
use super::texts;
use crate::http::Answer;
use crate::http::call::{Call, Keyed, Tenant};
use crate::http::ceremony::audit::begin_and_tell;
use crate::http::ceremony::{self, About, measured};
use crate::http::error::Envelope;
use crate::http::error::Problem;
use crate::http::openapi::ceremonies::{CreationOptions, RegistrationCredential};
use crate::http::openapi::shapes::Address;
use crate::http::validation::Validation;
use crate::telemetry::worker::Step;
use crate::tenant::challenge::{Access, Api, Factor};
use crate::tenant::ids::UserId;
use crate::tenant::registration::InitializeRegistration;
use crate::tenant::user::Profile;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = RegistrationInitialize)]
pub(super) struct InitializeBody {
    /// Your name for the user: any text of at most 64 bytes that says nothing about the person. Required.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 64,
        example = "ann"
    )]
    user_id: Option<String>,
    /// What the user signs in as; shown by the authenticator. Required.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 128,
        example = "ann@example.com"
    )]
    username: Option<String>,
    /// What people call the user. Blank or absent: `username`.
    #[schema(max_length = 128, example = "Ann")]
    display_name: Option<String>,
    /// The address of a picture.
    #[schema(value_type = Option<Address>)]
    icon: Option<String>,
}

/// Begin a registration
///
/// Answers what `navigator.credentials.create` takes. Nothing is stored until the registration is finalized.
#[utoipa::path(
    post,
    path = "/{tenant_id}/registration/initialize",
    tag = "passkeys",
    operation_id = "registration_initialize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = InitializeBody,
    responses((status = 200, description = "The options", body = CreationOptions)),
    security(("apiKey" = [])),
)]
pub async fn initialize(call: &Call, tenant: Keyed<'_>, factor: Factor) -> Answer {
    let step = match factor {
        Factor::Passkey => Step::RegistrationInitialize,
        Factor::Mfa => Step::MfaRegistrationInitialize,
    };
    let answer = async {
        let body: InitializeBody = call.body.json(texts::BIND)?;
        let initialize = InitializeRegistration {
            user: body.into_profile()?,
            factor,
            access: Access::Keyed,
            api: Api::Passkey,
        };
        let options = if tenant.tells_initialize() {
            begin_and_tell(&tenant, initialize).await?
        } else {
            tenant.begin(initialize).await?
        };
        Ok(super::options(options))
    };
    measured(call, step, answer.await)
}

/// Finish a registration
///
/// Checks what the authenticator made and stores the credential. Whoever has the challenge may: no API key is asked for.
#[utoipa::path(
    post,
    path = "/{tenant_id}/registration/finalize",
    tag = "passkeys",
    operation_id = "registration_finalize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = RegistrationCredential,
    responses(
        (status = 200, description = "The credential is durable; the token says whose it is", body = TokenBody),
        (status = 422, description = "The tenant requires user verification and the authenticator did none", body = Envelope),
    ),
)]
pub async fn finalize(call: &Call, tenant: &Tenant<'_>, factor: Factor) -> Answer {
    let step = match factor {
        Factor::Passkey => Step::RegistrationFinalize,
        Factor::Mfa => Step::MfaRegistrationFinalize,
    };
    let answer = async {
        let (finish, mut about) = (super::finish(call, factor), About::default());
        let proof = ceremony::registration::finalize(tenant, finish, None, &mut about).await;
        let proof = proof.map_err(|error| {
            about.refused(tenant, factor.registration(), error, texts::registration)
        })?;
        Ok(super::token(&ceremony::token(tenant, &proof).await?))
    };
    measured(call, step, answer.await)
}

impl InitializeBody {
    fn into_profile(self) -> Result<Profile, Problem> {
        let mut validation = Validation::default();
        let user_id = validation.required("user_id", self.user_id);
        let name = validation.required("username", self.username);
        validation.at_most("username", &name, NAME_LENGTH_MAX);
        if let Some(icon) = &self.icon {
            validation.url("icon", icon);
            validation.at_most("icon", icon, ICON_LENGTH_MAX);
        }
        if let Some(display_name) = &self.display_name {
            validation.at_most("display_name", display_name, NAME_LENGTH_MAX);
        }
        let id = UserId::parse(&user_id);
        if id.is_none() && !user_id.is_empty() {
            validation.fail(format!(
                "user_id cannot have more than {} bytes",
                UserId::BYTES_MAX
            ));
        }
        validation.finish(texts::VALIDATE)?;
        let display_name = self.display_name.filter(|text| !is_blank(text));
        Ok(Profile {
            id: id.ok_or_else(Problem::internal)?,
            display_name: display_name.unwrap_or_else(|| name.clone()).into(),
            name: name.into(),
            icon: self.icon.map(Into::into),
            email: None,
        })
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

const NAME_LENGTH_MAX: usize = 128;

/// Pictures travel as links; a long one is a picture in itself, and authenticators do not show it.
const ICON_LENGTH_MAX: usize = 2048;
