//! Terraform's own tests, with as few plans as they need.
//!
//! A plan of the module takes seconds of a processor, and most tests look at the same one: runs that differ in nothing but
//! what they assert are joined to one run. And `expect_failures` names what is to fail, not why, and a run stays green if
//! another rule of the same place refuses. So a run that expects failures is run without expecting them, and the rules
//! whose messages Terraform shows have to be rules of what was expected: of all of it, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use hcl_edit::structure::{Block, Body, Structure};
use serde::Deserialize;

use crate::terraform::rules::{self, Rule};
use aegis_local_aws::terraform::command::Terraform;
use aegis_terminal::progress::Step;

const TESTS: &str = "tests";
/// Below the module's working copy, for as long as it is needed.
const FOLDER: &str = "plans";

/// All tests but those of the file `elsewhere`.
///
/// # Errors
/// Where a test fails, and where a rule refuses nothing in any of them.
pub async fn check(terraform: &Terraform<'_>, elsewhere: &str) -> Result<()> {
    let step = Step::begin("Run Terraform's tests");
    let sources = terraform.module.sources();
    let rules = rules::of(&sources)?;
    let mut bodies = Vec::new();
    for file in files(&sources.join(TESTS), ".tftest.hcl")? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name != elsewhere {
            bodies.push((name.into_owned(), body(&file)?));
        }
    }
    let plans = plans(&bodies);
    ensure!(!plans.is_empty(), "there are no tests");
    let seen = seen(terraform, &plans, &sources.join(FOLDER)).await?;
    let wrong: Vec<_> = plans
        .iter()
        .zip(&seen)
        .filter_map(|(plan, seen)| Some(format!("{}: {}", plan.name, plan.wrong(seen, &rules)?)))
        .collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let said = || seen.iter().flat_map(|seen| &seen.said);
    let silent: Vec<_> = rules
        .iter()
        .filter(|rule| rule.can_refuse_in_a_test())
        .filter(|rule| !said().any(|text| text.contains(&rule.message)))
        .collect();
    ensure!(silent.is_empty(), "no run is refused with: {silent:#?}");
    step.done(&format!(
        "{} plans, {} rules that refuse",
        plans.len(),
        rules.len()
    ));
    Ok(())
}

/// One plan, and all that is asserted of it.
struct Plan {
    /// Of the file and the first of its runs.
    name: String,
    /// Mocks, overrides and variables of the file.
    around: Body,
    /// Without its asserts and what it expects to fail.
    run: Block,
    asserts: Vec<Block>,
    /// What is to fail; where it is nothing, the run is to pass.
    expected: BTreeSet<String>,
}

fn plans(files: &[(String, Body)]) -> Vec<Plan> {
    let is_run = |part: &&Structure| {
        part.as_block()
            .is_some_and(|block| block.ident.as_str() == "run")
    };
    let mut plans: Vec<Plan> = Vec::new();
    for (name, file) in files {
        let around: Body = file.iter().filter(|part| !is_run(part)).cloned().collect();
        for run in file.get_blocks("run") {
            let mut plan = Plan::new(name, &around, run);
            match plans.iter_mut().find(|other| other.is_of(&plan)) {
                Some(other) => other.asserts.append(&mut plan.asserts),
                None => plans.push(plan),
            }
        }
    }
    plans
}

impl Plan {
    fn new(file: &str, around: &Body, run: &Block) -> Self {
        let mut run = run.clone();
        let label = run.labels.first().map_or("", |label| label.as_str());
        let name = format!("{file}, {label}");
        let asserts = run.body.remove_blocks("assert");
        let expected = run.body.remove_attribute("expect_failures");
        let expected = expected.as_ref().and_then(|list| list.value.as_array());
        let places = expected.into_iter().flatten();
        Self {
            name,
            around: around.clone(),
            run,
            asserts,
            expected: places
                .map(|place| place.to_string().trim().to_owned())
                .collect(),
        }
    }

    /// Whether both look at the same plan. Each refusal is seen for itself.
    fn is_of(&self, other: &Self) -> bool {
        self.expected.is_empty()
            && other.expected.is_empty()
            && self.run.body == other.run.body
            && self.around == other.around
    }

