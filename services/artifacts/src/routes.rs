//! What an attempt may read and put, below `/callbacks/{id}`.

use aegis_contracts::artifact::attempt_prefix;
use aegis_contracts::problem::{Code, FieldError, Problem};
use aegis_contracts::text::visible_line;
use aegis_contracts::transfer::{
    FileEntry, FileList, FileToPut, MAX_ARTIFACTS, TRANSFER_VALID, Transfer, TransferMethod,
    is_file_name, is_record,
};
use aegis_engine::api::{
    Answer, ApiHandler, ApiRequest, ApiResponse, no_such_route, not_found, problem_of,
};
use aegis_engine::attempt::{answered, proven};
use aegis_engine::body;
use aegis_engine::token::Claim;
use aegis_workflow::{Rejection, Workflow, current_attempt, inputs_of};
use async_trait::async_trait;

use crate::Artifacts;

/// Files of an attempt that are looked at: all that it may have, and one more.
const LISTED: u16 = MAX_ARTIFACTS as u16 + 3;

#[async_trait]
impl ApiHandler for Artifacts {
    async fn respond(&self, request: &ApiRequest) -> ApiResponse {
        answered(self.answer(request).await)
    }
}

impl Artifacts {
    async fn answer(&self, request: &ApiRequest) -> Answer {
        let claim = proven(&self.keys, request).await?;
        request.check_form(&[])?;
        let part = |name: &str| request.path.get(name).map_or("", String::as_str);
        match request.route.as_str() {
            "GET /callbacks/{id}/artifacts" => self.list(&claim).await,
            "POST /callbacks/{id}/artifacts/{name}" => {
                let file: FileToPut = body::read(request)?;
                self.put(&claim, part("name"), &file).await
            }
            "GET /callbacks/{id}/artifacts/{name}" => self.read(&claim, part("name")).await,
            "GET /callbacks/{id}/inputs/{n}" => self.read_input(&claim, part("n")).await,
            other => Err(Box::new(no_such_route(other))),
        }
    }

    async fn list(&self, claim: &Claim) -> Answer {
        self.current(claim).await?;
        let artifacts = self.files(claim).await?;
        Ok(ApiResponse::json(200, &FileList { artifacts }))
    }

    async fn put(&self, claim: &Claim, name: &str, file: &FileToPut) -> Answer {
        if !is_file_name(name) {
            return Err(Box::new(no_file_name(name)));
        }
        self.current(claim).await?;
        // Without its claim and its record an attempt could not begin or end.
        if !is_record(name) {
            let files = self.files(claim).await?;
            let others = files.iter().map(|file| file.name.as_str());
            let others = others.filter(|put| !is_record(put) && *put != name);
            if others.count() >= MAX_ARTIFACTS {
                let detail = format!("an attempt may put {MAX_ARTIFACTS} files, and has");
                return Err(Box::new(Problem::new(Code::TooManyArtifacts, detail)));
            }
        }
        let key = format!("{}{name}", prefix(claim));
        let signed = self.bucket.presign_put(&key, file, TRANSFER_VALID).await;
        Ok(told(&signed.map_err(|error| problem_of(&error))?))
    }

    async fn read(&self, claim: &Claim, name: &str) -> Answer {
        self.current(claim).await?;
        let key = format!("{}{name}", prefix(claim));
        // Of all keys that begin so the shortest comes first.
        let there = is_file_name(name) && {
            let listed = self.bucket.list(&key, 1).await;
            let listed = listed.map_err(|error| problem_of(&error))?;
            listed.first().is_some_and(|object| object.key == key)
        };
        if !there {
            let detail = format!("the attempt has put no `{}`", visible_line(name));
            return Err(Box::new(Problem::new(Code::ArtifactNotFound, detail)));
        }
        self.signed(&key).await
    }

    async fn read_input(&self, claim: &Claim, place: &str) -> Answer {
        let workflow = self.current(claim).await?;
        let inputs = inputs_of(&workflow, &claim.of.step, claim.of.branch, "");
        let input = inputs
            .into_iter()
            .enumerate()
            .find(|(known, _)| known.to_string() == place);
        let Some((_, input)) = input else {
            let detail = format!("the task has no input {}", visible_line(place));
            return Err(Box::new(Problem::new(Code::ArtifactNotFound, detail)));
        };
        self.signed(&input.key).await
    }

    /// The workflow, if the attempt is the one under way.
    async fn current(&self, claim: &Claim) -> Result<Workflow, Box<Problem>> {
        let id = &claim.workflow_id;
        let loaded = self.engine.load(id).await;
        let workflow = loaded
            .map_err(|error| problem_of(&error))?
            .ok_or_else(|| Box::new(not_found(id.as_str())))?;
        match current_attempt(&workflow, &claim.of) {
            Ok(_) => Ok(workflow),
            Err(Rejection::Illegal(illegal)) => {
                Err(Box::new(Problem::new(illegal.code, illegal.detail)))
            }
            Err(Rejection::Stale { detail, .. }) => {
                Err(Box::new(Problem::new(Code::Superseded, detail)))
            }
            Err(Rejection::Duplicate) => {
                let detail = "the attempt does not count any more";
                Err(Box::new(Problem::new(Code::Superseded, detail)))
            }
        }
    }

    async fn files(&self, claim: &Claim) -> Result<Vec<FileEntry>, Box<Problem>> {
        let prefix = prefix(claim);
        let listed = self.bucket.list(&prefix, LISTED).await;
        let listed = listed.map_err(|error| problem_of(&error))?;
        let named = listed.into_iter().filter_map(|object| {
            let name = object.key.strip_prefix(&prefix)?.to_owned();
            let size = object.size;
            is_file_name(&name).then_some(FileEntry { name, size })
        });
        Ok(named.collect())
    }

    async fn signed(&self, key: &str) -> Answer {
        let link = self.bucket.presign(key, TRANSFER_VALID).await;
        let link = link.map_err(|error| problem_of(&error))?;
        Ok(told(&Transfer {
            method: TransferMethod::Get,
            url: link.url,
            headers: Default::default(),
            expires_at: link.expires_at,
        }))
    }
}

/// All that the attempt may put lies below this.
fn prefix(claim: &Claim) -> String {
    attempt_prefix(&claim.flow, &claim.workflow_id, &claim.of)
}

/// Whoever has the address needs no token.
fn told(transfer: &Transfer) -> ApiResponse {
    ApiResponse::json(200, transfer).with_header("cache-control", "no-store".to_owned())
}

fn no_file_name(name: &str) -> Problem {
    let reason = "must be an artifact's name, `_claim.json` or `_completed.json`";
    let error = FieldError {
        field: "name".to_owned(),
        reason: reason.to_owned(),
    };
    let detail = format!("name: `{}` {reason}", visible_line(name));
    Problem::new(Code::InvalidRequest, detail).with_errors(vec![error])
}
