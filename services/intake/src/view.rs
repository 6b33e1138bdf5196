//! A workflow in the words of the API.

use aegis_contracts::agent::Role;
use aegis_contracts::view::{Links, Status, WorkflowView};
use aegis_engine::error::PortError;
use aegis_engine::stored::StoredRequest;
use aegis_workflow::{Workflow, approval_view, artifact_refs, failure_view, step_views};

use crate::Intake;

impl Intake {
    /// # Errors
    /// If the link to the report cannot be signed.
    pub async fn view(
        &self,
        workflow: &Workflow,
        request: StoredRequest,
    ) -> Result<WorkflowView, PortError> {
        let artifacts = artifact_refs(workflow);
        let finished = workflow.status() == Status::Completed;
        let report = artifacts
            .iter()
            .find(|artifact| finished && artifact.name == Role::Writer.artifact_name());
        let report = match report {
            Some(report) => Some(
                self.artifacts
                    .presign(&report.key, self.report_url_valid)
                    .await?,
            ),
            None => None,
        };
        Ok(WorkflowView {
            workflow_id: workflow.id.clone(),
            status: workflow.status(),
            topic: request.topic,
            parameters: request.parameters,
            tags: request.tags,
            created_at: workflow.created_at,
            updated_at: workflow.updated_at,
            version: workflow.version,
            revision: workflow.revision,
            steps: step_views(workflow),
            approval: approval_view(workflow),
            artifacts,
            report,
            failure: failure_view(workflow),
            usage: workflow.usage_so_far(),
            budget: workflow.budget,
            links: Links::of(&self.api_url, &workflow.id),
        })
    }
}
