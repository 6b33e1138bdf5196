//! The `aegis` command; see the library.

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    // Before there are threads: this process may be one that reads a single file for an agent, and has limits.
    if let Some(code) = aegis_embedded::read_a_file() {
        return Ok(code);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(aegis_cli::run_as_typed()))
}
