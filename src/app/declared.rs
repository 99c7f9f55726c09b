//! Declared tenants: made, or made as the settings say, before anybody is let in. Nothing is written where nothing differs.

use std::ffi::OsString;

use thiserror::Error;

use crate::actor::Refusal;
use crate::actor::registry::Registry;
use crate::config::{Config, DeclaredTenant, HostName};
use crate::http::admin;
use crate::tenant::admin::{RenameTenant, ReplaceSettings};
use crate::tenant::declared::{AddDeclaredKey, Declaration, DeclaredKey, Difference, MarkDeclared};
use crate::tenant::ids::TenantId;
use crate::tenant::rejection::Rejection;
use crate::tenant::secret::DeleteApiKey;
use crate::tenant::state::TenantState;

#[derive(Debug, Error)]
pub enum DeclaredError {
    #[error("tenants: {tenant}: {what}")]
    Settings { tenant: TenantId, what: String },
    #[error(
        "tenants: {tenant}: api_keys: env:{variable}: the environment has no variable of this name: set it to the key, at least {KEY_LENGTH_MIN} characters that nobody can guess (`openssl rand -hex 32` makes some), or take the entry out"
    )]
    NoVariable { tenant: TenantId, variable: String },
    #[error(
        "tenants: {tenant}: api_keys: env:{variable}: the variable holds {length} characters, which is too short: a key needs at least {KEY_LENGTH_MIN} that nobody can guess (`openssl rand -hex 32` makes some)"
    )]
    ShortKey {
        tenant: TenantId,
        variable: String,
        length: usize,
    },
    #[error(
        "tenants: {tenant}: api_keys: env:{variable}: the variable holds what no header can carry: a key is printable ASCII without white space"
    )]
    NoHeader { tenant: TenantId, variable: String },
    #[error("tenants: {tenant}: api_keys: {key} is the same key as another entry: keep one")]
    SameKey { tenant: TenantId, key: Box<str> },
    #[error(
        "tenants: {0} was deleted, and the id of a deleted tenant is never used again: declare it with a new id (`uuidgen` makes one), or take it out"
    )]
    Deleted(TenantId),
    #[error("tenants: {tenant} cannot be made as declared: {refusal}")]
    Refused { tenant: TenantId, refusal: Refusal },
    #[error("the store does not tell which tenants were declared: {0}")]
    Unreadable(Refusal),
}

/// A declared tenant with all its values checked.
#[derive(Debug)]
pub struct Checked {
    id: TenantId,
    declaration: Declaration,
    warnings: Vec<String>,
}

/// Everything about declared tenants that can be wrong without looking into the store.
pub fn check(config: &Config) -> Result<Vec<Checked>, DeclaredError> {
    let base_domain = config.tenancy.base_domain.as_ref();
    let base_domain = base_domain.map(HostName::as_str);
    let tenants = config.tenants.iter();
    tenants.map(|tenant| checked(tenant, base_domain)).collect()
}

fn checked(tenant: &DeclaredTenant, base_domain: Option<&str>) -> Result<Checked, DeclaredError> {
    let id = TenantId(tenant.id);
    let config = tenant.config.as_ref().map(|config| config.0.clone());
    let read = admin::declared(tenant.display_name.clone(), config, base_domain);
    let read = read.map_err(|what| DeclaredError::Settings { tenant: id, what })?;
    Ok(Checked {
        id,
        declaration: Declaration {
            display_name: read.display_name.into(),
            settings: read.settings,
            api_keys: keys(id, &tenant.api_keys)?,
        },
        warnings: read.warnings,
    })
}

fn keys(
    tenant: TenantId,
    declared: &[crate::config::DeclaredKey],
) -> Result<Vec<DeclaredKey>, DeclaredError> {
    let mut keys: Vec<DeclaredKey> = Vec::with_capacity(declared.len());
    for key in declared {
        let key = match key {
            crate::config::DeclaredKey::Digest(digest) => DeclaredKey::of_digest(*digest),
            crate::config::DeclaredKey::Variable(name) => {
                let value = in_variable(tenant, name, std::env::var_os(name))?;
                DeclaredKey::of_variable(name, &value)
            }
        };
        if keys.iter().any(|other| other.digest == key.digest) {
            return Err(DeclaredError::SameKey {
                tenant,
                key: key.name,
            });
        }
        keys.push(key);
    }
    Ok(keys)
}

