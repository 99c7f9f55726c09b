//! Telling and reading, on the store in memory: what is lost is lost by whoever tells most, and counted.

mod log;
mod queue;
mod retention;
