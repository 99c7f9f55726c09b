//! How this program speaks TLS to others: with the library that verifies everywhere else, and the machine's own list of
//! authorities, for many servers have a certificate of the house.

use std::sync::Arc;

use ureq::tls::{RootCerts, TlsConfig};

pub fn client() -> TlsConfig {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(crypto)
        .root_certs(RootCerts::PlatformVerifier)
        .build()
}
