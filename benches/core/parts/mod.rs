//! What `benches/compare` needs of this machine beside the server: processor time of single steps, and stores that are full.
//! Each part prints one JSON document.

mod fill;
mod processor;
mod signatures;
mod store;

use serde_json::Value;

#[expect(clippy::print_stdout, reason = "another program reads it")]
pub(crate) fn run(arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done: Value = match &arguments[..] {
        ["signatures"] => signatures::measure(),
        ["commits"] => store::measure(),
        ["fill", directory, secret, tenants, credentials] => {
            let number = |text: &str| text.parse().expect("a number");
            fill::run(directory, secret, number(tenants), number(credentials))
        }
        other => panic!(
            "{other:?} is none of signatures, commits, fill DIRECTORY SECRET TENANTS CREDENTIALS"
        ),
    };
    println!("{done}");
}
