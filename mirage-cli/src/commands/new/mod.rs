//! `mirage new`.

mod name;
mod runtime;
mod templates;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use super::{print, print_json};
use crate::error::{Error, Exit};
use crate::files::cannot_write;
use crate::report::{Format, Reporter};
use runtime::Runtime;
use templates::{TEMPLATES, Template};

/// Lists the templates.
pub fn list(reporter: &Reporter) -> Result<(), Error> {
    if reporter.format() == Format::Json {
        let rows =
            TEMPLATES.iter().map(|template| serde_json::json!({ "name": template.name, "about": template.about }));
        return print_json(&rows.collect::<Vec<_>>());
    }
    let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or_default();
    let rows = TEMPLATES.iter().map(|template| format!("{:width$}  {}\n", template.name, template.about));
    print(rows.collect::<String>())
}

/// Makes a project: all of it or nothing.
pub fn new(
    given: &str,
    template: &str,
    runtime: Option<&Utf8Path>,
    dry_run: bool,
    reporter: &Reporter,
) -> Result<(), Error> {
    let template = Template::find(template)?;
    let folder = Utf8PathBuf::from(given);
    let name = folder.file_name().unwrap_or_default();
    name::check(name)?;
    let runtime = Runtime::find(runtime)?;
    if fs::symlink_metadata(&folder).is_ok() {
        return Err(Error::new(Exit::CannotWrite, format!("`{folder}` is there already"))
            .hint("choose another name; nothing is ever written over"));
    }
    let files = template.files(name, &runtime);
    if !dry_run {
        write(&folder, &files)?;
    }
    if reporter.format() == Format::Json {
        let written: Vec<_> = files.iter().map(|(file, _)| folder.join(file)).collect();
        return print_json(&serde_json::json!({
            "name": name,
            "folder": folder,
            "template": template.name,
            "written": written,
        }));
    }
    if dry_run {
        for (file, _) in files {
            reporter.done("Would write", folder.join(file).as_str());
        }
        return Ok(());
    }
    let folder_text = mirage::args::join([folder.as_str()]);
    reporter.done("Created", &format!("{name} from the template `{}`", template.name));
    if let Some(workspace) = workspace_above(&folder) {
        reporter.note(&format!(
            "`{workspace}` is a workspace; if its members take in this folder, add `exclude = [\"{name}\"]` to it"
        ));
    }
    reporter
        .note(&format!("next: `cd {folder_text}`, then `mirage run`; `cargo test` tests it without building an image"));
    Ok(())
}

/// Writes the files beside where they belong, and moves them there at once.
fn write(folder: &Utf8Path, files: &[(&'static str, String)]) -> Result<(), Error> {
    let parent = folder.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let staging = tempfile::Builder::new().prefix(".mirage-new").tempdir_in(parent);
    let staging = staging.map_err(|error| cannot_write(folder, &error))?;
    for (file, text) in files {
        let path = staging.path().join(file);
        let shown = folder.join(file);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        made.map_err(|error| cannot_write(&shown, &error))?;
    }
    // A temporary folder is for its owner only; a project is as open as any other folder.
    let open: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o777 & !umask());
    fs::set_permissions(staging.path(), open).map_err(|error| cannot_write(folder, &error))?;
    fs::rename(staging.path(), folder).map_err(|error| cannot_write(folder, &error))?;
    // What it was is where it belongs now, so there is nothing left to remove.
    let _ = staging.keep();
    Ok(())
}

fn umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(mask);
    mask.bits()
}

/// The manifest of a workspace the new project lies in.
fn workspace_above(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let folder = folder.canonicalize_utf8().ok()?;
    folder.ancestors().skip(1).map(|above| above.join("Cargo.toml")).find(|manifest| {
        let text = fs::read_to_string(manifest).unwrap_or_default();
        text.parse::<toml_edit::DocumentMut>().is_ok_and(|manifest| manifest.contains_key("workspace"))
    })
}
