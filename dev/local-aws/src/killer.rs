//! Ends processes of this stack's functions and agents without any warning.
//!
//! A process belongs to the stack if the program that it runs lies in the stack's own folder: no other
//! process is ever touched.

use std::path::Path;

use rand::seq::IndexedRandom as _;
use rustix::process::{Pid, Signal, kill_process};

use aegis_client::local::StackFolder;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Function,
    Agent,
}

/// Ends one at random; says whether there was one.
pub fn kill_one(folder: &StackFolder, kind: Kind, dice: &mut impl rand::Rng) -> bool {
    let found = processes(folder, kind);
    // One that has ended in between is gone as wished.
    found
        .choose(dice)
        .is_some_and(|pid| kill_process(*pid, Signal::KILL).is_ok())
}

/// Ends all of them: the next call finds a process that has read nothing yet.
pub fn kill_all(folder: &StackFolder, kind: Kind) {
    for pid in processes(folder, kind) {
        // One that has ended in between is gone as wished.
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn processes(folder: &StackFolder, kind: Kind) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let found = entries.flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // Kernel threads, and processes of others, do not tell.
        let program = std::fs::read_link(entry.path().join("exe")).ok()?;
        (kind_of(folder, &program)? == kind).then(|| Pid::from_raw(pid))?
    });
    found.collect()
}

fn kind_of(folder: &StackFolder, program: &Path) -> Option<Kind> {
    let name = program.file_name()?.to_str()?;
    if name == "bootstrap" && program.starts_with(folder.temporary()) {
        return Some(Kind::Function);
    }
    let is_agent = name.ends_with("-agent") && program.starts_with(folder.programs());
    is_agent.then_some(Kind::Agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_stack_s_own_programs_count() {
        let folder = StackFolder::new("/stacks/chaos".into());
        let kind = |program: &str| kind_of(&folder, Path::new(program));
        assert_eq!(
            kind("/stacks/chaos/tmp/code-1/abc/bootstrap"),
            Some(Kind::Function)
        );
        assert_eq!(
            kind("/stacks/chaos/programs/writer-agent"),
            Some(Kind::Agent)
        );
        for other in [
            "/stacks/chaos/programs/xtask",
            "/stacks/chaos/tmp/python",
            "/stacks/chaos2/tmp/code-1/abc/bootstrap",
            "/stacks/test/programs/writer-agent",
        ] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
