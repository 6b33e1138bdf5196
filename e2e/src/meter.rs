//! The capacity units that DynamoDB would count for recorded calls.
//!
//! It follows the items of the table from call to call, because a unit depends on what an item was before. It knows
//! the expressions that the services use, and fails at others.

use std::collections::BTreeMap;

use aegis_cost::capacity::{index_units, read_halves, write_units};
use aegis_cost::path::Units;
use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use crate::trail::Entry;

type Item = Map<String, Value>;

/// The items that were written while it looked.
#[derive(Debug, Default)]
pub struct Meter {
    items: BTreeMap<(String, String), Item>,
}

impl Meter {
    /// # Errors
    /// Where a call is none that it knows.
    pub fn count(&mut self, call: &Entry) -> Result<Units> {
        let parameters = &call.parameters;
        match call.operation.as_str() {
            "TransactWriteItems" => {
                let writes = parameters["TransactItems"].as_array();
                let mut sum = Units::default();
                for write in writes.context("a transaction of nothing")? {
                    sum = sum + self.write(write, true)?;
                }
                Ok(sum)
            }
            "UpdateItem" => self.update(parameters, false),
            "GetItem" => {
                let item = self.items.get(&key(&parameters["Key"])?);
                Ok(self.read(size(item.unwrap_or(&Item::new())), parameters))
            }
            "Query" => {
                let values = &parameters["ExpressionAttributeValues"];
                let [pk, first, last] =
                    [":pk", ":request", ":state"].map(|name| text(&values[name]));
                let range = (pk.clone(), first)..=(pk, last);
                let bytes = self.items.range(range).map(|(_, item)| size(item)).sum();
                Ok(self.read(bytes, parameters))
            }
            other => bail!("no idea what {other} costs"),
        }
    }

    fn read(&self, bytes: usize, parameters: &Value) -> Units {
        let consistent = parameters["ConsistentRead"] == Value::Bool(true);
        Units {
            read_halves: read_halves(bytes, consistent),
            ..Units::default()
        }
    }

    fn write(&mut self, write: &Value, in_transaction: bool) -> Result<Units> {
        if let Some(item) = write["Put"]["Item"].as_object() {
            return Ok(self.replace(key(&write["Put"]["Item"])?, item.clone(), in_transaction));
        }
        self.update(&write["Update"], in_transaction)
    }

    fn update(&mut self, update: &Value, in_transaction: bool) -> Result<Units> {
        let key = key(&update["Key"])?;
        let mut item = self.items.get(&key).cloned().unwrap_or_default();
        let expression = text(&update["UpdateExpression"]);
        let (set, remove) = expression
            .split_once(" REMOVE ")
            .unwrap_or((&expression, ""));
        let set = set.strip_prefix("SET ").context(expression.clone())?;
        for assignment in set.split(',') {
            let (name, value) = assignment.split_once('=').context(expression.clone())?;
            let value = &update["ExpressionAttributeValues"][value.trim()];
            item.insert(name.trim().to_owned(), value.clone());
        }
        for name in remove.split(',') {
            item.remove(name.trim());
        }
        Ok(self.replace(key, item, in_transaction))
    }

    fn replace(&mut self, key: (String, String), item: Item, in_transaction: bool) -> Units {
        let before = self.items.insert(key, item.clone()).unwrap_or_default();
        let index = |names: [&str; 2]| {
            let row = |item: &Item| {
                let [hash, range] = names.map(|name| item.get(name).cloned());
                hash.zip(range)
            };
            index_units(row(&before).as_ref(), row(&item).as_ref())
        };
        Units {
            table: write_units(size(&before).max(size(&item)), in_transaction),
            indexes: index(["status_key", "created_key"])
                + index(["deadline_shard", "deadline_at"]),
            read_halves: 0,
        }
    }
}

fn text(value: &Value) -> String {
    let inner = value.get("S").unwrap_or(value);
    inner.as_str().unwrap_or_default().to_owned()
}

fn key(item: &Value) -> Result<(String, String)> {
    let (partition, sort) = (text(&item["pk"]), text(&item["sk"]));
    (!partition.is_empty() && !sort.is_empty())
        .then_some((partition, sort))
        .with_context(|| format!("no key in {item}"))
}

/// Names and values in UTF-8; of a number one byte per two digits, and one.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn size(item: &Item) -> usize {
    let one = |(name, value): (&String, &Value)| {
        let number = value["N"]
            .as_str()
            .map(|digits| digits.len().div_ceil(2) + 1);
        name.len() + number.unwrap_or_else(|| text(value).len())
    };
    item.iter().map(one).sum()
}
