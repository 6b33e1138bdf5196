//! The Terraform sources hold against the newest provider that they admit, which no test applies: each argument is one that it
//! takes, none that it demands is missing, and each attribute is one that it tells. `terraform validate` does this for the
//! provider that is installed.
//!
//! What that provider knows stands in `provider/aws.json`, which `provider/extract.py` writes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::visit::{Visit, visit_body, visit_traversal};
use serde::Deserialize;
use walkdir::WalkDir;

/// What Terraform itself takes in every resource.
const META: [&str; 4] = ["count", "for_each", "depends_on", "provider"];
const META_BLOCKS: [&str; 2] = ["lifecycle", "provisioner"];

#[derive(Deserialize)]
struct Provider {
    provider: String,
    kinds: BTreeMap<String, Kind>,
}

#[derive(Deserialize)]
struct Kind {
    arguments: Arguments,
    /// What it tells beside its arguments.
    attributes: BTreeSet<String>,
}

type Arguments = BTreeMap<String, Argument>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Argument {
    Required(bool),
    Block { required: bool, block: Arguments },
}

impl Argument {
    fn is_required(&self) -> bool {
        let (Self::Required(required) | Self::Block { required, .. }) = self;
        *required
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn provider() -> Provider {
    let file = root().join("dev/checks/tests/provider/aws.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn sources() -> Vec<Body> {
    let files = WalkDir::new(root().join("terraform")).into_iter();
    let files = files.filter_entry(|entry| entry.file_name() != ".terraform");
    let files = files.map(|entry| entry.unwrap().into_path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "tf"))
        .map(|path| fs::read_to_string(path).unwrap().parse().unwrap())
        .collect()
}

/// What is wrong with a body, and how many arguments it names.
fn check(body: &Body, takes: &Arguments, place: &str, wrong: &mut Vec<String>) -> usize {
    let mut given = BTreeSet::new();
    let mut seen = 0;
    for attribute in body.attributes() {
        let name = attribute.key.as_str();
        if META.contains(&name) {
            continue;
        }
        seen += 1;
        given.insert(name.to_owned());
        if !takes.contains_key(name) {
            wrong.push(format!("{place}: no argument {name}"));
        }
    }
    for block in body.blocks() {
        let (name, body) = named(block);
        if META_BLOCKS.contains(&name) {
            continue;
        }
        seen += 1;
        given.insert(name.to_owned());
        match takes.get(name) {
            Some(Argument::Block { block, .. }) => {
                seen += check(body, block, &format!("{place}.{name}"), wrong);
            }
            _ => wrong.push(format!("{place}: no block {name}")),
        }
    }
    let required = takes
        .iter()
        .filter(|(_, argument)| argument.is_required())
        .filter(|(name, _)| !given.contains(*name));
    wrong.extend(required.map(|(name, _)| format!("{place}: {name} is missing")));
    seen
}

/// `dynamic "name"` stands for blocks of that name with what `content` holds.
fn named(block: &Block) -> (&str, &Body) {
    if block.ident.as_str() != "dynamic" {
        return (block.ident.as_str(), &block.body);
    }
    let content = block
        .body
        .blocks()
        .find(|one| one.ident.as_str() == "content");
    (block.labels[0].as_str(), &content.unwrap().body)
}

/// `aws_sqs_queue` or `data_aws_partition`.
fn kind(block: &Block) -> Option<String> {
    let name = block.labels.first()?.as_str();
    match block.ident.as_str() {
        "resource" if name.starts_with("aws_") => Some(name.to_owned()),
        "data" => Some(format!("data_{name}")),
        _ => None,
    }
}

/// Reads `aws_kind.name.attribute`, with whatever index stands between.
struct References<'a> {
    kinds: &'a BTreeMap<String, Kind>,
    seen: usize,
    wrong: Vec<String>,
}

impl Visit for References<'_> {
    fn visit_traversal(&mut self, node: &Traversal) {
        if let Expression::Variable(first) = &node.expr {
            let names = node
                .operators
                .iter()
                .filter_map(|operator| match operator.value() {
                    TraversalOperator::GetAttr(name) => Some(name.as_str()),
                    _ => None,
                });
            let mut path: Vec<&str> = std::iter::once(first.as_str()).chain(names).collect();
            let is_data = path[0] == "data";
            if is_data {
                path.remove(0);
            }
            if let [kind, _, attribute, ..] = path[..]
                && kind.starts_with("aws_")
            {
                self.seen += 1;
                let kind = if is_data {
                    format!("data_{kind}")
                } else {
                    kind.to_owned()
                };
                let known = self.kinds.get(&kind).is_some_and(|kind| {
                    kind.arguments.contains_key(attribute) || kind.attributes.contains(attribute)
                });
                if !known {
                    self.wrong.push(format!("{kind} tells no {attribute}"));
                }
            }
        }
        visit_traversal(self, node);
    }
}

