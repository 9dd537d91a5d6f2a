//! Whether KVM can run an image here.

use std::fs::{self, OpenOptions};
use std::io;

use super::options::Accel;
use crate::error::{Error, Exit};

/// What there is of KVM on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Whether `/dev/kvm` can be opened, or why not.
    pub device: Result<(), io::ErrorKind>,
    /// The processor's extension for it: `vmx` is Intel's, `svm` is AMD's.
    pub virtualization: Option<&'static str>,
}

impl Host {
    /// Looks.
    pub fn look() -> Self {
        let opened = OpenOptions::new().read(true).write(true).open("/dev/kvm");
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self { device: opened.map(drop).map_err(|error| error.kind()), virtualization: virtualization(&cpuinfo) }
    }
}

/// The extension for virtualization that a processor has, as `/proc/cpuinfo` lists it.
pub fn virtualization(cpuinfo: &str) -> Option<&'static str> {
    let flags = cpuinfo.lines().find_map(|line| line.strip_prefix("flags")?.trim_start().strip_prefix(':'))?;
    ["vmx", "svm"].into_iter().find(|known| flags.split_whitespace().any(|flag| flag == *known))
}

/// Who executes a machine's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor.
    Kvm,
    /// QEMU's emulator.
    Tcg,
}

const JOIN: &str = "`sudo usermod -aG kvm $USER`, then log in again: `/dev/kvm` is for that group";

/// Chooses, with a word if it is not what one would want.
///
/// # Errors
/// [`Exit::Unavailable`] when KVM is asked for and cannot be had.
pub fn choose(asked: Accel, host: Host) -> Result<(Accelerator, Option<String>), Error> {
    let slowly = |why: &str| Ok((Accelerator::Tcg, Some(format!("{why}: QEMU emulates the machine, slowly"))));
    match (asked, host.device, host.virtualization) {
        (Accel::Tcg, ..) => Ok((Accelerator::Tcg, None)),
        (Accel::Kvm, Ok(()), _) | (Accel::Auto, Ok(()), Some(_)) => Ok((Accelerator::Kvm, None)),
        (Accel::Kvm, Err(kind), _) => Err(missing(kind)),
        (Accel::Auto, Ok(()), None) => slowly(
            "`/dev/kvm` is there, but this processor shows no hardware virtualization (`--accel kvm` tries it all the \
             same)",
        ),
        (Accel::Auto, Err(io::ErrorKind::PermissionDenied), _) => {
            slowly(&format!("`/dev/kvm` is not for this user ({JOIN})"))
        }
        (Accel::Auto, Err(_), _) => slowly("there is no `/dev/kvm` here"),
    }
}

/// Why there is no KVM, with what gives it.
pub fn missing(kind: io::ErrorKind) -> Error {
    let error = |what: &str| Error::new(Exit::Unavailable, what);
    match kind {
        io::ErrorKind::PermissionDenied => error("`/dev/kvm` is not for this user").hint(JOIN),
        io::ErrorKind::NotFound => error("there is no `/dev/kvm` here")
            .hint("`sudo modprobe -a kvm kvm_intel` or `kvm_amd` makes it, where the processor can")
            .hint("`--monitor qemu --accel tcg` takes none"),
        kind => error(&format!("`/dev/kvm` cannot be opened: {kind}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: Result<(), io::ErrorKind> = Err(io::ErrorKind::PermissionDenied);
    const ABSENT: Result<(), io::ErrorKind> = Err(io::ErrorKind::NotFound);

    #[test]
    fn without_a_choice_kvm_is_taken_where_it_works_and_a_word_is_said_where_it_does_not() {
        let auto = |device, virtualization| choose(Accel::Auto, Host { device, virtualization }).expect("a way");
        assert_eq!(auto(Ok(()), Some("vmx")), (Accelerator::Kvm, None));
        for (device, virtualization, part) in [
            (Ok(()), None, "shows no hardware virtualization"),
            (DENIED, Some("svm"), "not for this user (`sudo usermod"),
            (ABSENT, None, "there is no `/dev/kvm`"),
        ] {
            let (accelerator, word) = auto(device, virtualization);
            assert_eq!(accelerator, Accelerator::Tcg);
            assert!(word.as_deref().unwrap_or_default().contains(part), "{word:?}");
        }
    }

    #[test]
    fn kvm_that_is_asked_for_is_taken_or_refused() {
        let kvm = |device| choose(Accel::Kvm, Host { device, virtualization: None });
        assert_eq!(kvm(Ok(())), Ok((Accelerator::Kvm, None)));
        for (device, part) in [(DENIED, "not for this user"), (ABSENT, "there is no")] {
            let error = kvm(device).expect_err("refused");
            assert_eq!(error.exit, Exit::Unavailable);
            assert!(error.message.contains(part) && !error.hints.is_empty(), "{error:?}");
        }
        assert_eq!(
            choose(Accel::Tcg, Host { device: Ok(()), virtualization: Some("vmx") }),
            Ok((Accelerator::Tcg, None))
        );
    }

    #[test]
    fn a_flag_is_a_word() {
        assert_eq!(virtualization("model name\t: x\nflags\t\t: fpu vmx de\n"), Some("vmx"));
        assert_eq!(virtualization("flags\t\t: fpu svm\n"), Some("svm"));
        assert_eq!(virtualization("flags\t\t: fpu svm_lock\nvmx flags\t: vnmi vmx\n"), None);
        assert_eq!(virtualization(""), None);
    }
}
