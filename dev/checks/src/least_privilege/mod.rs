//! `cargo xtask test iam`: takes each permission away from each role, and sees whether a test notices.
//!
//! What nobody misses is either not needed, or asked for by AWS alone: the emulator does not ask for everything.

mod policies;
mod report;
mod suite;

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::least_privilege::policies::{Account, Permission, asked_by_aws_alone, kept, policies};
use crate::least_privilege::report::{Outcome, Row};
use crate::least_privilege::suite::Suite;
use aegis_client::local::StackFolder;
use aegis_local_aws::description::Description;
use aegis_local_aws::killer::{self, Kind};
use aegis_terminal::out;

/// Below the folder of the tests' stack.
const REPORT: &str = "least-privilege.json";

/// Runs on the stack that `stack` describes. `only` picks permissions by a part of `role statement action`. With `json`
/// the rows are printed too.
///
/// # Errors
/// Where permissions are left that no test missed, or the tests fail with all of them.
pub async fn run(
    folder: &StackFolder,
    stack: &Description,
    state: &Value,
    only: &[String],
    json: bool,
) -> Result<()> {
    let account = Account::of(stack).await?;
    let suite = Suite::built(folder).await?;
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(part));
    let all: Vec<Permission> = policies(state)?
        .iter()
        .flat_map(policies::RolePolicy::permissions)
        .collect();
    let permissions: Vec<&Permission> = all.iter().filter(|one| wanted(&one.name())).collect();
    let mut rows = Vec::new();
    for (number, &permission) in permissions.iter().enumerate() {
        let began = Instant::now();
        let outcome = match asked_by_aws_alone(permission) {
            Some(page) => Outcome::NotAskedForHere {
                page: page.to_owned(),
            },
            None => judged(
                permission,
                without(folder, &account, &suite, permission).await?,
            ),
        };
        let row = Row::new(permission, outcome);
        let (of, seconds) = (permissions.len(), began.elapsed().as_secs());
        let (number, name) = (number + 1, row.name());
        errln!("{number:>3} of {of}: {name}: {} ({seconds} s)", row.outcome);
        rows.push(row);
    }
    let file = folder.root().join(REPORT);
    report::save(&rows, &all, &file)?;
    errln!("The report is in {}", file.display());
    if json {
        out::json(serde_json::to_string_pretty(&rows)?);
    }
    let unnoticed = rows.iter().filter(|row| row.outcome == Outcome::Unnoticed);
    let unnoticed: Vec<_> = unnoticed.map(Row::name).collect();
    if unnoticed.is_empty() {
        return Ok(());
    }
    bail!("no test misses: {}", unnoticed.join("; "))
}

fn judged(permission: &Permission, missed: Option<String>) -> Outcome {
    match (missed, kept(permission)) {
        (Some(by), _) => Outcome::Missed { by },
        (None, Some(why)) => Outcome::Kept {
            why: why.to_owned(),
        },
        (None, None) => Outcome::Unnoticed,
    }
}

/// The test that missed the permission. It is given back whatever comes of the tests, and then that test must pass.
async fn without(
    folder: &StackFolder,
    account: &Account,
    suite: &Suite,
    permission: &Permission,
) -> Result<Option<String>> {
    let policy = &permission.policy;
    account.put(policy, permission.withdrawn().as_ref()).await?;
    if permission.action.starts_with(READ_ONCE) {
        killer::kill_all(folder, Kind::Function);
    }
    let missed = suite.missing(&policy.role).await;
    let given_back = account.put(policy, Some(&policy.document)).await;
    given_back.with_context(|| format!("{} is left without {}", policy.role, permission.action))?;
    let Some(test) = missed? else {
        return Ok(None);
    };
    // The counter-proof: with the permission given back the same test must pass. What was left behind of other tests
    // is not held against the next permission, as only a test that fails alone counts.
    for _ in 0..CALM_TRIES {
        if suite.passes(&policy.role, &test).await? {
            return Ok(Some(test));
        }
    }
    bail!(
        "{test} fails although {} has all of its permissions",
        policy.role
    )
}

/// Workflows that stood still meanwhile come to their end during the first of these.
const CALM_TRIES: usize = 3;

/// Parameters are kept for a while by whoever has read them: only a process that is new reads them.
const READ_ONCE: &str = "ssm:Get";
