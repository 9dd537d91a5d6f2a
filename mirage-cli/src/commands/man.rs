//! `mirage man`.

use camino::Utf8Path;
use clap_mangen::Man;

use super::{print, print_json};
use crate::cli::command;
use crate::error::{Error, Exit};
use crate::files;
use crate::report::{Format, Reporter};

/// Prints the manual page, or writes one for every command.
pub fn man(folder: Option<&Utf8Path>, dry_run: bool, reporter: &Reporter) -> Result<(), Error> {
    let mut all = command();
    all.build();
    let Some(folder) = folder else { return print(page(&all)?) };
    let mut pages = vec![(folder.join("mirage.1"), page(&all)?)];
    for command in all.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = format!("mirage-{}", command.get_name());
        let file = folder.join(format!("{name}.1"));
        pages.push((file, page(&command.clone().display_name(name))?));
    }
    if !dry_run {
        fs_create(folder)?;
    }
    let verb = if dry_run { "Would write" } else { "Wrote" };
    for (file, page) in &pages {
        if !dry_run {
            files::replace(file, page)?;
        }
        reporter.done(verb, file.as_str());
    }
    if reporter.format() == Format::Json {
        let files: Vec<_> = pages.iter().map(|(file, _)| file).collect();
        return print_json(&serde_json::json!({ "written": files }));
    }
    Ok(())
}

fn page(command: &clap::Command) -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered.map_err(|error| Error::bug(format!("a manual page cannot be rendered: {error}")))?;
    Ok(page)
}

fn fs_create(folder: &Utf8Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Error::new(Exit::CannotWrite, format!("`{folder}` cannot be made: {error}")))
}
