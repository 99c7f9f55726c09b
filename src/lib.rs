//! keywright
pub mod actor;
pub mod app;
pub mod cli;
pub mod config;
pub mod http;
pub mod store;
pub mod telemetry;
pub mod tenant;
pub mod webauthn;
