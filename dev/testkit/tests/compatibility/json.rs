//! JSON as code of another version would have written it.

use serde_json::{Value, json};

/// JSON pointers to every object in `value`.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            for (name, inner) in fields {
                objects(inner, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                objects(inner, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// `value` once for every object in it but those at `except`, with a field there that nobody knows.
pub fn added_to(value: &Value, except: &[&str]) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    objects(value, "", &mut pointers);
    pointers.retain(|pointer| !except.contains(&pointer.as_str()));
    let add = |pointer: String| {
        let mut changed = value.clone();
        changed.pointer_mut(&pointer).unwrap()["added_later"] = json!({"deep": [1]});
        (pointer, changed)
    };
    pointers.into_iter().map(add).collect()
}
