//! The integration tests: the real binary, spoken to over the network. One binary, a file a subject; the tests share
//! nothing and run in any order.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and the line says where"
)]
#![expect(clippy::disallowed_methods, reason = "deadlines need the clock")]
#![expect(
    clippy::print_stderr,
    reason = "seeds and skipped tests are told to whoever runs them"
)]

mod admin;
mod attestation;
mod audit;
mod canaries;
mod cli;
mod concurrency;
mod config;
mod cors;
mod declared;
mod durability;
mod envelope;
mod hostile;
mod issuers;
mod limits;
mod load;
mod login;
mod logs;
mod metrics;
mod mfa;
mod names;
mod openapi;
mod paths;
mod people;
mod proxies;
mod public;
mod rate_limits;
mod recorded;
mod recorded_public;
mod registration;
mod rotation;
mod secrets;
mod sessions;
mod settings;
mod support;
mod tenancy;
mod tidy;
mod timeouts;
mod tokens;
mod traces;
mod transactions;
mod try_page;
mod validation;
