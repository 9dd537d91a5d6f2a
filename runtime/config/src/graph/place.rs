//! Places in config.rs.

use std::panic::Location;
use std::path::Path;

/// A file, relative to the package's folder, and a line of it.
///
/// rustc tells paths relative to the workspace's folder; `mirage configure` says where that and the package's are.
pub fn place(location: &Location<'_>) -> (String, u32) {
    let file = Path::new(location.file());
    let folder = |name| std::env::var_os(name).map(std::path::PathBuf::from);
    let relative = match (folder("MIRAGE_WORKSPACE_DIR"), folder("MIRAGE_PACKAGE_DIR")) {
        (Some(workspace), Some(package)) => workspace.join(file).strip_prefix(package).ok().map(Path::to_path_buf),
        _ => None,
    };
    (relative.as_deref().unwrap_or(file).to_string_lossy().into_owned(), location.line())
}
