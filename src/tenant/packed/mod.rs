//! Users and credentials as they lie in memory: each a row of bytes with a number of its own, found through a table of
//! numbers. A server holds millions of them and reads a few at a time, so they are small at rest and unpacked when asked for.
//!
//! Nothing of this is on disk: the form may change with every version. What is written here reads back, whatever it is.

mod bytes;
mod common;
mod credentials;
mod index;
mod key;
mod rows;
mod users;

#[cfg(test)]
mod tests;

pub use credentials::{Credentials, Owner, Stored};
pub(super) use index::Index;
pub use users::{Account, Users};
