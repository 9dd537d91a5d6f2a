//! The lab itself: a real Xen that runs domains, tells how they end, and is left as it was. What they run is the smallest
//! guest there is, none of Mirage's.

use mirage_e2e::xen::{Dom0, smallest};

#[test]
fn domains_come_and_go_and_are_told_apart_by_their_ends() {
    let Some(dom0) = Dom0::boot("the lab", &[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let image = |say: &str, end: &str| smallest(folder.path(), say, end);

    let domain = dom0.create("well", &image("hello\nmirage: status 7\n", "-DEND=0"), &[], "vif = [ \"\" ]");
    let death = domain.ended();
    assert_eq!((death.reason, death.status, death.console.as_str()), (Some(0), Some(7), "hello\n"), "{death:?}");

    let death = dom0.create("crash", &image("it is up\n", "-DEND=3"), &[], "").ended();
    assert_eq!((death.reason, death.status, death.console.as_str()), (Some(3), None, "it is up\n"), "{death:?}");

    let death = dom0.create("fault", &image("it is up\n", "-DFAULT"), &[], "").ended();
    // To Xen an exception that nobody takes is a reset.
    assert_eq!((death.reason, death.console.as_str()), (Some(1), "it is up\n"), "{death:?}");
    assert!(dom0.log().contains("Triple fault"), "{}", dom0.log());

    let domain = dom0.create("spins", &image("it is up\n", ""), &[], "");
    domain.wait_for("it is up");
    domain.destroy();
    let death = domain.ended();
    assert_eq!((death.reason, death.console.as_str()), (None, "it is up\n"), "{death:?}");

    assert_eq!(dom0.run("xl list").lines().count(), 2, "a heading and dom0");
    assert_eq!(dom0.run("ls /sys/class/net | grep -c vif; true").trim(), "0");
}

#[test]
fn answers_are_whole_however_many_come_at_once() {
    let Some(dom0) = Dom0::boot("many answers of dom0", &[]) else { return };
    let ask = &|number: usize| {
        let said = dom0.run(&format!("seq {number} 3000"));
        let expected: String = (number..=3000).map(|line| format!("{line}\n")).collect();
        assert!(said == expected, "{number}: {} bytes for {}", said.len(), expected.len());
    };
    std::thread::scope(|scope| (0..24).for_each(|number| _ = scope.spawn(move || ask(number))));
}

#[test]
fn what_is_written_for_xl_is_what_xl_reads() {
    let Some(dom0) = Dom0::boot("what xl reads", &[]) else { return };
    let words = ["two  words", "\"quoted\" \\ and 'not'", "--x=#{[=;", "grüße"].map(str::to_owned);
    let domain = mirage_cli::image::xl::Domain {
        name: "read".into(),
        kernel: "read.xen".into(),
        memory: mirage_cli::run::machine::Memory::DEFAULT,
        cards: vec![Default::default(); 2],
        arguments: words.to_vec(),
        says_status: false,
    };
    dom0.put("/lab/images/read.xl", domain.page().as_bytes());
    // xl says what it has read, and creates nothing.
    let said = dom0.run("xl -N create /lab/images/read.xl 2>/dev/null");
    let json: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let line = json["b_info"]["cmdline"].as_str().unwrap_or_else(|| panic!("{said}"));
    assert_eq!(
        mirage::args::words(line).expect("words"),
        ["--"].iter().map(|word| (*word).to_owned()).chain(words).collect::<Vec<_>>()
    );
    assert_eq!(json["nics"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!(json["c_info"]["type"], "pvh", "{said}");
}