    fn text(&self) -> String {
        let mut run = self.run.clone();
        for assert in &self.asserts {
            run.body.push(assert.clone());
        }
        let mut whole = self.around.clone();
        whole.push(run);
        whole.to_string()
    }

    /// Nothing where it went as it should.
    fn wrong(&self, seen: &Seen, rules: &[Rule]) -> Option<String> {
        if self.expected.is_empty() {
            return (!seen.passed).then(|| format!("fails with {:#?}", seen.said));
        }
        let mut refused = BTreeSet::new();
        for text in &seen.said {
            let owners = rules
                .iter()
                .filter(|rule| text.contains(&rule.message))
                .map(|rule| &rule.owner);
            let owners: Vec<_> = owners
                .filter(|owner| self.expected.contains(*owner))
                .collect();
            if owners.is_empty() {
                return Some(format!("is refused by something else: {text}"));
            }
            refused.extend(owners);
        }
        let accepted: Vec<_> = self
            .expected
            .iter()
            .filter(|place| !refused.contains(place))
            .collect();
        (!accepted.is_empty()).then(|| format!("is not refused by {accepted:?}"))
    }
}

/// What Terraform said of one plan.
#[derive(Default)]
struct Seen {
    passed: bool,
    /// The details of what it finds wrong.
    said: Vec<String>,
}

/// Each plan gets a file of its own, because nothing runs after a failure. All are run by one process, which reads the
/// provider's schema once.
async fn seen(terraform: &Terraform<'_>, plans: &[Plan], folder: &Path) -> Result<Vec<Seen>> {
    std::fs::create_dir_all(folder)?;
    for (number, plan) in plans.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.tftest.hcl")), plan.text())?;
    }
    let lines = lines(terraform).await;
    std::fs::remove_dir_all(folder).context("cannot remove the plans")?;
    let mut seen = BTreeMap::new();
    for line in lines? {
        let message = Message::of(&line)?;
        if let Some(trouble) = message.trouble() {
            let number = message.number();
            let number = number.with_context(|| format!("terraform test: {trouble}"))?;
            let one: &mut Seen = seen.entry(number).or_default();
            one.said.push(trouble);
        }
        if let (Some(passed), Some(number)) = (message.passed(), message.number()) {
            seen.entry(number).or_default().passed = passed;
        }
    }
    ensure!(
        seen.len() == plans.len(),
        "terraform test ran {} of {} plans",
        seen.len(),
        plans.len()
    );
    Ok(seen.into_values().collect())
}

async fn lines(terraform: &Terraform<'_>) -> Result<Vec<String>> {
    let folder = format!("-test-directory={FOLDER}");
    terraform
        .quietly(&["init", "-input=false", "-no-color", &folder])
        .await?;
    terraform.lines(&["test", "-json", &folder]).await
}

