//! `GET /workflows/{id}/review`: what approvers decide on, exactly as the step that the approval shows left it.
//!
//! The page of a link shows the same. Only reads: the table, and of the bucket what that step wrote and what
//! it was made from.

use std::collections::BTreeMap;
use std::time::Duration;

use aegis_contracts::artifact::ArtifactRef;
use aegis_contracts::event::Event;
use aegis_contracts::findings::{AnalysisFile, Claim, Evidence, EvidenceFile, Finding};
use aegis_contracts::ids::WorkflowId;
use aegis_contracts::problem::{Code, FieldError, Problem, ProblemLink};
use aegis_contracts::review::{self, Review, ReviewedClaim, ReviewedFinding};
use aegis_contracts::text::{alike, counted, visible_line};
use aegis_engine::api::{Answer, ApiRequest, ApiResponse, not_found, problem_of};
use aegis_engine::error::PortError;
use aegis_engine::ports::Contents;
use aegis_engine::stored::StoredRequest;
use aegis_workflow::{Asked, Shown, Vote, Workflow, asked, waiting_approval_view};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::Approval;

/// Bytes of a file that is read. What agents write of 24 passages has some 50,000.
const MAX_FILE: usize = 2 * 1024 * 1024;
/// Bytes of an answer. Lambda hands on 6 MB, in which each quote and backslash of it is escaped once more.
pub(crate) const MAX_ANSWER: usize = 3_000_000;
/// How long links to files that are too large can be followed.
const LINKS_VALID: Duration = Duration::from_secs(3600);

/// A workflow, and all that its approvers were asked.
pub(crate) struct Seen {
    pub workflow: Workflow,
    pub request: StoredRequest,
    pub asked: Vec<Asked>,
}

/// Why the findings of a revision cannot be shown.
#[derive(Debug)]
pub(crate) enum Withheld {
    /// There are files, and they are read elsewhere.
    TooLarge(Vec<ProblemLink>),
    Absent(String),
    Broken(String, String),
    Port(PortError),
}

impl From<PortError> for Withheld {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<Withheld> for Problem {
    fn from(withheld: Withheld) -> Self {
        match withheld {
            Withheld::TooLarge(links) => {
                let detail =
                    "the findings are too large to be shown here: read the files at the links";
                let mut problem = Self::new(Code::ArtifactTooLarge, detail);
                problem.links = links;
                problem
            }
            Withheld::Absent(name) => {
                let detail = format!("the findings cannot be shown: `{name}` is not in the bucket");
                Self::new(Code::ArtifactNotFound, detail)
            }
            Withheld::Broken(name, why) => {
                let detail = format!("the findings cannot be shown: `{name}` {why}");
                Self::new(Code::ArtifactUnreadable, detail)
            }
            Withheld::Port(error) => problem_of(&error),
        }
    }
}

impl Approval {
    pub(crate) async fn review(&self, request: &ApiRequest) -> Answer {
        let id = request.workflow_id()?;
        let wanted = wanted_revision(request)?;
        let seen = self.seen(&id).await;
        let seen = seen.map_err(|error| problem_of(&error))?;
        let seen = seen.ok_or_else(|| not_found(id.as_str()))?;
        let asked = chosen(&seen, wanted)?;
        let problem = |withheld: Withheld| Box::new(Problem::from(withheld));
        let review = self.reviewed(&seen, asked).await.map_err(problem)?;
        let answer = ApiResponse::json(200, &review);
        if answer.body.len() > MAX_ANSWER {
            return Err(problem(self.too_large(asked).await));
        }
        Ok(answer)
    }

    /// `None`: there is no such workflow.
    pub(crate) async fn seen(&self, id: &WorkflowId) -> Result<Option<Seen>, PortError> {
        let Some((workflow, request)) = self.engine.load_with_request(id).await? else {
            return Ok(None);
        };
        let history = self.engine.table.history(id).await?;
        let events = history.iter().flat_map(|entry| &entry.events);
        let events = events.map(|envelope| (envelope.occurred_at, &envelope.body));
        let mut asked = asked(&workflow, events.clone());
        for shown in asked.iter_mut().filter_map(|asked| asked.shown.as_mut()) {
            // Claims may cite a file that the step put together itself: it is nearer than any that the step read.
            let beside = written_with(&shown.artifact, events.clone().map(|(_, event)| event));
            shown.made_from.extend(beside);
        }
        Ok(Some(Seen {
            workflow,
            request,
            asked,
        }))
    }

