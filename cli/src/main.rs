//! The `aegis` command; see the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    aegis_cli::run_as_typed().await
}
