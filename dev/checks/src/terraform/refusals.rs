//! Every rule of the Terraform sources refuses something in the tests, and for its own reason.
//!
//! `expect_failures` names what is to fail, not why: a run stays green if another rule of the same place refuses. So
//! the runs that expect a failure are run once more without expecting it, and what Terraform says is compared with the
//! message of each `validation` and `precondition`. Each gets a file of its own, because nothing runs after a failure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::Element;
use serde_json::Value;

use aegis_local_aws::terraform::command::Terraform;
use aegis_terminal::progress::Step;

const TESTS: &str = "tests";
/// Below the module's working copy, for as long as it is needed.
const FOLDER: &str = "refusals";

/// What no run of `terraform test` can break, and where it is broken instead.
const ELSEWHERE: [&str; 1] = [
    // It is always in the workspace `default`: `cargo xtask test deploy` types it.
    "This workspace holds another environment: select the one that is named like environment.",
];

/// # Errors
/// Where a rule refuses nothing. Each is named.
pub async fn check(terraform: &Terraform<'_>) -> Result<()> {
    let step = Step::begin("See each rule refuse");
    let sources = terraform.module.sources();
    let rules = rules(&sources)?;
    let folder = sources.join(FOLDER);
    let runs = write_runs(&sources.join(TESTS), &folder)?;
    let said = said(terraform).await;
    std::fs::remove_dir_all(&folder).context("cannot remove the runs")?;
    let said = said?;
    let silent: Vec<_> = rules
        .iter()
        .filter(|rule| !ELSEWHERE.contains(&rule.as_str()))
        .filter(|rule| !said.iter().any(|text| text.contains(rule.as_str())))
        .collect();
    ensure!(silent.is_empty(), "no run is refused with: {silent:#?}");
    step.done(&format!("{} rules in {runs} runs", rules.len()));
    Ok(())
}

/// The details of everything that Terraform finds wrong.
async fn said(terraform: &Terraform<'_>) -> Result<BTreeSet<String>> {
    let folder = format!("-test-directory={FOLDER}");
    terraform
        .quietly(&["init", "-input=false", "-no-color", &folder])
        .await?;
    let lines = terraform.lines(&["test", "-json", &folder]).await?;
    let details = lines.iter().filter_map(|line| detail(line));
    Ok(details.collect())
}

fn detail(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    let text = message.pointer("/diagnostic/detail")?.as_str()?;
    Some(text.to_owned())
}

/// The message of each rule; of one that names something, its longest part between names.
fn rules(sources: &Path) -> Result<Vec<String>> {
    let mut rules = Vec::new();
    for file in files(sources, ".tf")? {
        collect(&body(&file)?, &mut rules)?;
    }
    ensure!(!rules.is_empty(), "there are no rules");
    Ok(rules)
}

fn collect(body: &Body, rules: &mut Vec<String>) -> Result<()> {
    for block in body.blocks() {
        if ["validation", "precondition"].contains(&block.ident.as_str()) {
            rules.push(message(block).with_context(|| format!("a rule without words: {block:?}"))?);
        }
        collect(&block.body, rules)?;
    }
    Ok(())
}

fn message(rule: &Block) -> Option<String> {
    let attribute = rule.body.get_attribute("error_message")?;
    match &attribute.value {
        Expression::String(text) => Some(text.as_str().to_owned()),
        Expression::StringTemplate(template) => {
            let literals = template.iter().filter_map(Element::as_literal);
            let longest = literals.max_by_key(|text| text.len())?;
            Some(longest.as_str().to_owned())
        }
        _ => None,
    }
}

/// Returns how many there are.
fn write_runs(tests: &Path, folder: &Path) -> Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut written = 0;
    for file in files(tests, ".tftest.hcl")? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        for text in runs(&body(&file)?) {
            written += 1;
            std::fs::write(folder.join(format!("{written}-{name}")), text)?;
        }
    }
    Ok(written)
}

/// What surrounds all runs of a file, with one of those that expect a failure, which it does no more.
fn runs(file: &Body) -> Vec<String> {
    let is_run = |part: &Structure| {
        part.as_block()
            .is_some_and(|block| block.ident.as_str() == "run")
    };
    let around: Body = file.iter().filter(|part| !is_run(part)).cloned().collect();
    let expecting = file.blocks().filter(|block| {
        block.ident.as_str() == "run" && block.body.has_attribute("expect_failures")
    });
    expecting
        .map(|run| {
            let mut run = run.clone();
            run.body.remove_attribute("expect_failures");
            let mut whole = around.clone();
            whole.push(run);
            whole.to_string()
        })
        .collect()
}

fn body(file: &Path) -> Result<Body> {
    let text = std::fs::read_to_string(file)?;
    match text.parse() {
        Ok(body) => Ok(body),
        Err(error) => bail!("{}: {error}", file.display()),
    }
}

/// In a folder and those below it.
fn files(folder: &Path, end: &str) -> Result<Vec<PathBuf>> {
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

run "accepts" {
  command = plan
}

run "refuses" {
  command = plan

  variables {
    a = 0
  }

  expect_failures = [var.a]
}
"#;

    #[test]
    fn a_run_that_expects_a_failure_is_run_without_expecting_it() {
        let runs = runs(&TEST.parse().unwrap());
        assert_eq!(runs.len(), 1);
        assert!(
            runs[0].contains("a = 1") && runs[0].contains("a = 0"),
            "{}",
            runs[0]
        );
        assert!(!runs[0].contains("accepts") && !runs[0].contains("expect_failures"));
        assert!(runs[0].parse::<Body>().is_ok());
    }

    #[test]
    fn rules_are_found_wherever_they_stand() {
        let text = r#"
variable "a" {
  validation {
    condition     = var.a > 0
    error_message = "a is positive."
  }
}

resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = false
      error_message = "Give ${var.a}: it is missing."
    }
    precondition {
      condition     = false
      error_message = "An emulator has none: ${var.a}."
    }
  }
}
"#;
        let mut rules = Vec::new();
        assert!(collect(&text.parse().unwrap(), &mut rules).is_ok());
        assert_eq!(
            rules,
            [
                "a is positive.",
                ": it is missing.",
                "An emulator has none: "
            ]
        );
    }

    #[test]
    fn every_rule_of_the_sources_has_words() {
        let sources = aegis_client::local::root().unwrap().join("terraform");
        let rules = rules(&sources).unwrap();
        assert!(rules.len() > 90, "only {} rules", rules.len());
        assert!(rules.iter().all(|rule| rule.len() > 10), "{rules:#?}");
        let known: Vec<_> = ELSEWHERE
            .iter()
            .filter(|rule| rules.iter().any(|one| one == *rule))
            .collect();
        assert_eq!(known.len(), ELSEWHERE.len(), "a rule that is gone");
    }

    #[test]
    fn what_terraform_says_of_a_failure_is_its_detail() {
        let line = r#"{"type":"diagnostic","diagnostic":{"summary":"Invalid value","detail":"a is positive.\n\nThis was checked."}}"#;
        assert!(detail(line).unwrap().contains("a is positive."));
        assert_eq!(detail(r#"{"type":"version"}"#), None);
    }
}
