//! The configurations in which a stage is deployed for the end-to-end tests: what is written and typed for each.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::rehearsal::production::{self, STATE_BUCKET};
use crate::rehearsal::site::Site;

/// A part of the names of tests, and why they are left out.
type LeftOut = (&'static str, &'static str);

/// Its place is taken by `./deploy.sh plan`, whose second plan has to be empty too.
const PLAN: LeftOut = (
    "deployment::a_second_plan_changes_nothing",
    "it plans where `cargo xtask up` does; here ./deploy.sh plan was typed for it",
);

pub struct Configuration {
    /// Of the stage.
    pub environment: &'static str,
    /// What is typed behind each verb.
    options: &'static str,
    /// Variables that only tests need, and what to give them, as JSON.
    wanted: &'static [(&'static str, &'static str)],
    left_out: &'static [LeftOut],
    /// What may be there after it is removed.
    pub kept: &'static [&'static str],
}

pub const CONFIGURATIONS: [Configuration; 2] = [
    Configuration {
        environment: "dev",
        options: "",
        wanted: &[("approver_sources", r#"["partner.crm"]"#)],
        left_out: &[PLAN],
        kept: &[],
    },
    Configuration {
        environment: "prod",
        options: " --environment prod --remote-state aegis-rehearsal-state",
        wanted: &[],
        left_out: &[PLAN],
        kept: &[STATE_BUCKET],
    },
];

impl Configuration {
    /// `./deploy.sh VERB …`
    pub fn typed(&self, verb: &str, settings: &str) -> String {
        let options = self.options;
        format!("./deploy.sh {verb}{options} --var-file {settings} --yes")
    }

    pub fn outputs(&self) -> String {
        format!("./deploy.sh outputs{} --json", self.options)
    }

    pub fn for_the_tests(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.wanted
            .iter()
            .map(|(name, value)| (*name, serde_json::from_str(value).unwrap_or(json!(value))))
    }

    pub fn left_out(&self) -> &'static [LeftOut] {
        self.left_out
    }

    /// The settings that come with the sources.
    pub fn write_settings(&self, site: &Site) -> Result<()> {
        let example = std::fs::read_to_string(site.terraform().join("terraform.tfvars.example"))?;
        let text = match self.environment {
            "prod" => production::settings(&example)?,
            _ => example,
        };
        std::fs::write(self.file(site), text).context("cannot write the settings")
    }

    pub fn remove_settings(&self, site: &Site) -> Result<()> {
        std::fs::remove_file(self.file(site)).context("cannot remove the settings")
    }

    fn file(&self, site: &Site) -> std::path::PathBuf {
        let name = match self.environment {
            "prod" => "prod.tfvars",
            _ => "terraform.tfvars",
        };
        site.terraform().join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_configuration_is_typed_as_the_guide_has_it() {
        let [dev, prod] = &CONFIGURATIONS;
        assert_eq!(
            dev.typed("deploy", "t"),
            "./deploy.sh deploy --var-file t --yes"
        );
        assert_eq!(
            prod.outputs(),
            "./deploy.sh outputs --environment prod --remote-state aegis-rehearsal-state --json"
        );
        for one in &CONFIGURATIONS {
            assert!(one.for_the_tests().all(|(_, value)| !value.is_string()));
        }
    }
}
