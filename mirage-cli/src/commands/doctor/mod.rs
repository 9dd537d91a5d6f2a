//! `mirage doctor`.

mod checks;
mod packages;

use anstyle::{AnsiColor, Style};

use super::{print, print_json};
use crate::error::{Error, Exit};
use crate::report::{Format, Reporter};
use crate::target::{self, Target};
use checks::{CHECKS, Check, Need};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();
const NAME: Style = Style::new().bold();

/// Says what this machine can build and run, for one target or for all.
///
/// # Errors
/// [`Exit::Unavailable`] if something is missing without which the one target asked for, or any, cannot be built.
pub fn doctor(only: Option<&str>, reporter: &Reporter) -> Result<(), Error> {
    let targets: Vec<&Target> = match only {
        None => target::ALL.iter().collect(),
        Some(name) => vec![target::find(name).ok_or_else(|| {
            let names = target::ALL.iter().map(|target| format!("`{}`", target.name)).collect::<Vec<_>>();
            Error::new(Exit::Usage, format!("there is no target `{name}`"))
                .hint(format!("the targets are {}", names.join(", ")))
        })?],
    };
    let mut sections = vec![Section::new("every target", None, CHECKS.iter().filter(|check| check.targets.is_empty()))];
    for target in targets {
        let checks = CHECKS.iter().filter(|check| check.targets.contains(&target.name));
        sections.push(Section::new(target.name, Some(target), checks));
    }
    match reporter.format() {
        Format::Json => print_json(&sections.iter().map(Section::json).collect::<Vec<_>>())?,
        Format::Human => print(sections.iter().map(Section::text).collect::<Vec<_>>().join("\n"))?,
    }
    let unbuildable = |section: &Section| section.found.iter().any(|found| found.blocks());
    match sections.iter().find(|section| unbuildable(section)) {
        Some(section) => Err(Error::new(Exit::Unavailable, format!("{} lacks what it needs", section.title))
            .hint("run the commands above")),
        None => Ok(()),
    }
}

/// What was found for a target.
struct Section {
    title: &'static str,
    target: Option<&'static Target>,
    found: Vec<Found>,
}

/// What a check found: a version or the like, or what is wrong.
struct Found {
    check: &'static Check,
    outcome: Result<String, String>,
}

impl Found {
    fn blocks(&self) -> bool {
        self.outcome.is_err() && self.check.need == Need::ToBuild
    }
}

impl Section {
    fn new(title: &'static str, target: Option<&'static Target>, checks: impl Iterator<Item = &'static Check>) -> Self {
        let found = checks.map(|check| Found { check, outcome: (check.probe)() }).collect();
        Self { title, target, found }
    }

    /// What can be done for this target, in a few words.
    fn verdict(&self) -> String {
        if self.target.is_none() {
            return String::new();
        }
        match (self.lacks(Need::ToBuild), self.lacks(Need::ToRun) || self.lacks_every(Need::OneToRun)) {
            (true, _) => format!("{BAD}cannot be built here{BAD:#}"),
            (false, true) => format!("{OPEN}can be built, not run{OPEN:#}"),
            (false, false) => format!("{GOOD}can be built and run{GOOD:#}"),
        }
    }

    fn lacks(&self, need: Need) -> bool {
        self.found.iter().any(|found| found.outcome.is_err() && found.check.need == need)
    }

    fn lacks_every(&self, need: Need) -> bool {
        let mut such = self.found.iter().filter(|found| found.check.need == need).peekable();
        such.peek().is_some() && such.all(|found| found.outcome.is_err())
    }

    fn text(&self) -> String {
        let doc = self.target.map(|target| format!(", {}", target.doc)).unwrap_or_default();
        let verdict = self.verdict();
        let colon = if verdict.is_empty() { "" } else { ": " };
        let mut text = format!("{NAME}{}{NAME:#}{doc}{colon}{verdict}\n", self.title);
        let none_to_run = self.lacks_every(Need::OneToRun);
        for Found { check, outcome } in &self.found {
            let line = match (outcome, check.need) {
                (Err(why), Need::OneToRun) if !none_to_run => {
                    format!("  {OPEN}without{OPEN:#}  {}: {why}", check.name)
                }
                (Ok(what), _) => format!("  {GOOD}ok{GOOD:#}       {}: {what}", check.name),
                (Err(why), Need::Optional) => format!("  {OPEN}without{OPEN:#}  {}: {why}", check.name),
                (Err(why), _) => format!("  {BAD}missing{BAD:#}  {}: {why}", check.name),
            };
            text += &line;
            if outcome.is_err() {
                text += &format!(" ({})", check.purpose);
                if let Some(command) = packages::command(check) {
                    text += &format!("\n           get it: {command}");
                }
            }
            text.push('\n');
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let found = self.found.iter().map(|Found { check, outcome }| {
            serde_json::json!({
                "name": check.name,
                "ok": outcome.is_ok(),
                "found": outcome.as_ref().unwrap_or_else(|why| why),
                "purpose": check.purpose,
                "get": outcome.is_err().then(|| packages::command(check)).flatten(),
            })
        });
        serde_json::json!({
            "target": self.target.map(|target| target.name),
            "supported": true,
            "checks": found.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use snapbox::{assert_data_eq, file};

    use super::*;

    /// A machine of these versions and wants, as text without colours.
    fn kvm(found: &[(&str, Result<&str, &str>)]) -> String {
        let found = CHECKS.iter().filter(|check| check.targets.contains(&"kvm")).map(|check| {
            let (_, outcome) = found.iter().find(|(name, _)| *name == check.name).expect(check.name);
            Found { check, outcome: outcome.map(str::to_owned).map_err(str::to_owned) }
        });
        let section = Section { title: "kvm", target: target::find("kvm"), found: found.collect() };
        let lines = anstream::adapter::strip_str(&section.text()).to_string();
        // How it is installed is this machine's.
        lines.lines().filter(|line| !line.contains("get it:")).map(|line| line.to_owned() + "\n").collect()
    }

    #[test]
    fn one_monitor_is_enough() {
        let all = [
            ("/dev/net/tun", Ok("can be opened")),
            ("ip", Ok("ip utility, iproute2-6.1.0")),
            ("qemu-system-x86_64", Ok("QEMU emulator version 7.2.22")),
            ("/dev/kvm", Ok("can be opened")),
            ("hardware virtualization", Ok("svm")),
            ("firecracker", Ok("Firecracker v1.12.0")),
            ("cloud-hypervisor", Ok("cloud-hypervisor v43.0.0")),
        ];
        let mut one = all;
        (one[2].1, one[6].1) = (Err("not found"), Err("not found"));
        let mut none = one;
        (none[3].1, none[4].1, none[5].1) = (Err("not for this user"), Err("neither vmx nor svm"), Err("not found"));
        assert_data_eq!(kvm(&all), file!["../../../../tests/golden/doctor.kvm.txt"].raw());
        assert_data_eq!(kvm(&one), file!["../../../../tests/golden/doctor.kvm-firecracker.txt"].raw());
        assert_data_eq!(kvm(&none), file!["../../../../tests/golden/doctor.kvm-none.txt"].raw());
    }

    #[test]
    fn every_check_is_for_a_target_there_is_and_says_how_it_is_got_if_it_can_be() {
        for check in CHECKS {
            assert!(check.targets.iter().all(|name| target::find(name).is_some()), "{}", check.name);
            let packaged = check.packages.iter().all(|package| !package.is_empty());
            assert!(check.get.is_some() != packaged || check.name == "hardware virtualization", "{}", check.name);
        }
    }
}
