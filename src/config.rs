//! The settings of the server: `config/default.toml`, a file, the environment, in this order. Read once, passed by value.
//! A bad value stops the start; nothing ever falls back.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use thiserror::Error;

pub const DEFAULT_TOML: &str = include_str!("../config/default.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub snapshots: Snapshots,
    pub secrets: Secrets,
    pub limits: Limits,
    pub log: Log,
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
    #[serde(deserialize_with = "duration")]
    pub drain_timeout: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
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
    #[serde(default)]
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
    #[serde(deserialize_with = "pause")]
    pub tenant_idle: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    #[serde(deserialize_with = "log_format")]
    pub format: LogFormat,
    #[serde(deserialize_with = "log_level")]
    pub level: LogLevel,
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

/// A text of at least 16 characters that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `host:port`; an empty host is every address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub host: String,
    pub port: u16,
}

impl Address {
    /// Candidates, the first of which that can be bound is used.
    pub fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        if self.host.is_empty() {
            let every: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
            return Ok(every.map(|ip| SocketAddr::from((ip, self.port))).to_vec());
        }
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        let ip: Result<IpAddr, _> = self.host.parse();
        self.host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{0}")]
    Invalid(config::ConfigError),
    /// Without the line itself: there may be a secret on it.
    #[error("{file} is not TOML: {place}")]
    Syntax { file: String, place: String },
    #[error(
        "secrets.keys is empty: give at least one text of 16 or more characters that nobody else knows, for example `openssl rand -hex 32 > keywright.key` once and KEYWRIGHT__SECRETS__KEYS=$(cat keywright.key), and keep it: without it nothing in the store can be read"
    )]
    NoSecret,
    #[error(
        "server.admin_address is {0}, which others can reach, and server.admin_token is not set: set a token of at least 16 characters, or use 127.0.0.1"
    )]
    OpenAdmin(Address),
    #[error(
        "server.public_address is {0}, which others can reach, and --dev is for this machine only: use 127.0.0.1:8000, or start without --dev"
    )]
    OpenDev(Address),
    #[error(
        "limits.challenges_per_tenant is {per_tenant}, more than limits.challenges ({all}): lower the one or raise the other"
    )]
    ChallengesPerTenant { per_tenant: usize, all: usize },
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        let config::ConfigError::FileParse { uri, cause } = error else {
            return Self::Invalid(error);
        };
        Self::Syntax {
            file: uri.unwrap_or_default(),
            place: cause
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
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
        let config: Self = settings.and_then(config::Config::try_deserialize)?;
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
        Ok(())
    }
}

fn toml(text: &str) -> config::File<config::FileSourceString, config::FileFormat> {
    config::File::from_str(text, config::FileFormat::Toml)
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || {
            D::Error::custom(format!(
                "{text:?} is not host:port, like 127.0.0.1:8000 or :8000"
            ))
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| wrong())?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim() != text {
            return Err(D::Error::custom(
                "a secret has white space at its start or end, which no header can carry",
            ));
        }
        let length = text.chars().count();
        if length < SECRET_LENGTH_MIN {
            return Err(D::Error::custom(format!(
                "a secret of {length} characters is too short, at least {SECRET_LENGTH_MIN} are needed"
            )));
        }
        Ok(Self(text))
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|_| D::Error::custom(format!("{text:?} is not a duration, like 10m or 1h 30m")))
}

/// A duration after which something happens again: not so short that nothing else would.
fn pause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let pause = duration(deserializer)?;
    if pause < PAUSE_MIN {
        return Err(D::Error::custom(format!(
            "{pause:?} is too short, at least {PAUSE_MIN:?} is needed"
        )));
    }
    Ok(pause)
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || D::Error::custom(format!("{text:?} is not a size, like 64 KiB or 1 MiB"));
    let number = text.trim_end_matches(|c: char| c.is_alphabetic());
    let unit: usize = match text[number.len()..].trim() {
        "" | "B" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return Err(wrong()),
    };
    let number: usize = number.trim().parse().map_err(|_| wrong())?;
    number
        .checked_mul(unit)
        .filter(|&size| size > 0)
        .ok_or_else(wrong)
}

fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number == 0 {
        return Err(D::Error::custom("0 is too little, at least 1 is needed"));
    }
    Ok(number)
}

/// Byte 0 of a challenge names its worker, hence at most 256.
fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number > WORKERS_MAX {
        return Err(D::Error::custom(format!(
            "{number} are too many, at most {WORKERS_MAX}, or 0 for one a core"
        )));
    }
    Ok(number)
}

fn log_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogFormat, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(D::Error::custom(format!(
            "{other:?} is none of auto, text, json"
        ))),
    }
}

fn log_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogLevel, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "error" => Ok(LogLevel::Error),
        "warn" => Ok(LogLevel::Warn),
        "info" => Ok(LogLevel::Info),
        "debug" => Ok(LogLevel::Debug),
        "trace" => Ok(LogLevel::Trace),
        other => Err(D::Error::custom(format!(
            "{other:?} is none of error, warn, info, debug, trace"
        ))),
    }
}

/// A list, or in the environment one text with commas.
fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let texts = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        OneOrMany::Many(texts) => texts,
    };
    let too_short = texts
        .iter()
        .any(|text| text.chars().count() < SECRET_LENGTH_MIN);
    if too_short || texts.iter().any(|text| text.contains(',')) {
        return Err(D::Error::custom(format!(
            "each key needs at least {SECRET_LENGTH_MIN} characters and no comma"
        )));
    }
    Ok(texts.into_iter().map(Secret).collect())
}

const DEV_TOML: &str = r#"
[server]
public_address = "127.0.0.1:8000"
try_page = true
"#;

const SECRET_LENGTH_MIN: usize = 16;
const PAUSE_MIN: Duration = Duration::from_millis(10);
pub const WORKERS_MAX: usize = 256;
