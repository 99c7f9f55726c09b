//! The settings of the server: `config/default.toml`, a file, the environment, in this order. Read once, passed by value.
//! A bad value stops the start; nothing ever falls back.

mod error;
mod limits;
mod tenancy;
mod tenants;
mod traces;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

pub use error::ConfigError;
pub use tenancy::{HostName, Tenancy};
pub use tenants::{DeclaredKey, DeclaredTenant, TenantConfig};
pub use traces::Traces;
pub use values::{Address, Secret, WORKERS_MAX};
use values::{
    duration, folder, log_format, log_level, pause, positive, secrets, size, some_folder, workers,
};

const DEFAULT_TOML: &str = include_str!("../config/default.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub snapshots: Snapshots,
    pub secrets: Secrets,
    pub limits: Limits,
    #[serde(default)]
    pub webauthn: Webauthn,
    pub tokens: Tokens,
    pub tenancy: Tenancy,
    pub audit: Audit,
    pub metrics: Metrics,
    pub log: Log,
    pub traces: Traces,
    #[serde(default)]
    pub tenants: Vec<DeclaredTenant>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub public_address: Address,
    pub admin_address: Address,
    #[serde(default)]
    pub admin_token: Option<Secret>,
    #[serde(deserialize_with = "workers")]
    pub workers: usize,
    pub try_page: bool,
    #[serde(deserialize_with = "pause")]
    pub request_timeout: Duration,
    #[serde(deserialize_with = "pause")]
    pub keep_alive: Duration,
    #[serde(deserialize_with = "duration")]
    pub drain_timeout: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    #[serde(deserialize_with = "folder")]
    pub directory: PathBuf,
    #[serde(deserialize_with = "pause")]
    pub checkpoint_every: Duration,
    #[serde(deserialize_with = "positive")]
    pub commits_queued: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    #[serde(deserialize_with = "duration")]
    pub every: Duration,
    pub keep_hourly: usize,
    pub keep_daily: usize,
    #[serde(default, deserialize_with = "some_folder")]
    pub directory: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    #[serde(default, deserialize_with = "secrets")]
    pub keys: Vec<Secret>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    #[serde(deserialize_with = "size")]
    pub body: usize,
    #[serde(deserialize_with = "size")]
    pub admin_body: usize,
    #[serde(deserialize_with = "positive")]
    pub challenges: usize,
    #[serde(deserialize_with = "positive")]
    pub challenges_per_tenant: usize,
    #[serde(deserialize_with = "positive")]
    pub requests: usize,
    #[serde(deserialize_with = "positive")]
    pub requests_per_tenant: usize,
    #[serde(deserialize_with = "positive")]
    pub connections: usize,
    pub rate_limits: bool,
    #[serde(deserialize_with = "limits::rate")]
    pub rate_per_address: u32,
    #[serde(deserialize_with = "limits::rate")]
    pub rate_per_address_burst: u32,
    #[serde(deserialize_with = "limits::rate")]
    pub rate_per_tenant: u32,
    #[serde(deserialize_with = "limits::rate")]
    pub rate_per_tenant_burst: u32,
    #[serde(deserialize_with = "limits::rate")]
    pub rate_failures_per_address: u32,
    #[serde(deserialize_with = "limits::rate")]
    pub rate_failures_per_address_burst: u32,
    #[serde(deserialize_with = "limits::tracked")]
    pub rate_tracked: usize,
    #[serde(deserialize_with = "limits::networks")]
    pub trusted_proxies: Vec<IpNet>,
    #[serde(deserialize_with = "pause")]
    pub tenant_idle: Duration,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webauthn {
    /// Names of authenticators, on top of those that come with the program.
    #[serde(default)]
    pub aaguid_names: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    #[serde(deserialize_with = "duration")]
    pub publish_ahead: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    pub stdout: bool,
    #[serde(deserialize_with = "positive")]
    pub queue: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// A listener for them alone.
    #[serde(default)]
    pub address: Option<Address>,
    #[serde(deserialize_with = "limits::tenant_labels")]
    pub tenant_labels: u16,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    #[serde(deserialize_with = "log_format")]
    pub format: LogFormat,
    #[serde(deserialize_with = "log_level")]
    pub level: LogLevel,
    pub requests: bool,
    pub lines_per_minute: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// What a start is for: real use, or a look around on one's own machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Real,
    Dev,
}

impl Config {
    /// The defaults, under a file, under the environment.
    pub fn load(
        file: Option<&Path>,
        mode: Mode,
        environment: config::Environment,
    ) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder().add_source(toml(DEFAULT_TOML));
        if mode == Mode::Dev {
            builder = builder.add_source(toml(DEV_TOML));
        }
        if let Some(file) = file {
            builder = builder.add_source(config::File::from(file).format(config::FileFormat::Toml));
        }
        let settings = builder.add_source(environment).build();
        let settings = settings.map_err(ConfigError::of_sources)?;
        let config: Self = settings.try_deserialize()?;
        config.check(mode)?;
        Ok(config)
    }

    /// The process's environment, as a source.
    pub fn environment() -> config::Environment {
        config::Environment::with_prefix("KEYWRIGHT")
            .prefix_separator("__")
            .separator("__")
    }

    pub fn snapshot_directory(&self) -> PathBuf {
        let default = || self.store.directory.join("snapshots");
        self.snapshots.directory.clone().unwrap_or_else(default)
    }

    fn check(&self, mode: Mode) -> Result<(), ConfigError> {
        if mode == Mode::Real && self.secrets.keys.is_empty() {
            return Err(ConfigError::NoSecret);
        }
        if mode == Mode::Dev && !self.server.public_address.is_loopback() {
            return Err(ConfigError::OpenDev(self.server.public_address.clone()));
        }
        if self.server.admin_token.is_none() && !self.server.admin_address.is_loopback() {
            return Err(ConfigError::OpenAdmin(self.server.admin_address.clone()));
        }
        if self.limits.challenges_per_tenant > self.limits.challenges {
            return Err(ConfigError::ChallengesPerTenant {
                per_tenant: self.limits.challenges_per_tenant,
                all: self.limits.challenges,
            });
        }
        if let Some(id) = tenants::declared_twice(&self.tenants) {
            return Err(ConfigError::TenantTwice(id));
        }
        Ok(())
    }
}

fn toml(text: &str) -> config::File<config::FileSourceString, config::FileFormat> {
    config::File::from_str(text, config::FileFormat::Toml)
}

const DEV_TOML: &str = r#"
[server]
public_address = "127.0.0.1:8000"
try_page = true
[tenancy]
base_domain = "localhost"
"#;
