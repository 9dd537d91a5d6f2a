//! From an executable to what is in `dist/`: the image, its debug symbols and its manifest.

mod manifest;
mod pack;
mod segments;
mod strip;
pub mod xl;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use camino::Utf8PathBuf;

use crate::build::Executable;
use crate::configure::Configured;
use crate::error::{Error, Exit};
use crate::files::{Staging, cannot_write, set_aside};
use crate::hash;
use crate::plan::Plan;
use crate::process;
use crate::project::Project;
use crate::report::Reporter;
use crate::target::{self, Config, Link};

/// Where the parts of an image are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What runs.
    pub file: Utf8PathBuf,
    /// The same with all its symbols.
    pub debug: Utf8PathBuf,
    /// What it is and what it is made of, as JSON.
    pub manifest: Utf8PathBuf,
    /// How it is started, where that is a file.
    pub config: Option<Utf8PathBuf>,
}

impl Image {
    /// Where the image of this plan is, built or not.
    ///
    /// # Errors
    /// A bug: a plan for a target without a platform.
    pub fn new(project: &Project, plan: &Plan) -> Result<Self, Error> {
        let target::Platform { suffix, config, .. } = target::platform(&plan.target)?;
        let part = |suffix: &str| project.dist().join(format!("{}{suffix}", plan.name));
        let config = config.map(|config| part(config.suffix()));
        Ok(Self { file: part(suffix), debug: part(".debug"), manifest: part(".json"), config })
    }

    /// Whether every part is there as it was `built`.
    pub fn is_whole(&self, built: &BTreeMap<String, String>) -> bool {
        [&self.file, &self.debug, &self.manifest].into_iter().chain(&self.config).all(|file| {
            let recorded = file.file_name().and_then(|name| built.get(name));
            recorded.is_some_and(|digest| hash::of_file(file).is_ok_and(|there| there == *digest))
        })
    }
}

/// The image of a machine: packed, but for one that is debugged, in which a debugger may want a breakpoint before it starts.
fn machine(whole: &[u8], packed: bool) -> Result<Vec<u8>, String> {
    let segments = segments::Segments::of(whole)?;
    if packed { pack::pack(whole, segments)?.file() } else { segments.file() }
}

/// Makes the image, all of it or nothing, and says the digest of each part, and of what `before` left there.
///
/// # Errors
/// [`Exit::Compile`] when what was built is no executable, [`Exit::CannotWrite`].
pub fn make(
    project: &Project,
    configured: &Configured,
    executable: &Executable,
    image: &Image,
    before: &BTreeMap<String, String>,
    reporter: &Reporter,
) -> Result<BTreeMap<String, String>, Error> {
    let name = image.file.file_name().unwrap_or_default();
    let step = reporter.step("Making", &format!("dist/{name}"));
    let whole = fs::read(&executable.file)
        .map_err(|error| Error::new(Exit::Compile, format!("`{}` cannot be read: {error}", executable.file)))?;
    let stripped = match target::platform(&configured.plan.target)?.link {
        Link::Host => strip::strip(&whole).map_err(|error| error.to_string()),
        Link::Bare { .. } => machine(&whole, executable.packed),
    };
    let stripped =
        stripped.map_err(|error| Error::bug(format!("`{}` cannot be stripped: {error}", executable.file)))?;
    let manifest = manifest::manifest(project, configured, executable, &stripped)?;

    let staging = Staging::new(&project.folder)?;
    let mut parts = vec![(&image.file, stripped), (&image.debug, whole), (&image.manifest, manifest.into_bytes())];
    if let (Some(file), Some(Config::Xl)) = (&image.config, target::platform(&configured.plan.target)?.config) {
        let domain = xl::Domain::of(&configured.plan, name);
        parts.push((file, domain.page().into_bytes()));
    }
    let mut digests = before.clone();
    let mut names = vec![];
    for (file, bytes) in &parts {
        let name = file.file_name().unwrap_or_default();
        staging.write(name, bytes)?;
        digests.insert(name.to_owned(), hash::of(bytes));
        names.push(name);
    }
    let file = staging.path().join(name);
    fs::set_permissions(&file, Permissions::from_mode(0o755)).map_err(|error| cannot_write(&file, &error))?;
    process::check()?;
    // What is there and is neither what was made the last time nor what is made now is someone's work.
    for (file, _) in &parts {
        let (name, there) = (file.file_name().unwrap_or_default(), hash::of_file(file).ok());
        if there.is_some() && there.as_ref() != before.get(name) && there.as_ref() != digests.get(name) {
            let spare = set_aside(file)?;
            let spare = spare.file_name().unwrap_or_default();
            reporter.warn(&format!(
                "`dist/{name}` was changed by hand: that is kept as `dist/{spare}`, and the file was written anew"
            ));
        }
    }
    staging.commit(&project.dist(), names)?;
    step.done();
    Ok(digests)
}
