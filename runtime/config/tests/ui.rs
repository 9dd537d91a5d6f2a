//! What rustc says in config.rs, where a user makes a mistake there; one file a mistake.

#[test]
fn every_mistake_in_config_rs_has_its_message() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
