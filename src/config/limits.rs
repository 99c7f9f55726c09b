//! The values of rates and networks in `[limits]`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::values::{positive, texts};

pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = texts(deserializer)?;
    let texts = texts.iter().map(|text| text.trim());
    let networks = texts.filter(|text| !text.is_empty()).map(network);
    networks
        .map(|network| network.map_err(D::Error::custom))
        .collect()
}

/// One address is a network too.
fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse::<IpNet>();
    let network = network.or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| {
        format!("{text:?} is not a network, like 10.0.0.0/8 or 2001:db8::/32, and no address")
    })
}

pub(super) fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = u32::deserialize(deserializer)?;
    if !(1..=RATE_MAX).contains(&number) {
        return Err(D::Error::custom(format!(
            "{number} is no rate, 1 to {RATE_MAX} are; rate_limits = false switches the limits off"
        )));
    }
    Ok(number)
}

/// Each takes 16 bytes, from the start.
pub(super) fn tracked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = positive(deserializer)?;
    if number > TRACKED_MAX {
        return Err(D::Error::custom(format!(
            "{number} are too many, at most {TRACKED_MAX}"
        )));
    }
    Ok(number)
}

/// Each may come to a few hundred series.
pub(super) fn tenant_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let number = u16::deserialize(deserializer)?;
    if number > TENANT_LABELS_MAX {
        return Err(D::Error::custom(format!(
            "{number} are too many, at most {TENANT_LABELS_MAX}"
        )));
    }
    Ok(number)
}

const RATE_MAX: u32 = 1_000_000;
const TRACKED_MAX: usize = 16 * 1024 * 1024;
const TENANT_LABELS_MAX: u16 = 1000;
