//! List prices, as they lie in `dev/cost/prices.json`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub region: String,
    pub currency: String,
    pub as_of: String,
    pub source: String,
    prices: BTreeMap<String, f64>,
}

impl Prices {
    /// # Errors
    /// Where `file` is not readable or not of this form.
    pub fn from_file(file: &std::path::Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no list of prices", file.display()))
    }

    /// # Errors
    /// If the list that this program was built with is none.
    pub fn built_in() -> Result<Self> {
        Self::parse(include_str!("../prices.json"))
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    /// Dollars for one of `name`.
    ///
    /// # Errors
    /// If the list has none of this name.
    pub fn of(&self, name: &str) -> Result<f64> {
        let found = self.prices.get(name).copied();
        found.with_context(|| format!("the list of prices has no `{name}`"))
    }
}
