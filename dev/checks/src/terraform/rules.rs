//! The rules in the Terraform sources: what each says when it refuses, and what it refuses for.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::Element;

use crate::terraform::plans::{body, files};

/// What no run of `terraform test` can break, and where it is broken instead.
const ELSEWHERE: [&str; 1] = [
    // It is always in the workspace `default`: `cargo xtask test deploy` types it.
    "This workspace holds another environment: select the one that is named like environment.",
];

/// A `validation` or a `precondition`.
#[derive(Debug, PartialEq)]
pub struct Rule {
    /// As `expect_failures` names it: `var.environment`, `terraform_data.rules`.
    pub owner: String,
    /// Its message; of one that names something, the longest part between names.
    pub message: String,
}

impl Rule {
    pub fn can_refuse_in_a_test(&self) -> bool {
        !ELSEWHERE.contains(&self.message.as_str())
    }
}

/// All rules of the module and of the modules below it.
pub fn of(sources: &Path) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for file in files(sources, ".tf")? {
        collect_all(&body(&file)?, &mut rules)?;
    }
    ensure!(!rules.is_empty(), "there are no rules");
    Ok(rules)
}

fn collect_all(file: &Body, rules: &mut Vec<Rule>) -> Result<()> {
    let mut blocks = file.blocks();
    blocks.try_for_each(|block| collect(&owner(block), &block.body, rules))
}

fn owner(block: &Block) -> String {
    let labels = block.labels.iter().map(|label| label.as_str());
    let kind = match block.ident.as_str() {
        "variable" => Some("var"),
        "resource" => None,
        other => Some(other),
    };
    kind.into_iter().chain(labels).collect::<Vec<_>>().join(".")
}

fn collect(owner: &str, body: &Body, rules: &mut Vec<Rule>) -> Result<()> {
    for block in body.blocks() {
        if ["validation", "precondition"].contains(&block.ident.as_str()) {
            rules.push(Rule {
                owner: owner.to_owned(),
                message: message(block)
                    .with_context(|| format!("a rule without words: {block:?}"))?,
            });
        }
        collect(owner, &block.body, rules)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_wherever_they_stand() {
        const TEXT: &str = r#"
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
        collect_all(&TEXT.parse().unwrap(), &mut rules).unwrap();
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| (rule.owner.as_str(), rule.message.as_str()))
            .collect();
        assert_eq!(
            rules,
            [
                ("var.a", "a is positive."),
                ("terraform_data.rules", ": it is missing."),
                ("terraform_data.rules", "An emulator has none: ")
            ]
        );
    }

    #[test]
    fn every_rule_of_the_sources_has_words() {
        let sources = aegis_client::local::root().unwrap().join("terraform");
        let rules = of(&sources).unwrap();
        assert!(rules.len() > 90, "only {} rules", rules.len());
        assert!(
            rules.iter().all(|rule| rule.message.len() > 10),
            "{rules:#?}"
        );
        let elsewhere = rules.iter().filter(|rule| !rule.can_refuse_in_a_test());
        assert_eq!(elsewhere.count(), ELSEWHERE.len(), "a rule that is gone");
    }
}
