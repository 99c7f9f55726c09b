//! `GET /.well-known/config`: what old clients ask to know which forms to show (contract §2.8). There are passkeys here.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::json;

#[derive(Serialize, ToSchema)]
#[schema(as = OldConfig)]
struct ConfigBody {
    password: Password,
    emails: Emails,
    /// Of sign-in with somebody else's account; the contract says `null` for none.
    providers: Option<Vec<String>>,
    account: Account,
    use_enterprise: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OldConfigPassword)]
struct Password {
    enabled: bool,
    min_password_length: u8,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OldConfigEmails)]
struct Emails {
    require_verification: bool,
    max_num_of_addresses: u8,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OldConfigAccount)]
struct Account {
    allow_deletion: bool,
    allow_signup: bool,
}

/// What old clients ask to know which forms to show
///
/// Always the same: there are passkeys, and nothing else.
#[utoipa::path(
    get,
    path = "/.well-known/config",
    tag = "public: sessions",
    operation_id = "public_config",
    responses((status = 200, description = "The forms to show", body = ConfigBody)),
)]
pub(super) fn config() -> HttpResponse {
    let body = ConfigBody {
        password: Password {
            enabled: false,
            min_password_length: 8,
        },
        emails: Emails {
            require_verification: false,
            max_num_of_addresses: 5,
        },
        providers: None,
        account: Account {
            allow_deletion: false,
            allow_signup: false,
        },
        use_enterprise: false,
    };
    json(HttpResponse::Ok(), &body)
}
