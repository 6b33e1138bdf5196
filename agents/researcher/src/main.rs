use std::process::ExitCode;

use aegis_agent_kit::run::run;
use aegis_agent_researcher::agent::Researcher;
use aegis_agent_researcher::extract::pdf;

fn main() -> anyhow::Result<ExitCode> {
    // Before there are threads: this process may be one that reads a single file and has limits.
    if let Some(code) = pdf::process::serve() {
        return Ok(code);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run(Researcher))?;
    Ok(ExitCode::SUCCESS)
}