#[test]
fn the_newest_provider_takes_what_it_is_given() {
    let provider = provider();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    let mut seen = 0;
    for body in sources() {
        for block in body.blocks() {
            let Some(name) = kind(block) else { continue };
            match provider.kinds.get(&name) {
                Some(known) => {
                    let place = format!("{name}.{}", block.labels[1].as_str());
                    seen += check(&block.body, &known.arguments, &place, &mut wrong);
                }
                None => wrong.push(format!("{name} is not in aws.json: extract it anew")),
            }
            used.insert(name);
        }
    }
    let unused = provider.kinds.keys().filter(|name| !used.contains(*name));
    wrong.extend(unused.map(|name| format!("{name} is in aws.json and of no use")));
    assert!(wrong.is_empty(), "{}: {wrong:#?}", provider.provider);
    assert!(seen > 300, "only {seen} arguments");
}

#[test]
fn the_newest_provider_tells_what_is_asked() {
    let provider = provider();
    let mut references = References {
        kinds: &provider.kinds,
        seen: 0,
        wrong: Vec::new(),
    };
    for body in sources() {
        visit_body(&mut references, &body);
    }
    let References { seen, wrong, .. } = references;
    assert!(wrong.is_empty(), "{}: {wrong:#?}", provider.provider);
    assert!(seen > 100, "only {seen} references");
}

#[test]
fn what_does_not_hold_is_named() {
    let takes: Arguments = serde_json::from_str(
        r#"{"name": true, "size": false, "rule": {"required": true, "block": {"key": true}}}"#,
    )
    .unwrap();
    let found = |text: &str| {
        let mut wrong = Vec::new();
        check(&text.parse().unwrap(), &takes, "a", &mut wrong);
        wrong
    };
    assert!(found("name = 1\ncount = 2\nrule {\n  key = 1\n}\n").is_empty());
    let dynamic = "name = 1\ndynamic \"rule\" {\n  for_each = []\n  content {\n    key = 1\n    kye = 2\n  }\n}\n";
    assert_eq!(found(dynamic), ["a.rule: no argument kye"]);
    assert_eq!(
        found("rule {}\nother {}\nsort = 1\n"),
        [
            "a: no argument sort",
            "a.rule: key is missing",
            "a: no block other",
            "a: name is missing"
        ]
    );

    let provider = provider();
    let mut references = References {
        kinds: &provider.kinds,
        seen: 0,
        wrong: Vec::new(),
    };
    let text = "a = \"${aws_sqs_queue.this[0].nra}\"\nb = data.aws_partition.current.partition\n";
    visit_body(&mut references, &text.parse().unwrap());
    assert_eq!(references.seen, 2);
    assert_eq!(references.wrong, ["aws_sqs_queue tells no nra"]);
}

/// An `init` that reads a mirror writes the hash of one platform, and all others are refused.
#[test]
fn the_lock_file_is_for_every_platform() {
    let lock = fs::read_to_string(root().join("terraform/.terraform.lock.hcl")).unwrap();
    let lock: Body = lock.parse().unwrap();
    let blocks: Vec<&Block> = lock.blocks().collect();
    assert_eq!(blocks.len(), 1, "one provider");
    let hashes = blocks[0].body.get_attribute("hashes").unwrap();
    let hashes = hashes.value.as_array().unwrap().iter();
    let packages = hashes
        .filter_map(Expression::as_str)
        .filter(|hash| hash.starts_with("zh:"));
    // One for each package of the release, as the registry lists them.
    assert!(
        packages.count() > 4,
        "write it by `terraform providers lock`"
    );
}
