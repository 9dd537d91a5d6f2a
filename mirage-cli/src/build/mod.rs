//! From the generated files to an executable, by cargo; from there [`image`] goes on.

mod flags;
mod mistake;

use std::fs;

use camino::Utf8PathBuf;
use cargo_metadata::PackageId;

use crate::cargo::{Cargo, Compiled};
use crate::configure::Configured;
use crate::error::{Error, Exit};
use crate::files::Lock;
use crate::image::{self, Image};
use crate::inputs::{Inputs, dep_info, surroundings};
use crate::project::Project;
use crate::report::Reporter;
use crate::state::State;
use crate::target;

/// How an image is built.
#[derive(Clone, Debug)]
pub struct Options {
    /// How cargo is run.
    pub cargo: Cargo,
    /// The cargo profile.
    pub profile: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { cargo: Cargo::default(), profile: "release".into() }
    }
}

/// What cargo built.
#[derive(Clone, Debug)]
pub struct Executable {
    /// Where it is.
    pub file: Utf8PathBuf,
    /// The packages it is made of, not those only used to build it.
    pub packages: Vec<PackageId>,
    /// The files it was made from.
    pub sources: Vec<Utf8PathBuf>,
    /// Whether its image is packed, where there is one: not if it is to be debugged.
    pub packed: bool,
}

/// Builds the image of a configured project, unless it is there and nothing it is made of has changed.
///
/// # Errors
/// [`Exit::Compile`] with rustc's own words, or when the image cannot be made of what was built.
pub fn build(
    project: &Project,
    configured: &Configured,
    options: &Options,
    reporter: &Reporter,
) -> Result<Image, Error> {
    let _lock = Lock::take(&project.target_dir, &project.folder, reporter)?;
    let state = State::load(&project.folder).unwrap_or_default();
    let image = Image::new(project, &configured.plan)?;
    if state.profile == options.profile
        && state.inputs.as_ref().is_some_and(Inputs::unchanged)
        && image.is_whole(&state.built)
    {
        return Ok(image);
    }
    let executable = compile(project, configured, options, reporter)?;
    let built = image::make(project, configured, &executable, &image, &state.built, reporter)?;
    let generated = ["Cargo.toml", "Cargo.lock", "main.rs"].map(|name| project.generated().join(name));
    let around = surroundings(&project.generated());
    let inputs = Inputs::of(executable.sources.into_iter().chain(generated).chain(around));
    let state = State { built, inputs: Some(inputs), profile: options.profile.clone(), ..state };
    state.store(&project.folder)?;
    Ok(image)
}

fn compile(
    project: &Project,
    configured: &Configured,
    options: &Options,
    reporter: &Reporter,
) -> Result<Executable, Error> {
    let name = &configured.plan.name;
    let step = reporter.step("Compiling", &format!("{name} for {}", configured.plan.target));
    let folder = project.generated();
    let mut command = Cargo { locked: true, ..options.cargo }.command("build");
    command.args(["--profile", &options.profile, "--target", "host-tuple", "--manifest-path"]);
    command.arg(folder.join("Cargo.toml")).arg("--target-dir").arg(&project.target_dir).current_dir(&folder);
    flags::add(&mut command, project, target::platform(&configured.plan.target)?.link)?;
    let compiled = Cargo::compile(command, reporter, &step)?;
    if !compiled.success {
        return Err(compiled.cargo_failed().unwrap_or_else(|| failed(project, configured, &compiled)));
    }
    if !compiled.warnings.is_empty() {
        reporter.verbatim(compiled.warnings.trim_end());
    }
    let file = compiled.executables.iter().find(|(built, _)| built == name).map(|(_, file)| file.clone());
    let file = file.ok_or_else(|| Error::bug(format!("cargo built no executable `{name}`")))?;
    let sources = fs::read_to_string(format!("{file}.d")).map(|text| dep_info(&text)).unwrap_or_default();
    // What only ran while it was built, as macros do, was made for this machine, in another folder.
    let folder = file.parent().unwrap_or(&file).to_owned();
    let packages = compiled.packages.into_iter().filter(|(_, library)| library.starts_with(&folder)).map(|(id, _)| id);
    let packages = packages.collect();
    step.done();
    Ok(Executable { file, packages, sources, packed: options.profile != "dev" })
}

fn failed(project: &Project, configured: &Configured, compiled: &Compiled) -> Error {
    let error = Error::new(Exit::Compile, format!("`{}` does not compile", configured.plan.name));
    mistake::explain(error, project, compiled).detail(compiled.verbatim())
}
