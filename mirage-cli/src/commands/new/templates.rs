//! The templates: the examples, under another name.

use super::runtime::Runtime;
use crate::error::{Error, Exit};

/// A template.
pub struct Template {
    /// Its name, and that of the example it is.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    manifest: &'static str,
    readme: &'static str,
    sources: &'static [(&'static str, &'static str)],
}

/// An example as a template: its manifest, its sources, and the README a project begins with.
macro_rules! template {
    ($name:literal, $about:literal, [$($source:literal),* $(,)?]) => {
        Template {
            name: $name,
            about: $about,
            manifest: include_str!(concat!("../../../../examples/", $name, "/Cargo.toml")),
            readme: include_str!(concat!("../../../../templates/", $name, "/README.md")),
            sources: &[$(($source, include_str!(concat!("../../../../examples/", $name, "/", $source)))),*],
        }
    };
}

/// The templates there are.
pub const TEMPLATES: &[Template] = &[
    template!("hello", "says hello, four times", ["config.rs", "unikernel.rs", "tests/hello.rs"]),
    template!("http", "serves a page", ["config.rs", "unikernel.rs", "tests/http.rs"]),
    template!(
        "knocking",
        "a proxy that opens to those who knock on the right ports",
        [
            "config.rs",
            "unikernel.rs",
            "hostname.rs",
            "options.rs",
            "proxy.rs",
            "state.rs",
            "tests/knocking/main.rs",
            "tests/knocking/control.rs",
            "tests/knocking/forwarding.rs",
            "tests/knocking/refusing.rs",
            "tests/knocking/world.rs",
        ]
    ),
];

const IGNORED: &str = include_str!("../../../../templates/gitignore");

impl Template {
    /// The template of this name.
    ///
    /// # Errors
    /// There is none, with those there are.
    pub fn find(name: &str) -> Result<&'static Self, Error> {
        TEMPLATES.iter().find(|template| template.name == name).ok_or_else(|| {
            let names = TEMPLATES.iter().map(|template| format!("`{}`", template.name)).collect::<Vec<_>>();
            Error::new(Exit::Usage, format!("there is no template `{name}`"))
                .hint(format!("the templates are {}; `mirage new --list` says what they are", names.join(", ")))
        })
    }

    /// The files of a project of this name.
    pub fn files(&self, name: &str, runtime: &Runtime) -> Vec<(&'static str, String)> {
        let sources = self.sources.iter().map(|&(file, source)| (file, self.rename(source, name)));
        let readme = self.readme.replace("{{name}}", name);
        let rest =
            [("Cargo.toml", self.manifest(name, runtime)), ("README.md", readme), (".gitignore", IGNORED.into())];
        sources.chain(rest).collect()
    }

    /// A source with the example's crate and unikernel called otherwise: `hello::start`, `unikernel("hello")`.
    fn rename(&self, source: &str, name: &str) -> String {
        let library = name.replace('-', "_");
        let path = format!("{}::", self.name);
        let mut renamed = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(&path) {
            let (before, found) = rest.split_at(at);
            // `mirage_http::` is another crate.
            let whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            renamed += before;
            renamed += if whole { &library } else { self.name };
            rest = &found[self.name.len()..];
        }
        renamed += rest;
        renamed.replace(&format!("unikernel(\"{}\")", self.name), &format!("unikernel(\"{name}\")"))
    }

    /// The example's manifest for a package of its own: the crates it has from the workspace have a source of theirs.
    fn manifest(&self, name: &str, runtime: &Runtime) -> String {
        let mut text = String::new();
        for line in self.manifest.lines() {
            text += &match line.strip_suffix(".workspace = true") {
                Some(dependency) => format!("{dependency} = {}", runtime.dependency(dependency)),
                None => line.replace(&format!("\"{}", self.name), &format!("\"{name}")),
            };
            text.push('\n');
        }
        text + "\n# A package of its own, also in the folder of another workspace.\n[workspace]\n"
    }
}