fn in_variable(
    tenant: TenantId,
    variable: &str,
    value: Option<OsString>,
) -> Result<String, DeclaredError> {
    let variable = variable.to_owned();
    let Some(value) = value else {
        return Err(DeclaredError::NoVariable { tenant, variable });
    };
    let text = value.into_string().ok();
    let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    let Some(text) = text else {
        return Err(DeclaredError::NoHeader { tenant, variable });
    };
    if text.len() < KEY_LENGTH_MIN {
        return Err(DeclaredError::ShortKey {
            tenant,
            variable,
            length: text.len(),
        });
    }
    Ok(text)
}

/// Makes the tenants as declared, and lets go of those that are declared no more.
pub(super) async fn follow(registry: &Registry, declared: &[Checked]) -> Result<(), DeclaredError> {
    for checked in declared {
        for warning in &checked.warnings {
            tracing::warn!(tenant = %checked.id, warning, "a declared tenant has a setting that may surprise");
        }
        match make(registry, checked).await {
            Ok(()) => {}
            // Its neighbours are well, and shall not wait for it.
            Err(Refusal::Quarantined) => {
                tracing::error!(tenant = %checked.id, "a declared tenant is damaged, and stays as it is");
            }
            Err(Refusal::TenantNotFound) => return Err(DeclaredError::Deleted(checked.id)),
            Err(refusal) => {
                return Err(DeclaredError::Refused {
                    tenant: checked.id,
                    refusal,
                });
            }
        }
    }
    let_go(registry, declared)
        .await
        .map_err(DeclaredError::Unreadable)
}

async fn make(registry: &Registry, checked: &Checked) -> Result<(), Refusal> {
    let Checked {
        id, declaration, ..
    } = checked;
    let state = match registry.read(*id).await {
        Err(Refusal::TenantNotFound) => create(registry, checked).await?,
        read => read?,
    };
    for difference in declaration.differences(&state) {
        carry_out(registry, checked, difference).await?;
    }
    Ok(())
}

/// A tenant that cannot be read and cannot be made was deleted.
async fn create(registry: &Registry, checked: &Checked) -> Result<TenantState, Refusal> {
    let created = registry.create_declared(checked.id, &checked.declaration);
    match created.await {
        Err(Refusal::Rejected(Rejection::Concurrent)) => return Err(Refusal::TenantNotFound),
        created => created?,
    }
    tracing::info!(tenant = %checked.id, "a declared tenant was created");
    registry.read(checked.id).await
}

/// What the file says is made so, and told: somebody may have wanted it otherwise by the admin API.
async fn carry_out(
    registry: &Registry,
    checked: &Checked,
    difference: Difference,
) -> Result<(), Refusal> {
    let Checked {
        id, declaration, ..
    } = checked;
    match difference {
        Difference::NotMarked => {
            let mark = MarkDeclared { declared: true };
            registry.execute_first(*id, mark).await?;
            tracing::info!(tenant = %id, "the settings file speaks for the tenant from now on");
        }
        Difference::Name => {
            let display_name = declaration.display_name.clone();
            let rename = RenameTenant { display_name };
            registry.execute_first(*id, rename).await?;
            tracing::info!(tenant = %id, "the tenant's name is what the settings file says; it was another");
        }
        Difference::Settings => {
            let settings = declaration.settings.clone();
            let replace = ReplaceSettings { settings };
            registry.execute_first(*id, replace).await?;
            tracing::info!(tenant = %id, "the tenant's config is what the settings file says; it was another");
        }
        Difference::KeyTooMany { id: key, name } => {
            let delete = DeleteApiKey { id: key };
            registry.execute_first(*id, delete).await?;
            tracing::info!(tenant = %id, %name, "an API key is void: the settings file names it no more");
        }
        Difference::KeyMissing(key) => {
            let name = key.name.clone();
            registry.execute_first(*id, AddDeclaredKey(key)).await?;
            tracing::info!(tenant = %id, %name, "an API key of the settings file was added");
        }
    }
    Ok(())
}

/// Tenants that have left the file keep all they have; the admin API alone speaks for them from now on.
async fn let_go(registry: &Registry, declared: &[Checked]) -> Result<(), Refusal> {
    for id in registry.declared().await? {
        if declared.iter().any(|checked| checked.id == id) {
            continue;
        }
        let mark = MarkDeclared { declared: false };
        match registry.execute_first(id, mark).await {
            Ok(()) => {
                tracing::warn!(tenant = %id, "the tenant is declared no more: it stays with all it has, its API keys too, and only the admin API changes or deletes it now");
            }
            Err(Refusal::Quarantined) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// Whoever can ask can guess: short keys are found.
const KEY_LENGTH_MIN: usize = 16;
