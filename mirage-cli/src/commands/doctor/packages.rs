//! The command that gets a package on this machine.

use super::checks::Check;

/// The package managers, in the order of [`Check::packages`], and how each installs.
const MANAGERS: [(&str, &str); 5] = [
    ("apt-get", "apt-get install -y"),
    ("dnf", "dnf install -y"),
    ("pacman", "pacman -S --noconfirm"),
    ("zypper", "zypper install -y"),
    ("apk", "apk add"),
];

/// The exact command that gets what a check looks for; none if nobody here has it.
pub fn command(check: &Check) -> Option<String> {
    if let Some(command) = check.get {
        return Some(command.to_owned());
    }
    let paths = std::env::var_os("PATH")?;
    let here = |program: &str| std::env::split_paths(&paths).any(|folder| folder.join(program).is_file());
    let ((_, install), package) =
        MANAGERS.iter().zip(check.packages).find(|((manager, _), package)| !package.is_empty() && here(manager))?;
    let sudo = if rustix::process::geteuid().is_root() { "" } else { "sudo " };
    Some(format!("{sudo}{install} {package}"))
}