    pub(crate) async fn reviewed(&self, seen: &Seen, asked: &Asked) -> Result<Review, Withheld> {
        let shown = shown(asked)?;
        let bytes = self.bytes(asked, &shown.artifact).await?;
        let (analysis, text) = content(&shown.artifact, bytes)?;
        let evidence = match &analysis {
            Some(analysis) => self.evidence(asked, shown, analysis).await?,
            None => None,
        };
        let (workflow, request) = (&seen.workflow, &seen.request);
        let revision = asked.approval.revision;
        let waiting = waiting_approval_view(workflow);
        let waiting = waiting.is_some_and(|waiting| waiting.revision == revision);
        let mut undecided = asked.approval.approvers.clone();
        undecided.retain(|name| {
            let mut decisions = asked.approval.decisions.iter();
            waiting && !decisions.any(|known| alike(&known.approver, name))
        });
        let mut review = Review {
            workflow_id: workflow.id.clone(),
            status: workflow.status(),
            topic: request.topic.clone(),
            requested_by: request.requested_by.clone(),
            waiting,
            approval: asked.approval.clone(),
            undecided,
            shown: review::Shown {
                step: shown.step.clone(),
                name: shown.artifact.name.clone(),
                media_type: shown.artifact.media_type.clone(),
                text,
            },
            summary: String::new(),
            findings: Vec::new(),
            gaps: Vec::new(),
            unreadable: Vec::new(),
            documents_unread: 0,
            losses: Vec::new(),
            revised: None,
            usage: workflow.usage_so_far(),
            budget: workflow.budget,
            hash: shown.artifact.sha256.clone(),
        };
        let mut passages = BTreeMap::new();
        if let Some(evidence) = evidence {
            review.unreadable = evidence.unreadable;
            review.documents_unread = evidence.documents_unread;
            review.losses = evidence.losses;
            let cited = evidence.evidence.into_iter();
            passages.extend(cited.map(|passage| (passage.id.clone(), passage)));
        }
        if let Some(analysis) = analysis {
            review.summary = analysis.summary;
            review.gaps = analysis.gaps;
            review.revised = analysis.revised;
            review.findings = match beside_passages(analysis.findings, &passages) {
                Some(findings) => findings,
                None => return Err(self.too_large(asked).await),
            };
        }
        Ok(review)
    }

    /// The content of an artifact, which is the one that was reported.
    async fn bytes(&self, asked: &Asked, artifact: &ArtifactRef) -> Result<Vec<u8>, Withheld> {
        let bytes = match self.artifacts.read(&artifact.key, MAX_FILE).await? {
            None => return Err(Withheld::Absent(artifact.name.clone())),
            Some(Contents::TooLarge) => return Err(self.too_large(asked).await),
            Some(Contents::Whole(bytes)) => bytes,
        };
        if HEXLOWER.encode(&Sha256::digest(&bytes)) != artifact.sha256 {
            let why = "is not the file that its agent reported: it has another SHA-256";
            return Err(Withheld::Broken(artifact.name.clone(), why.to_owned()));
        }
        Ok(bytes)
    }

    /// The findings of a revision, if what it shows holds any.
    async fn findings(&self, asked: &Asked) -> Result<Option<AnalysisFile>, Withheld> {
        let shown = shown(asked)?;
        let bytes = self.bytes(asked, &shown.artifact).await?;
        Ok(content(&shown.artifact, bytes)?.0)
    }

