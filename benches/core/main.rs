//! What keywright's parts cost, from a decision to a snapshot. Nothing here asserts: tests do that.
//!
//! `benches/README.md` says what each number means and what moves it. With `part` as its first argument it is the helper
//! of `benches/compare`.

mod actors;
mod authenticator;
mod decisions;
mod fixture;
mod parts;
mod storage;
mod tokens;
mod verification;

use std::time::Duration;

use criterion::Criterion;

/// That of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = &arguments[..]
        && first == "part"
    {
        return parts::run(rest);
    }
    // Small samples and short times: all of it has to fit into five minutes of two slow cores.
    let mut criterion = Criterion::default()
        .sample_size(20)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_200))
        .configure_from_args();
    decisions::bench(&mut criterion);
    verification::bench(&mut criterion);
    tokens::bench(&mut criterion);
    actors::bench(&mut criterion);
    storage::bench(&mut criterion);
    criterion.final_summary();
}
