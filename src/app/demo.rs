//! The tenant to look around with: for the try page, and for the first `curl` of a dev start.

use std::sync::Arc;

use uuid::Uuid;

use crate::actor::Refusal;
use crate::actor::registry::Registry;
use crate::tenant::admin::{CreateTenant, ReplaceSettings};
use crate::tenant::audit::Requester;
use crate::tenant::ids::TenantId;
use crate::tenant::rejection::Rejection;
use crate::tenant::secret::ReplaceApiKey;
use crate::tenant::settings::{Ceremonies, Cookie, Cors, RelyingParty, Sessions, Settings};
use crate::webauthn::options::AttestationConveyance;

/// What a dev start tells.
pub struct Demo {
    pub tenant: TenantId,
    pub api_key: String,
}

/// The demo tenant, made if there is none. A deleted one keeps its id, so the next number is tried.
pub(super) async fn tenant(registry: &Arc<Registry>, port: u16) -> Result<TenantId, Refusal> {
    for number in 1..=ATTEMPTS {
        let id = TenantId(Uuid::from_u128(FIRST_ID + number));
        let create = CreateTenant {
            display_name: "Demo".into(),
            settings: settings(port),
            api_key_name: None,
        };
        match registry.create(id, create, Requester::default()).await {
            Ok(_) => return Ok(id),
            Err(Refusal::Rejected(Rejection::Concurrent)) if exists(registry, id).await? => {
                return Ok(id);
            }
            Err(Refusal::Rejected(Rejection::Concurrent)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Err(Refusal::TenantNotFound)
}

/// A fresh API key for it; the one of the last start goes. Another port is another origin.
pub(super) async fn prepare(
    registry: &Arc<Registry>,
    tenant: TenantId,
    port: u16,
) -> Result<Demo, Refusal> {
    let lease = registry.lease(tenant, 0).await?;
    let policy = lease.read().policy.clone();
    if !policy
        .settings
        .relying_party
        .origins
        .contains(&origin(port))
    {
        let settings = settings(port);
        lease
            .execute(ReplaceSettings { settings }, Requester::default())
            .await?;
    }
    let key = lease
        .execute(ReplaceApiKey { name: "dev".into() }, Requester::default())
        .await?;
    Ok(Demo {
        tenant,
        api_key: key.secret,
    })
}

async fn exists(registry: &Registry, id: TenantId) -> Result<bool, Refusal> {
    let rows = registry
        .store
        .load(id.0)
        .await
        .map_err(|_| Refusal::StoreFailed)?;
    Ok(rows.is_some())
}

fn settings(port: u16) -> Settings {
    let cors = Cors {
        allowed_origins: vec![origin(port)],
        allow_unsafe_wildcard: false,
    };
    let relying_party = RelyingParty {
        id: "localhost".to_owned(),
        display_name: "keywright demo".to_owned(),
        icon: None,
        origins: vec![origin(port)],
        related_origins: Vec::new(),
        top_origins: Vec::new(),
        allow_cross_origin: false,
    };
    Settings {
        passkey: Ceremonies {
            attestation: AttestationConveyance::None,
            ..Ceremonies::passkey(TIMEOUT_MILLISECONDS)
        },
        // There is no TLS on this machine, and Safari keeps no such cookie without it.
        sessions: Sessions {
            cookie: Cookie {
                secure: false,
                ..Cookie::default()
            },
            ..Sessions::default()
        },
        ..Settings::new(cors, relying_party, TIMEOUT_MILLISECONDS)
    }
}

fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Version 4 in form, and easy to recognise.
const FIRST_ID: u128 = 0xdec0_de00_0000_4000_8000_0000_0000_0000;
const ATTEMPTS: u128 = 1000;
const TIMEOUT_MILLISECONDS: i64 = 300_000;
