//! The sockets of a start, each with the address that it got.

use std::net::{SocketAddr, TcpListener};

use super::StartError;
use crate::config::{Address, Config};

pub(super) struct Listeners {
    pub(super) public: Listener,
    pub(super) admin: Listener,
    /// Where metrics have one of their own.
    pub(super) scraped: Option<Listener>,
}

impl Listeners {
    pub(super) fn bind(config: &Config) -> Result<Self, StartError> {
        let scraped = config.metrics.address.as_ref();
        let scraped = scraped.map(|address| Listener::bind("metrics.address", address));
        Ok(Self {
            public: Listener::bind("server.public_address", &config.server.public_address)?,
            admin: Listener::bind("server.admin_address", &config.server.admin_address)?,
            scraped: scraped.transpose()?,
        })
    }
}

/// A socket that is bound, with the address that it got.
pub(super) struct Listener {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl Listener {
    fn bind(key: &'static str, address: &Address) -> Result<Self, StartError> {
        let bound = address
            .resolve()
            .and_then(|addresses| TcpListener::bind(&addresses[..]));
        let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| StartError::Listen {
            key,
            address: address.clone(),
            source,
        })?;
        Ok(Self { listener, address })
    }
}
