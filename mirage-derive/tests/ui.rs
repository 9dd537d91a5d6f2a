//! One file a mistake, named after it, with what the user is told; and the shapes that have to work.

#[test]
fn every_mistake_has_its_message_and_every_shape_works() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*/*.rs");
    cases.pass("tests/shapes/*.rs");
}
