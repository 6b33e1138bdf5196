//! A stage for production, rehearsed on the emulator: what is typed, and what has to come of it.

use anyhow::{Context as _, Result, ensure};

use crate::deploy_test::{site::Site, there_is};

pub const STATE_BUCKET: &str = "aegis-rehearsal-state";

const PRODUCTION: &str =
    "./deploy.sh deploy --environment prod --remote-state aegis-rehearsal-state --yes";

/// prod as it is deployed, on the emulator: remote state, signed requests, protection from deletion.
pub async fn story(site: &Site) -> Result<()> {
    let example = std::fs::read_to_string(site.terraform().join("terraform.tfvars.example"))?;
    std::fs::write(site.terraform().join("prod.tfvars"), settings(&example)?)?;
    site.works(PRODUCTION).await?;
    let state = site.works("aws s3api list-objects-v2 --bucket aegis-rehearsal-state --query 'Contents[].Key' --output text").await?;
    ensure!(
        state.output.contains("env:/prod/"),
        "the state is not in the bucket: {}",
        state.output
    );
    let access = "aws s3api get-public-access-block --bucket aegis-rehearsal-state --query 'PublicAccessBlockConfiguration.*' --output text";
    ensure!(
        !site.works(access).await?.output.contains("False"),
        "the state is not private"
    );
    let local = site
        .terraform()
        .join("terraform.tfstate.d/prod/terraform.tfstate");
    ensure!(!local.exists(), "the state is here too");

    let unsigned = r#"curl -sS -o /dev/null -w '%{http_code}' "$(terraform output -raw api_endpoint)/workflows""#;
    let answer = site.works(unsigned).await?.output;
    ensure!(
        answer.trim() == "403",
        "an unsigned request was answered with {answer}"
    );

    let unnamed = site
        .typed("./deploy.sh destroy --environment prod --yes")
        .await?;
    ensure!(
        !unnamed.good && unnamed.all.contains("was not named"),
        "prod was destroyed unnamed: {}",
        unnamed.all
    );
    ensure!(
        there_is(site, "table", "aegis-prod-").await?,
        "the table is gone"
    );
    site.forget_builds()?;
    let named = site
        .typed_with(
            "./deploy.sh destroy --environment prod --yes",
            &[("AEGIS_DESTROY", "aegis-prod")],
        )
        .await?;
    ensure!(named.good, "destroy failed:\n{}", named.all);
    Ok(())
}

/// What the example says of prod, on an emulator.
pub fn settings(example: &str) -> Result<String> {
    let settings = settings_of("prod", example).context("the example has no prod")?;
    Ok(settings + "rehearsal = true\n")
}

/// What the example says of one environment, without the signs that make comments of it.
fn settings_of(environment: &str, example: &str) -> Option<String> {
    let (_, rest) = example.split_once(&format!("# ---- {environment}"))?;
    let lines = rest
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("# ----"));
    let lines = lines.filter_map(|line| line.strip_prefix('#'));
    Some(lines.map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_has_settings_for_each_environment() {
        let example = include_str!("../../../../terraform/terraform.tfvars.example");
        for environment in ["staging", "prod"] {
            let settings = settings_of(environment, example).unwrap();
            assert!(settings.starts_with("\nenvironment") || settings.starts_with("environment"));
            assert!(
                settings.contains(&format!("\"{environment}\"")),
                "{settings}"
            );
        }
        assert!(
            !settings_of("staging", example)
                .unwrap()
                .contains("app.example.com")
        );
        assert_eq!(settings_of("nowhere", example), None);
    }
}
