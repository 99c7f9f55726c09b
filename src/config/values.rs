//! The values of the settings, each parsed where it is read: an error names the value and says what would be right.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{LogFormat, LogLevel};

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

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|_| D::Error::custom(format!("{text:?} is not a duration, like 10m or 1h 30m")))
}

/// A duration after which something happens again: not so short that nothing else would.
pub(super) fn pause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let pause = duration(deserializer)?;
    if pause < PAUSE_MIN {
        return Err(D::Error::custom(format!(
            "{pause:?} is too short, at least {PAUSE_MIN:?} is needed"
        )));
    }
    Ok(pause)
}

pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
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

/// An empty one would be wherever the server was started.
pub(super) fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(D::Error::custom(
            "it is empty: name a directory, or leave the key out",
        ));
    }
    Ok(text.into())
}

pub(super) fn some_folder<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PathBuf>, D::Error> {
    folder(deserializer).map(Some)
}

pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number == 0 {
        return Err(D::Error::custom("0 is too little, at least 1 is needed"));
    }
    Ok(number)
}

/// Byte 0 of a challenge names its worker, hence at most 256.
pub(super) fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    if number > WORKERS_MAX {
        return Err(D::Error::custom(format!(
            "{number} are too many, at most {WORKERS_MAX}, or 0 for one a core"
        )));
    }
    Ok(number)
}

pub(super) fn log_format<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<LogFormat, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(D::Error::custom(format!(
            "{other:?} is none of auto, text, json"
        ))),
    }
}

pub(super) fn log_level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LogLevel, D::Error> {
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

pub(super) fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    let texts = texts(deserializer)?;
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

/// A list, or in the environment one text with commas.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        OneOrMany::Many(texts) => texts,
    })
}

const SECRET_LENGTH_MIN: usize = 16;
const PAUSE_MIN: Duration = Duration::from_millis(10);
pub const WORKERS_MAX: usize = 256;
