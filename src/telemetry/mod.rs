//! What the outside can see of the inside: logs and metrics. Nothing secret, no user, no credential, no path.

pub mod logging;
pub mod metrics;
