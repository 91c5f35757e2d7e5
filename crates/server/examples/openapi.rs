//! Prints the OpenAPI document of that name: `cargo run -p pipewright-server --example openapi -- pipewright`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    match pipewright_server::openapi(&name) {
        Some(document) => {
            println!("{document:#}");
            ExitCode::SUCCESS
        }
        None => {
            let names: Vec<&str> = pipewright_server::openapi_names().collect();
            eprintln!("error: there is no document `{name}`; there are {}", names.join(", "));
            ExitCode::FAILURE
        }
    }
}
