//! The environments that child processes get.

use std::collections::BTreeMap;
use std::path::Path;

use aegis_client::local;
use tokio::process::Command;

/// What long-running children get: nothing of the user's, above all no credentials and no
/// settings of the AWS SDKs.
pub fn clean(temporary: &Path) -> BTreeMap<String, String> {
    let temporary = temporary.display().to_string();
    let pairs = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("HOME", temporary.clone()),
        ("TMPDIR", temporary),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A cargo that does not notice that it runs inside `cargo run`.
pub fn cargo(program: &str, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root);
    for name in local::set_by_cargo() {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_users_environment_is_passed_on() {
        let clean = clean(Path::new("/tmp/stack"));
        assert!(!clean.contains_key("AWS_PROFILE"));
        assert_eq!(clean["HOME"], "/tmp/stack");
        assert_eq!(clean.len(), 5);
    }
}