    /// The passages that findings cite: of the file that they name, else of the nearest that the step wrote or read.
    /// Other agents may write JSON of another shape.
    async fn evidence(
        &self,
        asked: &Asked,
        shown: &Shown,
        analysis: &AnalysisFile,
    ) -> Result<Option<EvidenceFile>, Withheld> {
        let named = |read: &&ArtifactRef| {
            let sha256 = analysis.evidence_sha256.as_ref();
            is_json(read) && sha256.is_none_or(|sha256| *sha256 == read.sha256)
        };
        for artifact in shown.made_from.iter().rev().filter(named) {
            let bytes = self.bytes(asked, artifact).await?;
            if let Ok(file) = serde_json::from_slice(&bytes) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// A number that no finding has would use up a revision. Findings that cannot be read stop no decision: then the
    /// agent says what it could not do.
    pub(crate) async fn findings_are_there(
        &self,
        id: &WorkflowId,
        vote: &Vote,
    ) -> Result<(), Box<Problem>> {
        let Some(changes) = &vote.changes else {
            return Ok(());
        };
        let lists = [("drop", &changes.drop), ("keep", &changes.keep)];
        if lists.iter().all(|(_, numbers)| numbers.is_empty()) {
            return Ok(());
        }
        let Ok(Some(seen)) = self.seen(id).await else {
            return Ok(());
        };
        // Where a flow has several approvals, whoever does not say which one is refused for that.
        let one = seen.workflow.flow.approvals().count() == 1;
        let Some(revision) = vote.revision.or(one.then_some(0)) else {
            return Ok(());
        };
        let mut asked = seen.asked.iter();
        let Some(asked) = asked.find(|asked| asked.approval.revision == revision) else {
            return Ok(());
        };
        let Ok(Some(analysis)) = self.findings(asked).await else {
            return Ok(());
        };
        let known = analysis.findings.len();
        let errors: Vec<FieldError> = lists
            .iter()
            .flat_map(|(name, numbers)| numbers.iter().enumerate().map(move |at| (name, at)))
            .filter(|(_, (_, number))| **number as usize > known)
            .map(|(name, (at, number))| FieldError {
                field: format!("changes.{name}[{at}]"),
                reason: format!(
                    "revision {revision} has {}, and none with the number {number}",
                    counted(known, "finding")
                ),
            })
            .collect();
        let Some(first) = errors.first() else {
            return Ok(());
        };
        let detail = format!("{}: {}", first.field, first.reason);
        let problem = Problem::new(Code::UnknownFinding, detail);
        Err(Box::new(problem.with_errors(errors)))
    }

    pub(crate) async fn too_large(&self, asked: &Asked) -> Withheld {
        let mut links = Vec::new();
        let mut files: Vec<&ArtifactRef> = Vec::new();
        if let Some(shown) = &asked.shown {
            files.push(&shown.artifact);
            files.extend(&shown.made_from);
        }
        for artifact in files {
            match self.artifacts.presign(&artifact.key, LINKS_VALID).await {
                Ok(link) => links.push(ProblemLink {
                    name: artifact.name.clone(),
                    url: link.url,
                    expires_at: link.expires_at,
                }),
                Err(error) => return Withheld::Port(error),
            }
        }
        Withheld::TooLarge(links)
    }
}

/// What else the attempt wrote that wrote this artifact.
fn written_with<'a>(
    artifact: &'a ArtifactRef,
    events: impl Iterator<Item = &'a Event>,
) -> Vec<ArtifactRef> {
    let written = events.filter_map(|event| match event {
        Event::StepCompleted { artifacts, .. } => Some(artifacts),
        _ => None,
    });
    let mut written = written.filter(|artifacts| artifacts.contains(artifact));
    let beside = written.next().into_iter().flatten();
    beside.filter(|other| *other != artifact).cloned().collect()
}

fn shown(asked: &Asked) -> Result<&Shown, Withheld> {
    let missing = || Withheld::Absent("what the approval shows".to_owned());
    asked.shown.as_ref().ok_or_else(missing)
}

fn is_json(artifact: &ArtifactRef) -> bool {
    artifact.media_type.starts_with("application/json")
}

/// Findings, or the text of anything else that is text.
fn content(
    artifact: &ArtifactRef,
    bytes: Vec<u8>,
) -> Result<(Option<AnalysisFile>, Option<String>), Withheld> {
    let json = is_json(artifact);
    if json && let Ok(analysis) = serde_json::from_slice(&bytes) {
        return Ok((Some(analysis), None));
    }
    if !json && !artifact.media_type.starts_with("text/") {
        return Ok((None, None));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Withheld::Broken(artifact.name.clone(), format!("is not UTF-8: {error}"))
    })?;
    Ok((None, Some(text)))
}

fn wanted_revision(request: &ApiRequest) -> Result<Option<u32>, Box<Problem>> {
    let Some(text) = request.query("revision") else {
        return Ok(None);
    };
    let revision = text.parse().map_err(|_| {
        let shown = visible_line(text);
        let detail = format!("revision `{shown}` is not a number from 0 to {}", u32::MAX);
        Problem::new(Code::InvalidQuery, detail)
    })?;
    Ok(Some(revision))
}

/// The wanted revision, else the latest.
fn chosen(seen: &Seen, wanted: Option<u32>) -> Result<&Asked, Box<Problem>> {
    let latest = seen.workflow.revision;
    let found = match wanted {
        None => seen.asked.last(),
        Some(wanted) => {
            let mut asked = seen.asked.iter();
            asked.find(|asked| asked.approval.revision == wanted)
        }
    };
    let wanted = wanted.unwrap_or(latest);
    found.ok_or_else(|| {
        Box::new(if wanted > latest {
            let detail = format!("there is no revision {wanted}: the latest is {latest}");
            Problem::new(Code::RevisionNotFound, detail)
        } else {
            let status = seen.workflow.status().as_str().replace('_', " ");
            let detail =
                format!("nobody was asked about revision {wanted}: the workflow is {status}");
            Problem::new(Code::NotAnalyzed, detail)
        })
    })
}

fn size(passage: &Evidence) -> usize {
    let texts = [
        &passage.id,
        &passage.source,
        &passage.title,
        &passage.location,
        &passage.passage,
    ];
    let more = passage.headings.iter().chain(&passage.lead);
    texts.into_iter().chain(more).map(String::len).sum()
}

/// `None`: with the passages it would be more than an answer may have.
fn beside_passages(
    findings: Vec<Finding>,
    passages: &BTreeMap<String, Evidence>,
) -> Option<Vec<ReviewedFinding>> {
    let mut room = MAX_ANSWER;
    let mut claim = |claim: Claim| {
        let passage = passages.get(&claim.evidence);
        let lead = claim.lead.as_ref().map_or(0, String::len);
        let size = claim.text.len() + lead + passage.map_or(0, size);
        room = room.checked_sub(size)?;
        Some(ReviewedClaim {
            text: claim.text,
            lead: claim.lead,
            evidence: claim.evidence,
            passage: passage.cloned(),
        })
    };
    let finding = |finding: Finding| {
        let claims: Option<Vec<_>> = finding.claims.into_iter().map(&mut claim).collect();
        Some(ReviewedFinding {
            id: finding.id,
            heading: finding.heading,
            stance: finding.stance,
            note: finding.note,
            claims: claims?,
        })
    };
    findings.into_iter().map(finding).collect()
}
