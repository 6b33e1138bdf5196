//! What was let in must not break what is stored: each workflow that the fuzzer may have met can be read once it is done.

use aegis_client::api::Api;
use aegis_client::proof::Proofs;
use aegis_client::stage::Stage;
use aegis_contracts::time::Timestamp;
use aegis_contracts::view::{History, WorkflowPage};
use anyhow::{Result, ensure};

/// Those that were created since, on a clock of this machine.
///
/// # Errors
/// Names the workflows that cannot be read.
pub async fn all_can_be_read(stage: &Stage, since: Timestamp) -> Result<()> {
    let proofs = Proofs::of(stage, None).await?;
    let api = Api::new(&stage.api_endpoint, proofs, "the stack does not answer")?;
    let (mut read, mut unreadable) = (0, Vec::new());
    let mut cursor = String::new();
    loop {
        let path = format!("/workflows?limit=100{cursor}");
        let page = api.get::<WorkflowPage>(&path).await?.value;
        let at_the_end = page.workflows.iter().any(|row| row.created_at < since);
        for row in page.workflows {
            let id = &row.workflow_id;
            let history = format!("/workflows/{id}/history");
            let view = api.workflow(id).await.map(drop);
            let events = api.get::<History>(&history).await.map(drop);
            match view.and(events) {
                Ok(()) => read += 1,
                Err(error) => unreadable.push(format!("{id}: {error}")),
            }
        }
        match page.next_cursor {
            Some(next) if !at_the_end => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    let list = unreadable.join("\n");
    ensure!(
        unreadable.is_empty(),
        "workflows that cannot be read:\n{list}"
    );
    errln!("the newest {read} workflows can all be read");
    Ok(())
}
