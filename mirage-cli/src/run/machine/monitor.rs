//! Who runs virtual machines.

use crate::error::{Error, Exit};

/// A program that runs virtual machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Monitor {
    /// QEMU, with or without KVM
    Qemu,
    /// Firecracker, which takes KVM and tap devices
    Firecracker,
    /// Cloud Hypervisor, which takes KVM and tap devices
    CloudHypervisor,
}

impl Monitor {
    /// All of them, the one preferred first.
    pub const ALL: [Self; 3] = [Self::Qemu, Self::Firecracker, Self::CloudHypervisor];

    /// The program's name.
    pub fn program(self) -> &'static str {
        match self {
            Self::Qemu => "qemu-system-x86_64",
            Self::Firecracker => "firecracker",
            Self::CloudHypervisor => "cloud-hypervisor",
        }
    }

    /// What it is called by people, and as an option.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qemu => "qemu",
            Self::Firecracker => "firecracker",
            Self::CloudHypervisor => "cloud-hypervisor",
        }
    }

    /// The one asked for, or the first that is installed.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when it is not installed, with what is.
    pub fn choose(asked: Option<Self>, installed: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let there: Vec<Self> = Self::ALL.into_iter().filter(|monitor| installed(monitor.program())).collect();
        let missing = |what: String| {
            Error::new(Exit::Unavailable, what).hint("`mirage doctor -t kvm` says the command that installs it")
        };
        match (asked, there.first()) {
            (Some(asked), _) if there.contains(&asked) => Ok(asked),
            (None, Some(first)) => Ok(*first),
            (Some(asked), first) => {
                let error = missing(format!("`{}` is not installed", asked.program()));
                Err(match first {
                    Some(first) => error.hint(format!("`--monitor {}` is there", first.name())),
                    None => error,
                })
            }
            (None, None) => Err(missing(format!(
                "no monitor is installed: none of {}",
                Self::ALL.map(|monitor| format!("`{}`", monitor.program())).join(", ")
            ))),
        }
    }
}

/// Whether a program is on the path.
pub fn installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_installed_is_taken_unless_another_is_asked_for() {
        let both = |program: &str| program != "firecracker";
        assert_eq!(Monitor::choose(None, both), Ok(Monitor::Qemu));
        assert_eq!(Monitor::choose(Some(Monitor::CloudHypervisor), both), Ok(Monitor::CloudHypervisor));
        assert_eq!(Monitor::choose(None, |program| program == "firecracker"), Ok(Monitor::Firecracker));
    }

    #[test]
    fn one_that_is_missing_is_named_and_so_is_what_there_is() {
        let error =
            Monitor::choose(Some(Monitor::Firecracker), |program| program.starts_with("qemu")).expect_err("none");
        assert_eq!((error.exit, error.message.as_str()), (Exit::Unavailable, "`firecracker` is not installed"));
        assert_eq!(error.hints.last().map(String::as_str), Some("`--monitor qemu` is there"));
        let error = Monitor::choose(None, |_| false).expect_err("none");
        assert!(error.message.starts_with("no monitor is installed"), "{error}");
        assert!(error.hints[0].contains("mirage doctor -t kvm"), "{error:?}");
    }
}
