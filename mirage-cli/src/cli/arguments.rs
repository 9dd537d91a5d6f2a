//! What may be said on the command line, but for the keys, which are config.rs's.

use std::ffi::OsString;
use std::time::Duration;

use camino::Utf8PathBuf;
use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use super::starting::{Machine, Network};
use crate::report::Format;
use crate::target;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXITS: &str = "\
Exit status:
    0  all went well
    1  the unikernel's job failed (`mirage run`)
    2  a device of the unikernel could not be connected (`mirage run`)
   64  the command line cannot be taken: mirage's, or the unikernel's
   65  config.rs or Cargo.toml is wrong, or asks for what cannot be had
   66  there is no project there
   69  this machine lacks something: a tool, or the network
   70  a bug in mirage
   73  a file cannot be written
   76  the application, or the generated code, does not compile
   99  the machine, or its processor, cannot run the unikernel (`mirage run -t kvm`)
  101  the unikernel panicked (`mirage run`)
  102  the unikernel's memory was used up (`mirage run -t kvm`)
  103  the unikernel met an exception of the processor that is none of these (`mirage run -t kvm`)
  104  the unikernel touched the page at address 0 (`mirage run -t kvm`)
  105  the unikernel's stack overflowed (`mirage run -t kvm`)
  106  the unikernel wrote to memory that is only read (`mirage run -t kvm`)
  107  the unikernel executed memory that is no code (`mirage run -t kvm`)
  108  the unikernel executed an instruction that it may not (`mirage run -t kvm`)
  109  the unikernel touched the shim's memory (`mirage run -t kvm`)
  110  the shim below the unikernel failed (`mirage run -t kvm`)
  130  interrupted: by Ctrl-C, SIGTERM or a terminal that is closed";

/// Build unikernels: one application, run as a unix process or as an image for KVM and Xen.
///
/// A project is a cargo package with a config.rs that says which devices its application gets.
#[derive(Debug, Parser)]
#[command(name = "mirage", version, styles = STYLES, after_help = EXITS, disable_help_subcommand = false)]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What goes with every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// What goes with every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Say what would be done, and do nothing
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Say only what goes wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say also what is found out on the way
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colour what is said
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub color: Color,
    /// How results and errors are written
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Has everything that is written from here on follow this.
    pub fn choose(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new project
    #[command(after_help = "Examples:\n  mirage new hello\n  mirage new blog --template http\n  mirage new --list")]
    New {
        /// The project's name, and the folder it is made in
        #[arg(required_unless_present = "list")]
        name: Option<String>,
        /// What it begins as
        #[arg(long, value_name = "TEMPLATE", default_value = "hello")]
        template: String,
        /// List the templates
        #[arg(long)]
        list: bool,
        /// Take the runtime's crates from this checkout of Mirage
        #[arg(long, value_name = "FOLDER", env = "MIRAGE_RUNTIME", hide_env_values = true)]
        runtime: Option<Utf8PathBuf>,
    },
    /// Evaluate config.rs for a target, and write the plumbing
    #[command(
        after_help = "Examples:\n  mirage configure -t unix\n  mirage configure app/config.rs --unix --net socket"
    )]
    Configure {
        /// What is configured.
        #[command(flatten)]
        subject: Subject,
    },
    /// Fetch every crate, so that nothing later needs the network
    #[command(after_help = "Examples:\n  mirage depend\n  mirage depend && mirage build --offline")]
    Depend {
        /// What is fetched for.
        #[command(flatten)]
        subject: Subject,
    },
    /// Build the image, configuring first if that is needed
    #[command(
        after_help = "Examples:\n  mirage build\n  mirage build examples/knocking -t unix\n  mirage build --debug"
    )]
    Build {
        /// What is built.
        #[command(flatten)]
        subject: Subject,
        /// How it is built.
        #[command(flatten)]
        profile: Profile,
    },
    /// Run the image, building it first if that is needed
    #[command(
        after_help = "Examples:\n  mirage run\n  mirage run -- --http-port 8080 --logs debug\n  mirage run examples/knocking -- --help\n  sudo mirage run --net direct --netns lab --pcap seen.pcap\n  mirage run -t kvm -p 8080:80\n  mirage run -t kvm --monitor qemu --machine q35 --accel tcg --memory 64M\n  mirage run -t kvm --dry-run\n  mirage run -t xen --lab -p 8080:80"
    )]
    Run {
        /// What is run.
        #[command(flatten)]
        subject: Subject,
        /// How it is built.
        #[command(flatten)]
        profile: Profile,
        /// What its network interfaces are connected to.
        #[command(flatten)]
        network: Network,
        /// Arguments of the unikernel
        #[arg(last = true, value_name = "ARGS")]
        arguments: Vec<OsString>,
        /// The machine it runs in.
        #[command(flatten)]
        machine: Machine,
    },
    /// Show the devices, the keys and their values
    #[command(
        after_help = "Examples:\n  mirage describe\n  mirage describe --net direct\n  mirage describe --svg > devices.svg"
    )]
    Describe {
        /// What is shown.
        #[command(flatten)]
        subject: Subject,
        /// As a graph for Graphviz
        #[arg(long, group = "form")]
        dot: bool,
        /// As a picture
        #[arg(long, group = "form")]
        svg: bool,
        /// As JSON
        #[arg(long, group = "form")]
        json: bool,
    },
    /// Print one fact, for scripts
    #[command(
        after_help = "Examples:\n  mirage query image\n  $(mirage query image) --help\n  mirage query packages examples/http"
    )]
    Query {
        /// The fact
        #[arg(value_enum)]
        fact: Fact,
        /// What is asked about.
        #[command(flatten)]
        subject: Subject,
    },
    /// Remove what was generated
    #[command(after_help = "Examples:\n  mirage clean\n  mirage clean --dry-run")]
    Clean {
        /// What is cleaned.
        #[command(flatten)]
        subject: Subject,
    },
    /// Say what this machine can build and run, and what it lacks
    #[command(after_help = "Examples:\n  mirage doctor\n  mirage doctor -t kvm")]
    Doctor {
        /// Look at one target only.
        #[command(flatten)]
        target: TargetChoice,
    },
    /// Print a shell's completions
    #[command(after_help = "Examples:\n  mirage completions bash > ~/.local/share/bash-completion/completions/mirage")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for every command
    #[command(after_help = "Examples:\n  mirage man | man -l -\n  mirage man --dir ~/.local/share/man/man1")]
    Man {
        /// Write the pages of all commands into this folder
        #[arg(long, value_name = "FOLDER")]
        dir: Option<Utf8PathBuf>,
    },
}

