//! Telling clients how to upload documents.
//!
//! Moves no bytes itself and keeps nothing: what lies in the bucket is all that is known of a set. So a request can be
//! repeated, and one that is answered with no upload shows that its files are there.

use aegis_contracts::problem::{Code, Problem};
use aegis_contracts::sources::{SourceFiles, SourceUploads, source_prefix};
use aegis_contracts::text::visible_line;
use aegis_contracts::transfer::{FileToPut, TRANSFER_VALID, Transfer};
use aegis_engine::api::{Answer, ApiRequest, ApiResponse, problem_of};
use aegis_engine::body;
use futures::future::try_join_all;

use crate::Intake;

impl Intake {
    pub(crate) async fn sources(&self, request: &ApiRequest, principal: &str) -> Answer {
        let wanted: SourceFiles = body::read(request)?;
        let prefix = source_prefix(principal, &wanted.set);
        let looks = wanted.files.into_iter().map(|(name, file)| {
            let key = format!("{prefix}{name}");
            async move { Ok::<_, Box<Problem>>((self.missing(&key, &name, &file).await?, name)) }
        });
        let found = try_join_all(looks).await?;
        let missing = found
            .into_iter()
            .filter_map(|(transfer, name)| Some((name, transfer?)));
        let answer = SourceUploads {
            uri: format!("s3://{}/{prefix}", self.bucket),
            uploads: missing.collect(),
        };
        // Whoever has an address needs no other proof.
        let answer = ApiResponse::json(200, &answer);
        Ok(answer.with_header("cache-control", "no-store".to_owned()))
    }

    /// How to put the file, unless it is there.
    async fn missing(
        &self,
        key: &str,
        name: &str,
        file: &FileToPut,
    ) -> Result<Option<Transfer>, Box<Problem>> {
        let facts = self.artifacts.facts(key).await;
        match facts.map_err(|error| problem_of(&error))? {
            None => {
                let signed = self.artifacts.presign_put(key, file, TRANSFER_VALID).await;
                Ok(Some(signed.map_err(|error| problem_of(&error))?))
            }
            Some(there) if there.sha256.as_ref() == Some(&file.sha256) => Ok(None),
            Some(_) => {
                let name = visible_line(name);
                let detail = format!("the set has another `{name}`, which stays: name another set");
                Err(Box::new(Problem::new(Code::SourceConflict, detail)))
            }
        }
    }
}
