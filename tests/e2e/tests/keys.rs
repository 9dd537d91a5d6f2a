//! Configure keys of a user's own: in the help, on the command line, in what is shown, and remembered.

use mirage_e2e::Project;

const CONFIG: &str = r#"
use mirage_config::prelude::*;

fn main() -> Unikernel {
    let voice = |name, path| -> Impl<mirage::kind::Console> {
        device(name).doc("One of the voices").on(Target::Unix, path).provide()
    };
    let tone = choice("tone", "How it speaks", [("plain", "as it is"), ("loud", "to everybody")]);
    let console = match_impl(tone, [("plain", default_console()), ("loud", voice("loud", "mirage_unix::Stdio"))]);
    let slow = flag("slow", "Take a clock of its own");
    let time = if_impl(slow, default_time(), default_time());
    unikernel("e2e-keys").job(job!(e2e_keys::start(console, time)))
}
"#;

#[test]
fn keys_of_ones_own_are_options_like_any_other() {
    let project = Project::with_config("e2e-keys", CONFIG.trim_start());
    let folder = project.folder().to_str().expect("UTF-8").to_owned();
    let config = format!("{folder}/config.rs");
    for command in ["configure", "build", "run", "describe", "depend", "query"] {
        let fact = if command == "query" { &["keys"][..] } else { &[] };
        let help = project.call(&[&[command], fact, &[&config, "--help"]].concat()).ends_with(0).out;
        for part in
            ["--tone <TONE>", "How it speaks [default: plain]", "- loud:", "to everybody", "--slow", "Take a clock"]
        {
            assert!(help.contains(part), "{part} in the help of {command}:\n{help}");
        }
    }

    project.call(&["configure", "--tone", "lout"]).ends_with(64).says(&["lout", "similar value exists: 'loud'"]);
    project.call(&["configure", "--tne", "loud"]).ends_with(64).says(&["--tne", "similar argument exists: '--tone'"]);
    project
        .call(&["configure", "--zz"])
        .ends_with(64)
        .says(&["--zz", "the keys of this config.rs are `--tone`, `--slow`"]);
    project.call(&["configure", "--slow=yes"]).ends_with(64).says(&["--slow", "yes"]);

    let main = |project: &Project| project.read("mirage/main.rs");
    project.call(&["configure"]).ends_with(0);
    assert!(main(&project).contains("type Console1") && !main(&project).contains("type Loud1"), "{}", main(&project));
    project.call(&["configure", &config, "--tone=loud", "--slow"]).ends_with(0);
    assert!(!main(&project).contains("type Console1") && main(&project).contains("type Loud1"), "{}", main(&project));

    // Everything but `configure` keeps what was chosen, and says where it came from.
    assert_eq!(project.call(&["query", "keys"]).ends_with(0).out, "tone\tloud\nslow\ttrue\n");
    let shown = project.call(&["describe"]).ends_with(0).out;
    for part in ["--slow true (chosen)", "--tone loud (chosen)", "loud: loud1 mirage_unix::Stdio", "plain: console"] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    project.call(&["build", "--quiet"]).ends_with(0);
    assert!(main(&project).contains("type Loud1"));
    project.call(&["build", "--quiet", "--tone", "plain"]).ends_with(0);
    assert!(main(&project).contains("type Console1"));
    assert_eq!(project.call(&["query", "keys"]).ends_with(0).out, "tone\tplain\nslow\ttrue\n");
    project.call(&["configure"]).ends_with(0);
    assert_eq!(project.call(&["query", "keys"]).ends_with(0).out, "tone\tplain\nslow\tfalse\n");
}