/// The shells that have completions.
pub use clap_complete::Shell;

/// A project, and what is chosen for it.
#[derive(Clone, Debug, Default, Args)]
pub struct Subject {
    /// A project's folder or its config.rs [default: the current folder]
    #[arg(value_name = "CONFIG")]
    pub config: Option<Utf8PathBuf>,
    /// The target.
    #[command(flatten)]
    pub target: TargetChoice,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// Do not change Cargo.lock
    #[arg(long)]
    pub locked: bool,
    /// Let config.rs run this long
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub timeout: Option<Duration>,
}

/// A target, if one is chosen.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetChoice {
    /// What the image runs on
    #[arg(short, long, value_name = "TARGET", group = "where", value_parser = targets())]
    target: Option<String>,
    /// Short for `--target unix`
    #[arg(long, group = "where")]
    unix: bool,
    /// Short for `--target kvm`
    #[arg(long, group = "where")]
    kvm: bool,
    /// Short for `--target xen`
    #[arg(long, group = "where")]
    xen: bool,
}

impl TargetChoice {
    /// The target's name, if one was given.
    pub fn name(&self) -> Option<String> {
        let short = [(self.unix, "unix"), (self.kvm, "kvm"), (self.xen, "xen")];
        let short = short.into_iter().find(|(given, _)| *given).map(|(_, name)| name.to_owned());
        self.target.clone().or(short)
    }
}

/// How an image is built.
#[derive(Clone, Debug, Default, Args)]
pub struct Profile {
    /// Build without optimizations
    #[arg(long, conflicts_with = "profile")]
    debug: bool,
    /// Build with this cargo profile [default: release]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
}

impl Profile {
    /// The profile's name.
    pub fn name(&self) -> String {
        match &self.profile {
            Some(profile) => profile.clone(),
            None if self.debug => "dev".to_owned(),
            None => "release".to_owned(),
        }
    }
}

/// The facts that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fact {
    /// The runtime arguments, a line each
    Arguments,
    /// The devices of the plan, a line each: variable, type, where declared
    Devices,
    /// The whole graph, as JSON
    Graph,
    /// Where the image is, built or not
    Image,
    /// The keys and their values, a line each
    Keys,
    /// The generated main.rs
    Main,
    /// The generated Cargo.toml
    Manifest,
    /// The unikernel's name
    Name,
    /// The crates the generated package needs, a line each: name and version
    Packages,
    /// The whole plan, as JSON
    Plan,
    /// The target
    Target,
    /// The package's version
    Version,
}

fn targets() -> PossibleValuesParser {
    PossibleValuesParser::new(target::ALL.iter().map(|target| PossibleValue::new(target.name).help(target.doc)))
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("a number of seconds from 1 to 86400 is wanted".to_owned()),
    }
}

/// The whole command line, keys excepted.
pub fn command() -> clap::Command {
    Cli::command()
}