/// A line of `terraform test -json`.
#[derive(Deserialize)]
pub struct Message {
    #[serde(rename = "@testfile")]
    file: Option<String>,
    test_run: Option<Progress>,
    diagnostic: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Progress {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Diagnostic {
    severity: String,
    summary: String,
    #[serde(default)]
    detail: String,
}

impl Message {
    pub fn of(line: &str) -> Result<Self> {
        serde_json::from_str(line).context("terraform test says no JSON")
    }

    /// Of the plan in whose file it is.
    fn number(&self) -> Option<usize> {
        let name = Path::new(self.file.as_ref()?).file_name()?.to_str()?;
        name.strip_suffix(".tftest.hcl")?.parse().ok()
    }

    /// Whether a run that has ended did so well.
    pub fn passed(&self) -> Option<bool> {
        let status = self.test_run.as_ref()?.status.as_ref()?;
        Some(status == "pass")
    }

    /// What is wrong, in words.
    pub fn trouble(&self) -> Option<String> {
        let diagnostic = self.diagnostic.as_ref()?;
        let words = [diagnostic.summary.as_str(), diagnostic.detail.as_str()];
        (diagnostic.severity == "error").then(|| words.join(": "))
    }
}

pub fn body(file: &Path) -> Result<Body> {
    let text = std::fs::read_to_string(file)?;
    match text.parse() {
        Ok(body) => Ok(body),
        Err(error) => bail!("{}: {error}", file.display()),
    }
}

/// In a folder and those below it.
pub fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(end) {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = r#"
variables {
  a = 1
}

run "first" {
  command = plan

  assert {
    condition     = var.a == 1
    error_message = "one"
  }
}

# Another look at the same.
run "second" {
  command = plan

  assert {
    condition     = var.a < 2
    error_message = "two"
  }
}

run "other" {
  command = plan

  variables {
    a = 2
  }

  assert {
    condition     = var.a == 2
    error_message = "three"
  }
}

run "refuses" {
  command = plan

  variables {
    a = 0
  }

  expect_failures = [var.a, terraform_data.rules]
}
"#;

    fn of(texts: &[&str]) -> Vec<Plan> {
        let body = |text: &&str| ("a.tftest.hcl".to_owned(), text.parse().unwrap());
        plans(&texts.iter().map(body).collect::<Vec<_>>())
    }

    #[test]
    fn runs_of_equal_settings_are_one_plan() {
        let plans = of(&[TEST, TEST]);
        let names: Vec<_> = plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "a.tftest.hcl, first",
                "a.tftest.hcl, other",
                "a.tftest.hcl, refuses",
                "a.tftest.hcl, refuses"
            ]
        );
        let text = plans[0].text();
        assert!(text.parse::<Body>().is_ok(), "{text}");
        for words in ["a = 1", "\"one\"", "\"two\""] {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        assert!(!text.contains("three"), "{text}");
    }

    #[test]
    fn runs_that_stand_among_other_settings_are_plans_of_their_own() {
        let other = TEST.replace("a = 1", "a = 5");
        assert_eq!(of(&[TEST, &other]).len(), 2 * of(&[TEST]).len());
    }

    #[test]
    fn a_refusal_is_run_without_expecting_it() {
        let plans = of(&[TEST]);
        let text = plans[2].text();
        assert!(text.contains("a = 0") && !text.contains("expect_failures"));
        let places: Vec<_> = plans[2].expected.iter().collect();
        assert_eq!(places, ["terraform_data.rules", "var.a"]);
    }

    #[test]
    fn all_that_is_expected_refuses_and_nothing_else() {
        let rule = |owner: &str, message: &str| Rule {
            owner: owner.to_owned(),
            message: message.to_owned(),
        };
        let rules = [
            rule("var.a", "a is positive."),
            rule("terraform_data.rules", "a and b differ."),
            rule("var.b", "b is positive."),
        ];
        let wrong = |said: &[&str]| {
            let seen = Seen {
                passed: said.is_empty(),
                said: said.iter().map(|text| (*text).to_owned()).collect(),
            };
            of(&[TEST])[2].wrong(&seen, &rules)
        };
        let both = ["Invalid: a is positive.", "Failed: a and b differ."];
        assert_eq!(wrong(&both), None);
        assert!(wrong(&both[..1]).unwrap().contains("terraform_data.rules"));
        assert!(wrong(&[]).unwrap().contains("var.a"));
        let foreign = [both[0], both[1], "Invalid: b is positive."];
        assert!(wrong(&foreign).unwrap().contains("something else"));
        let unknown = [both[0], both[1], "Cycle"];
        assert!(wrong(&unknown).unwrap().contains("something else"));
    }

    #[test]
    fn messages_say_how_a_run_ended_and_what_was_wrong() {
        let ended =
            r#"{"@testfile":"plans/7.tftest.hcl","test_run":{"status":"fail"},"type":"test_run"}"#;
        let ended = Message::of(ended).unwrap();
        assert_eq!((ended.number(), ended.passed()), (Some(7), Some(false)));
        let said = r#"{"@testfile":"plans/7.tftest.hcl","type":"diagnostic",
            "diagnostic":{"severity":"error","summary":"Invalid value","detail":"a is positive."}}"#;
        let said = Message::of(said).unwrap();
        assert_eq!(said.trouble().unwrap(), "Invalid value: a is positive.");
        assert_eq!(said.passed(), None);
        assert!(Message::of("no JSON").is_err());
    }
}
