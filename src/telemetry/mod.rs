//! What the outside can see of the inside: logs, metrics and traces. Nothing secret, no user, no credential, no path.

mod family;
mod instruments;
mod label;
pub mod logging;
pub mod metrics;
pub mod otlp;
mod quota;
pub mod reason;
pub mod request;
pub mod store;
mod table;
pub mod tenants;
#[cfg(test)]
mod tests;
pub mod traces;
pub mod worker;
mod workers;
