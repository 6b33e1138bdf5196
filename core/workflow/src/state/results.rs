//! Results as they are stored: branches of a step in a list, because there may be many and each byte of the state costs
//! on every write.

use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;
use aegis_contracts::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::is_zero;
use super::work::{StepResult, StoredArtifact};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Branches {
        #[serde(rename = "i")]
        step: Name,
        #[serde(rename = "v", default, skip_serializing_if = "is_zero")]
        revision: u32,
        #[serde(rename = "l")]
        branches: Vec<Branch>,
    },
    One(StepResult),
}

/// Branch, attempt, milliseconds, and size and digest of the one artifact that the step must write.
#[derive(Serialize, Deserialize)]
struct Branch(u32, u32, i64, u64, Digest);

#[derive(Serialize, Deserialize)]
struct Digest(#[serde(with = "super::short::digest")] String);

impl Branch {
    /// `None`: of no branch, or with more than this can say.
    fn of(result: &StepResult) -> Option<Self> {
        let [artifact] = result.artifacts.as_slice() else {
            return None;
        };
        let branch = result.of.branch.filter(|_| result.items.is_none())?;
        artifact.is_as_usual().then(|| {
            let at = result.succeeded_at.as_millis();
            let digest = Digest(artifact.sha256.clone());
            Self(branch, result.of.attempt, at, artifact.size, digest)
        })
    }

    fn into_result(self, step: &Name, revision: u32) -> StepResult {
        let Self(branch, attempt, at, size, Digest(sha256)) = self;
        StepResult {
            of: Attempt {
                step: step.clone(),
                branch: Some(branch),
                attempt,
            },
            revision,
            succeeded_at: Timestamp::from_millis(at),
            items: None,
            artifacts: vec![StoredArtifact::as_usual(size, sha256)],
        }
    }
}

pub fn serialize<S: Serializer>(results: &[StepResult], serializer: S) -> Result<S::Ok, S::Error> {
    let mut stored: Vec<Stored> = Vec::new();
    for result in results {
        let Some(branch) = Branch::of(result) else {
            stored.push(Stored::One(result.clone()));
            continue;
        };
        match stored.last_mut() {
            Some(Stored::Branches {
                step,
                revision,
                branches,
            }) if *step == result.of.step && *revision == result.revision => branches.push(branch),
            _ => stored.push(Stored::Branches {
                step: result.of.step.clone(),
                revision: result.revision,
                branches: vec![branch],
            }),
        }
    }
    stored.serialize(serializer)
}

pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<StepResult>, D::Error> {
    let stored = Vec::<Stored>::deserialize(deserializer)?;
    let results = stored.into_iter().flat_map(|stored| match stored {
        Stored::One(result) => vec![result],
        Stored::Branches {
            step,
            revision,
            branches,
        } => {
            let branches = branches.into_iter();
            branches
                .map(|branch| branch.into_result(&step, revision))
                .collect()
        }
    });
    Ok(results.collect())
}
