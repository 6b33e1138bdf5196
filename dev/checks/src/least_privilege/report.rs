//! What came of each permission, for people and for programs. It is kept in a file, in which a later run of some takes the
//! place of what was known of those alone.

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::least_privilege::policies::Permission;
use aegis_local_aws::json::{read_json, write_json};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub role: String,
    pub statement: String,
    pub action: String,
    /// The day on which it was tried.
    pub seen_on: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A test failed without it, and again when it ran alone.
    Missed { by: String },
    /// Of AWS alone.
    NotAskedForHere { page: String },
    /// No test misses it, and it stays.
    Kept { why: String },
    /// No test misses it.
    Unnoticed,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missed { by } => write!(formatter, "missed by {by}"),
            Self::NotAskedForHere { page } => write!(formatter, "not asked for here: {page}"),
            Self::Kept { why } => write!(formatter, "nobody misses it; {why}"),
            Self::Unnoticed => formatter.write_str("NOBODY MISSES IT"),
        }
    }
}

impl Row {
    pub fn new(permission: &Permission, outcome: Outcome) -> Self {
        Self {
            role: permission.policy.role.clone(),
            statement: permission.sid.clone(),
            action: permission.action.clone(),
            seen_on: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            outcome,
        }
    }

    pub fn name(&self) -> String {
        format!("{} {} {}", self.role, self.statement, self.action)
    }
}

/// Other rows stay as they are in the file, where `all` permissions still have them.
pub fn save(rows: &[Row], all: &[Permission], file: &Path) -> Result<()> {
    let before: Vec<Row> = read_json(file).unwrap_or_default();
    let there: Vec<String> = all.iter().map(Permission::name).collect();
    write_json(file, &merged(before, rows, &there))
}

fn merged(mut before: Vec<Row>, rows: &[Row], there: &[String]) -> Vec<Row> {
    before.retain(|known| there.contains(&known.name()));
    before.retain(|known| rows.iter().all(|row| row.name() != known.name()));
    before.extend_from_slice(rows);
    before.sort_by_key(Row::name);
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(role: &str, action: &str, outcome: Outcome) -> Row {
        Row {
            role: role.to_owned(),
            statement: "S".to_owned(),
            action: action.to_owned(),
            seen_on: "2026-11-28".to_owned(),
            outcome,
        }
    }

    #[test]
    fn a_row_is_flat_for_programs() {
        let missed = row("r", "a:B", Outcome::Missed { by: "t".to_owned() });
        let expected = json!({"role": "r", "statement": "S", "action": "a:B", "seen_on": "2026-11-28",
            "outcome": "missed", "by": "t"});
        assert_eq!(serde_json::to_value(missed).unwrap(), expected);
    }

    #[test]
    fn a_run_of_some_leaves_the_others_as_they_were() {
        let old = row("a", "x:Y", Outcome::Unnoticed);
        let gone = row("a", "x:Gone", Outcome::Unnoticed);
        let again = row("b", "x:Z", Outcome::Unnoticed);
        let missed = Outcome::Missed { by: "t".to_owned() };
        let new = row("b", "x:Z", missed);
        let there = [old.name(), new.name()];
        assert_eq!(
            merged(
                vec![again, gone, old.clone()],
                std::slice::from_ref(&new),
                &there
            ),
            [old, new]
        );
    }
}
