//! How this program asks others over HTTP: no redirects unless it follows them itself, no proxy from the environment, TLS with
//! the library that verifies everywhere else and the machine's own list of authorities, for many servers have a certificate of
//! the house. What a status means is for who asks.

use std::sync::Arc;

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

pub fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("keywright/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls())
}

/// For whoever asks now and then: a connection that was kept would be gone.
pub(super) fn agent() -> Agent {
    let config = config().max_idle_connections(0);
    config.build().new_agent()
}

fn tls() -> TlsConfig {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(crypto)
        .root_certs(RootCerts::PlatformVerifier)
        .build()
}
