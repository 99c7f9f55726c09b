//! What the outside can see of the inside: logs and metrics. Nothing secret, no user, no credential, no path.

mod family;
mod instruments;
mod label;
pub mod logging;
pub mod metrics;
pub mod reason;
pub mod request;
pub mod store;
mod table;
pub mod tenants;
#[cfg(test)]
mod tests;
pub mod worker;
mod workers;
