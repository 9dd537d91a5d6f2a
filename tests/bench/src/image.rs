//! Images: for a machine, and of one application over our own stack and over the kernel's.

use std::fs;
use std::path::PathBuf;

use anyhow::ensure;
use mirage_e2e::Project;

use crate::{Tool, timed};

/// The same project on both stacks.
pub struct Images {
    /// Over our own, on a tap device.
    pub direct: PathBuf,
    /// Over the kernel's sockets.
    pub socket: PathBuf,
    // They are files in its folder.
    _project: Project,
}

impl Images {
    /// Builds both.
    pub fn build(tool: &Tool, project: Project) -> anyhow::Result<Self> {
        let direct = built(tool, &project, &["--net", "direct"], "on-direct")?;
        let socket = built(tool, &project, &["--net", "socket"], "on-socket")?;
        Ok(Self { direct, socket, _project: project })
    }
}

/// Builds a process's image of a project with these keys, and keeps a copy of it in the project's folder.
pub fn built(tool: &Tool, project: &Project, keys: &[&str], copy: &str) -> anyhow::Result<PathBuf> {
    let kept = project.file(copy);
    fs::copy(built_for(tool, project, "unix", keys)?, &kept)?;
    Ok(kept)
}

/// Builds an image of a project for a target, with these keys.
pub fn built_for(tool: &Tool, project: &Project, target: &str, keys: &[&str]) -> anyhow::Result<PathBuf> {
    let call = |words: &[&str]| {
        let mut command = tool.command();
        command.current_dir(project.folder()).arg("--quiet").args(words);
        // One target folder for all, so that the runtime is compiled once.
        command.env("CARGO_TARGET_DIR", mirage_e2e::target());
        command
    };
    timed(call(&["build", "-t", target]).args(keys))?;
    let query = call(&["query", "image"]).output()?;
    ensure!(query.status.success(), "{}", String::from_utf8_lossy(&query.stderr));
    Ok(PathBuf::from(String::from_utf8(query.stdout)?.trim()))
}
