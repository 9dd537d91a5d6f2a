//! The generated main.rs: the only place where an application, device libraries and a platform meet.

use super::layout::{Expr, assign, comment, literal, statement};
use crate::graph::Location;
use crate::plan::{Device, Make, Plan};
use crate::target::Platform;

/// The text of main.rs.
pub fn main_rs(plan: &Plan, platform: &Platform) -> String {
    let mut text = header(plan, platform);
    text += &imports(plan, platform);
    text += &aliases(plan);
    text += &arguments(plan);
    text += &start(plan);
    let (library, name) = (platform.library, &plan.name);
    text + &format!("\n{library}::main!({name:?}, ARGUMENTS, start);\n")
}

fn header(plan: &Plan, platform: &Platform) -> String {
    let Plan { name, about, target, .. } = plan;
    let what = match about.trim_end_matches('.') {
        "" => format!("{name} for {target}."),
        about => format!("{name} for {target}: {about}."),
    };
    let mut command = format!("mirage configure --target {target}");
    for setting in plan.keys.iter().filter(|setting| setting.source == crate::plan::Source::Option) {
        command += &match setting.value.as_str() {
            "true" => format!(" --{}", setting.key),
            value => format!(" --{} {value}", setting.key),
        };
    }
    let made = format!(
        "Written by `{command}` from config.rs, which says what is plumbed here and why; \
         a change made in this file is set aside the next time."
    );
    let mut text = comment(&what) + "//\n" + &comment(&made);
    if !platform.attributes.is_empty() {
        text += "\n";
        platform.attributes.iter().for_each(|attribute| text += &format!("{attribute}\n"));
    }
    text
}

fn imports(plan: &Plan, platform: &Platform) -> String {
    let has_arguments = plan.devices.iter().any(|device| arguments_type(device).is_some());
    let mut plumbing = vec!["Failure"];
    let connects = plan.devices.iter().any(|device| matches!(device.make, Make::Connect { .. }));
    plumbing.extend(has_arguments.then_some("arguments"));
    plumbing.extend((plan.jobs.len() > 1).then_some("both"));
    plumbing.extend(connects.then_some("device"));
    plumbing.extend((!plan.jobs.is_empty()).then_some("job"));
    let plumbing = match plumbing.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("{{{}}}", several.join(", ")),
    };
    let library = platform.library;
    format!("\nuse mirage::args::{{Boot, Group}};\nuse mirage::plumbing::{plumbing};\nuse {library}::Platform;\n")
}

fn aliases(plan: &Plan) -> String {
    let alias = |device: &Device, over: &[usize]| {
        let over = over.iter().map(|&index| Expr::text(&plan.devices[index].alias)).collect();
        assign(0, &format!("type {}", device.alias), &Expr::applied(&device.path, over))
    };
    let (mut devices, mut arguments) = (String::new(), String::new());
    for device in &plan.devices {
        match &device.make {
            Make::Connect { over, arguments: own, .. } => {
                devices += &alias(device, over);
                if let Some(own) = own {
                    arguments += &assign(0, &format!("type {}Args", device.alias), &Expr::text(&own.path));
                }
            }
            Make::Arguments(_) => arguments += &alias(device, &[]),
        }
    }
    let titled = |title: String, text: String| if text.is_empty() { text } else { format!("\n{title}{text}") };
    let on = format!("The devices: what each is on {}, applied to the devices it stands on.", plan.target);
    titled(comment(&on), devices) + &titled(comment("What is read from the command line."), arguments)
}

fn arguments(plan: &Plan) -> String {
    let group = |type_: &str, of: &str| Expr::call(format!("Group::new::<{type_}>"), vec![literal(of)]);
    let mut groups = vec![Expr::text("Group::new::<Boot>(Platform::BOOT)")];
    for device in &plan.devices {
        let Some((type_, of)) = arguments_type(device) else { continue };
        let group = group(&type_, of);
        groups.push(match prefix(device) {
            "" => group,
            prefix => Expr::text(format!("Group::new::<{type_}>({of:?}).prefixed({prefix:?})")),
        });
    }
    let doc = "\n/// Every argument there is at boot, besides `--help`.\n";
    doc.to_owned() + &assign(0, "const ARGUMENTS: &[Group]", &Expr::array(groups))
}

