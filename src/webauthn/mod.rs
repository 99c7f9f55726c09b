//! The WebAuthn protocol: bytes and expectations in, a verdict out.
//!
//! [`registration`] follows WebAuthn Level 3 §7.1 and [`authentication`] §7.2, step by step; the other files parse what these two read.
//! Everything here is a function of its arguments: no I/O, no clock, no randomness, no async, and no other module of the crate.
//! What a refusal means to a client (status, title) and what policy makes of a verdict (counters, backup flags) is decided above.

pub mod attestation;
pub mod authentication;
pub mod authenticator_data;
mod base64url;
mod cbor;
mod ceremony;
pub mod client_data;
pub mod cose;
pub mod error;
mod json;
pub mod options;
pub mod origin;
pub mod registration;

pub use ceremony::Expected;
pub use json::Object;

#[cfg(test)]
mod tests;
