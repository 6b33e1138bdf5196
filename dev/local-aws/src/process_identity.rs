//! When a process began, as the system tells it: with the process id it names one process for
//! as long as the machine is up.

use std::process::{Command, Stdio};

/// `None` when no such process runs; one that has ended but was not collected counts as ended.
pub fn identity(pid: i32) -> Option<String> {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(boot) => {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some(format!("{}/{}", boot.trim(), begin_of(&stat)?))
        }
        Err(_) => identity_by_ps(pid),
    }
}

/// Field 22 of `/proc/<pid>/stat`, counted after the command's name, which may hold anything.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn begin_of(stat: &str) -> Option<&str> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)
}

fn identity_by_ps(pid: i32) -> Option<String> {
    let output = Command::new("ps")
        .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let (state, began) = line.split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| began.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 4711 9 9";

    #[test]
    fn begin_is_found_whatever_the_name() {
        assert_eq!(begin_of(STAT), Some("4711"));
    }

    #[test]
    fn a_zombie_has_ended() {
        assert_eq!(begin_of(&STAT.replace(" S ", " Z ")), None);
    }

    #[test]
    fn this_process_runs_and_keeps_its_identity() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(identity(me).is_some());
        assert_eq!(identity(me), identity(me));
    }
}
