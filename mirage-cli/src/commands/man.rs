//! `mirage man`.

use camino::Utf8Path;
use clap_mangen::Man;

use super::print;
use crate::cli::command;
use crate::error::{Error, Exit};
use crate::files;
use crate::report::Reporter;

/// Prints the manual page, or writes one for every command.
pub fn man(folder: Option<&Utf8Path>, reporter: &Reporter) -> Result<(), Error> {
    let mut all = command();
    all.build();
    let Some(folder) = folder else { return print(page(&all)?) };
    fs_create(folder)?;
    let pages = [("mirage.1".to_owned(), page(&all)?)];
    let subcommands = all.get_subcommands().filter(|command| command.get_name() != "help");
    let others = subcommands.map(|command| {
        let name = format!("mirage-{}", command.get_name());
        Ok((format!("{name}.1"), page(&command.clone().display_name(name))?))
    });
    for named in pages.into_iter().map(Ok).chain(others) {
        let (name, page) = named?;
        files::replace(&folder.join(&name), &page)?;
        reporter.done("Wrote", folder.join(name).as_str());
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
