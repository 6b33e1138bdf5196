//! IAM, as far as a role's policy is put in its place.

use std::time::Duration;

use aegis_aws::client::connection::signer;
use aegis_signing::RequestSigner;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::least_privilege::policies::RolePolicy;
use aegis_local_aws::description::Description;

const FORM: &str = "application/x-www-form-urlencoded";
const VERSION: &str = "2010-05-08";

pub struct Account {
    http: reqwest::Client,
    signer: RequestSigner,
    url: String,
}

impl Account {
    pub async fn of(stack: &Description) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30));
        Ok(Self {
            http: http.build()?,
            signer: signer(&stack.connection().load().await, "iam")?,
            url: format!("{}/", stack.aws_endpoint_url),
        })
    }

    /// Puts `document` in the place of the policy; nothing takes it away.
    pub async fn put(&self, policy: &RolePolicy, document: Option<&Value>) -> Result<()> {
        let text = document.map(ToString::to_string).unwrap_or_default();
        let mut form = vec![
            ("Version", VERSION),
            ("RoleName", &policy.role),
            ("PolicyName", &policy.name),
        ];
        match document {
            Some(_) => form.extend([("Action", "PutRolePolicy"), ("PolicyDocument", &text)]),
            None => form.push(("Action", "DeleteRolePolicy")),
        }
        // What stands behind the `?` of a URL has the form of such a body.
        let body = reqwest::Url::parse_with_params(&self.url, form)?;
        let body = body.query().unwrap_or_default().to_owned();
        let headers = [("content-type", FORM)];
        let proof = self
            .signer
            .headers("POST", &self.url, &headers, body.as_bytes());
        let mut request = self.http.post(&self.url).header("content-type", FORM);
        for (name, value) in proof.await? {
            request = request.header(name, value);
        }
        let answer = request
            .body(body)
            .send()
            .await
            .context("IAM does not answer")?;
        let status = answer.status();
        let said = answer.text().await.unwrap_or_default();
        ensure!(status.is_success(), "IAM answers {status}: {said}");
        Ok(())
    }
}
