//! Finds an unpacked mirror of Terraform providers, for machines that reach no registry.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use walkdir::WalkDir;

const REGISTRY: &str = "registry.terraform.io";
/// How far below a usual folder a mirror is looked for.
const DEPTH: usize = 4;

/// The folder that holds `registry.terraform.io/hashicorp/aws/...`, if there is one.
pub fn find() -> Option<PathBuf> {
    usual_folders().iter().find_map(|folder| find_below(folder))
}

/// Terraform's own implied mirrors first, then where machines without a network keep theirs.
/// <https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories>
fn usual_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(home) = std::env::home_dir() {
        folders.push(home.join(".terraform.d"));
        folders.push(home.join(".local/share/terraform"));
        folders.push(home.join("Library/Application Support/io.terraform"));
    }
    let system = [
        "/usr/local/share",
        "/usr/share",
        "/opt",
        "/usr/local/lib",
        "/usr/lib/terraform",
        "/var/lib/terraform",
        "/srv",
    ];
    folders.extend(system.map(PathBuf::from));
    folders
}

fn find_below(folder: &Path) -> Option<PathBuf> {
    WalkDir::new(folder)
        .max_depth(DEPTH)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name() == REGISTRY && entry.file_type().is_dir())
        .filter(|entry| has_aws_provider(entry.path()))
        .find_map(|entry| entry.path().parent().map(Path::to_path_buf))
}

/// Unpacked (`5.100.0/linux_amd64/`) or packed (`terraform-provider-aws_5.100.0_linux_amd64.zip`),
/// for this machine.
fn has_aws_provider(registry: &Path) -> bool {
    let platform = platform();
    WalkDir::new(registry.join("hashicorp").join("aws"))
        .min_depth(1)
        .max_depth(2)
        .into_iter()
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_string_lossy().contains(&platform))
}

fn platform() -> String {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        std::env::consts::OS
    };
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    };
    format!("{system}_{machine}")
}

/// Writes a Terraform CLI configuration that takes providers from `mirror` alone.
pub fn write_configuration(mirror: &Path, file: &Path) -> Result<()> {
    std::fs::write(file, configuration(mirror))
        .with_context(|| format!("cannot write {}", file.display()))
}

fn configuration(mirror: &Path) -> String {
    let path = mirror
        .display()
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path    = \"{path}\"\n    \
         include = [\"{REGISTRY}/*/*\"]\n  }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_counts_only_with_the_provider_for_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join("plugins").join(REGISTRY);
        std::fs::create_dir_all(registry.join("hashicorp/aws/5.100.0/plan9_mips")).unwrap();
        assert_eq!(find_below(folder.path()), None);
        let right = registry.join("hashicorp/aws/5.100.0").join(platform());
        std::fs::create_dir_all(right).unwrap();
        assert_eq!(
            find_below(folder.path()),
            Some(folder.path().join("plugins"))
        );
    }

    #[test]
    fn a_folder_that_is_missing_is_no_error() {
        assert_eq!(find_below(Path::new("/nowhere/at/all")), None);
    }

    #[test]
    fn the_configuration_names_the_mirror_alone() {
        let text = configuration(Path::new("/opt/plugins"));
        assert!(text.contains("path    = \"/opt/plugins\""));
        assert!(!text.contains("direct"));
    }
}