/// The name of the type a device's arguments are read into, and whose they are said to be.
fn arguments_type(device: &Device) -> Option<(String, &str)> {
    match &device.make {
        Make::Arguments(_) => Some((device.alias.clone(), &device.path)),
        Make::Connect { arguments: Some(_), .. } => Some((format!("{}Args", device.alias), &device.variable)),
        Make::Connect { arguments: None, .. } => None,
    }
}

fn prefix(device: &Device) -> &str {
    match &device.make {
        Make::Connect { arguments: Some(arguments), .. } => &arguments.prefix,
        _ => "",
    }
}

fn start(plan: &Plan) -> String {
    let mut uses = Uses::of(plan);
    let mut read = String::new();
    let mut connect = String::new();
    for (index, device) in plan.devices.iter().enumerate() {
        if let Some((type_, of)) = arguments_type(device) {
            let matches = Expr::call("platform.arguments", vec![literal(of)]);
            let call = Expr::call(format!("arguments::<{type_}>"), vec![place(&device.declared), matches]).then("?");
            let variable = match device.make {
                Make::Arguments(_) => device.variable.clone(),
                Make::Connect { .. } => format!("{}_args", device.variable),
            };
            read += &assign(4, &format!("let {variable}"), &call);
        }
        if let Make::Connect { platform, over, arguments, .. } = &device.make {
            let mut given: Vec<Expr> = platform.then(|| Expr::text("&platform")).into_iter().collect();
            given.extend(over.iter().map(|&index| uses.take(plan, index)));
            given.extend(arguments.as_ref().map(|_| Expr::text(format!("{}_args", device.variable))));
            let call = Expr::call(format!("{}::connect", device.alias), given).then(".await");
            let call = Expr::call("device", vec![literal(&device.variable), place(&device.declared), call]);
            // A device nobody is given is there for what connecting it does, as the logger is.
            let mark = if uses.left[index] == 0 { "_" } else { "" };
            connect += &assign(4, &format!("let {mark}{}", device.variable), &call.then("?"));
        }
    }
    let doc =
        "/// Reads the arguments, connects the devices, each after those it stands on, and runs what they are for.\n";
    let sections = [read, connect, jobs(plan, &mut uses)];
    let body = sections.iter().filter(|section| !section.is_empty()).cloned().collect::<Vec<_>>().join("\n");
    let platform = if body.contains("platform") { "platform" } else { "_platform" };
    format!("\n{doc}async fn start({platform}: Platform) -> Result<(), Failure> {{\n{body}}}\n")
}

fn jobs(plan: &Plan, uses: &mut Uses) -> String {
    let calls = plan.jobs.iter().map(|job| {
        let given = job.devices.iter().map(|&index| uses.take(plan, index)).collect();
        Expr::call("job", vec![literal(&job.path), place(&job.declared), Expr::call(&job.path, given)])
    });
    let mut calls: Vec<Expr> = calls.collect();
    match calls.len() {
        0 => "    Ok(())\n".into(),
        1 => statement(4, &calls.remove(0).then(".await"), ""),
        count => {
            let lets = calls.iter().enumerate().map(|(index, call)| assign(4, &format!("let job{}", index + 1), call));
            let last = Expr::text(format!("job{count}"));
            let all = (1..count)
                .rev()
                .fold(last, |right, index| Expr::call("both", vec![Expr::text(format!("job{index}")), right]));
            lets.collect::<String>() + &statement(4, &all.then(".await"), "")
        }
    }
}

fn place(at: &Location) -> Expr {
    literal(&format!("{}:{}", at.file, at.line))
}

/// How often each device is still to be handed on: it is cloned but for the last time.
struct Uses {
    left: Vec<usize>,
}

impl Uses {
    fn of(plan: &Plan) -> Self {
        let mut left = vec![0; plan.devices.len()];
        for device in &plan.devices {
            if let Make::Connect { over, .. } = &device.make {
                over.iter().for_each(|&index| left[index] += 1);
            }
        }
        plan.jobs.iter().flat_map(|job| &job.devices).for_each(|&index| left[index] += 1);
        Self { left }
    }

    fn take(&mut self, plan: &Plan, index: usize) -> Expr {
        self.left[index] -= 1;
        let variable = &plan.devices[index].variable;
        if self.left[index] == 0 { Expr::text(variable) } else { Expr::text(format!("{variable}.clone()")) }
    }
}
