//! A workflow in the words of the API.

use aegis_contracts::view::{Links, Status, WorkflowView};
use aegis_engine::error::PortError;
use aegis_engine::stored::StoredRequest;
use aegis_workflow::{
    Workflow, approval_view, artifact_refs, course, failure_view, main_artifact, step_views,
};

use crate::Intake;

impl Intake {
    /// # Errors
    /// If the link to the result cannot be signed.
    pub async fn view(
        &self,
        workflow: &Workflow,
        request: StoredRequest,
    ) -> Result<WorkflowView, PortError> {
        let finished = workflow.status() == Status::Completed;
        let result = main_artifact(workflow, &workflow.flow.result).filter(|_| finished);
        let result = match result {
            Some(result) => Some(
                self.artifacts
                    .presign(&result.key, self.result_url_valid)
                    .await?,
            ),
            None => None,
        };
        Ok(WorkflowView {
            workflow_id: workflow.id.clone(),
            flow: workflow.flow.flow.clone(),
            flow_version: workflow.flow.version,
            status: workflow.status(),
            at: workflow.at().cloned(),
            course: course(workflow),
            topic: request.topic,
            parameters: request.parameters,
            tags: request.tags,
            created_at: workflow.created_at,
            updated_at: workflow.updated_at,
            version: workflow.version,
            revision: workflow.revision,
            steps: step_views(workflow),
            approval: approval_view(workflow),
            artifacts: artifact_refs(workflow),
            result,
            failure: failure_view(workflow),
            usage: workflow.usage_so_far(),
            budget: workflow.budget,
            links: Links::of(&self.api_url, &workflow.id),
        })
    }
}
