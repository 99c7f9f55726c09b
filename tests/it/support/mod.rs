//! What the tests need to speak to a real server: the process, a client, and authenticators. No assertion about a
//! subject is made here, except that every error is in the envelope.

mod authenticator;
mod client;
mod collector;
mod forge;
mod server;
mod visitor;

pub(crate) use authenticator::Authenticator;
pub(crate) use client::{Answer, Client, Tenant, config, raw, raw_while_open};
pub(crate) use collector::{Collector, attribute};
pub(crate) use forge::{ALGORITHMS, Attestation, Flags, Forge, base64url, from_base64url, hex};
pub(crate) use server::{STORE_KEY, TestServer};
pub(crate) use visitor::Visitor;

/// Where the tests' relying party lives.
pub(crate) const ORIGIN: &str = "http://localhost:4499";
pub(crate) const RP_ID: &str = "localhost";

/// Makes one thing wrong.
pub(crate) type Spoil<T> = fn(&mut T);
