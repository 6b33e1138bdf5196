//! Every rule of the Terraform sources is expected to refuse something by a run of its tests. How many there are is
//! written into the guide.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hcl_edit::structure::{Block, Body};

use super::{between_marks, root};

/// A module, as a run names it, and what can fail there: `var.name`, or `type.name` of a resource.
type Place = (String, String);

const ROOT: &str = ".";

fn bodies(folder: &str, end: &str) -> Vec<Body> {
    let folder = root().join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect();
    files.sort();
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap().parse().unwrap();
    files.iter().map(read).collect()
}

fn count(body: &Body, ident: &str) -> usize {
    let below = body.blocks().map(|block| {
        let own = usize::from(block.ident.as_str() == ident);
        own + count(&block.body, ident)
    });
    below.sum()
}

fn address(block: &Block) -> String {
    let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
    match block.ident.as_str() {
        "variable" => format!("var.{}", labels.join(".")),
        _ => labels.join("."),
    }
}

/// How many rules each place has.
fn rules() -> BTreeMap<Place, usize> {
    let mut modules = vec![ROOT.to_owned()];
    for entry in fs::read_dir(root().join("terraform/modules")).unwrap() {
        let name = entry.unwrap().file_name();
        modules.push(format!("./modules/{}", name.to_string_lossy()));
    }
    let mut rules = BTreeMap::new();
    for module in modules {
        let folder = Path::new("terraform").join(&module);
        for body in bodies(&folder.to_string_lossy(), ".tf") {
            for block in body.blocks() {
                let own = count(&block.body, "validation") + count(&block.body, "precondition");
                if own > 0 {
                    *rules.entry((module.clone(), address(block))).or_default() += own;
                }
            }
        }
    }
    rules
}

fn module_of(run: &Block) -> String {
    let module = run.body.get_blocks("module").next();
    let source = module.and_then(|module| module.body.get_attribute("source"));
    source.map_or_else(
        || ROOT.to_owned(),
        |source| source.value.as_str().unwrap().to_owned(),
    )
}

/// How many runs expect each place to fail.
fn refusals(tests: &[Body]) -> BTreeMap<Place, usize> {
    let mut refusals = BTreeMap::new();
    for run in tests.iter().flat_map(|body| body.get_blocks("run")) {
        let Some(expected) = run.body.get_attribute("expect_failures") else {
            continue;
        };
        for place in expected.value.as_array().unwrap().iter() {
            let place = place.to_string().trim().to_owned();
            *refusals.entry((module_of(run), place)).or_default() += 1;
        }
    }
    refusals
}

#[test]
fn every_rule_is_expected_to_refuse_something() {
    let (rules, tests) = (rules(), bodies("terraform/tests", ".tftest.hcl"));
    let refusals = refusals(&tests);
    let missing: Vec<String> = rules
        .iter()
        .filter_map(|(place, rules)| {
            let runs = refusals.get(place).copied().unwrap_or_default();
            let (module, name) = place;
            (runs < *rules).then(|| format!("{name} of {module}: {runs} runs for {rules} rules"))
        })
        .collect();
    assert!(missing.is_empty(), "refused by too few runs: {missing:#?}");

    let expecting = |body: &Body| {
        let runs = body.get_blocks("run");
        runs.filter(|run| run.body.has_attribute("expect_failures"))
            .count()
    };
    let runs: usize = tests.iter().map(|body| count(body, "run")).sum();
    let refused: usize = tests.iter().map(expecting).sum();
    let assertions: usize = tests.iter().map(|body| count(body, "assert")).sum();
    assert!(assertions >= 40, "only {assertions} assertions");
    let rules: usize = rules.values().sum();
    let text = format!(
        "\n{runs} runs with {assertions} assertions; {refused} of the runs expect a refusal, by {rules} rules.\n"
    );
    between_marks("terraform/README.md", "tests", &text);
}
