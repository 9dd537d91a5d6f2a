//! What an address in an image stands for, by its debug information.

use std::fs;
use std::sync::Arc;

use addr2line::{Context, demangle_auto};
use camino::Utf8Path;
use gimli::{DwarfSections, EndianArcSlice, LittleEndian, SectionId};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind, SymbolKind};

type Bytes = EndianArcSlice<LittleEndian>;

/// The symbols of an image.
pub struct Symbols {
    lines: Option<Context<Bytes>>,
    /// Where each function begins and how long it is, for what no line is known of.
    functions: Vec<(u64, u64, String)>,
}

impl Symbols {
    /// Those in a file; none if it is no image.
    pub fn load(file: &Utf8Path) -> Option<Self> {
        let bytes = fs::read(file).ok()?;
        let file = object::File::parse(&*bytes).ok()?;
        let section = |id: SectionId| -> Result<Bytes, object::Error> {
            let data = match file.section_by_name(id.name()) {
                Some(section) => section.uncompressed_data()?.into_owned(),
                None => vec![],
            };
            Ok(EndianArcSlice::new(Arc::from(data), LittleEndian))
        };
        let dwarf = DwarfSections::load(section).ok();
        let dwarf = dwarf.map(|sections| sections.borrow(|section| section.clone()));
        let lines = dwarf.and_then(|dwarf| Context::from_dwarf(dwarf).ok());
        // What is written in assembly has no type.
        let code = |index| file.section_by_index(index).is_ok_and(|section| section.kind() == SectionKind::Text);
        let functions = file.symbols().filter(|symbol| {
            let function = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label);
            function && symbol.section_index().is_some_and(code)
        });
        let mut functions: Vec<_> = functions
            .filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?.to_owned())))
            .collect();
        functions.sort_unstable();
        Some(Self { lines, functions })
    }

    /// What is at an address, `function (file:line)`: innermost first, those it is inlined into after it. A return
    /// address stands for the call before it.
    pub fn places(&self, address: u64, returns: bool) -> Vec<String> {
        let probe = if returns { address.saturating_sub(1) } else { address };
        let places = self.by_lines(probe);
        if places.is_empty() { self.function(probe).into_iter().collect() } else { places }
    }

    fn by_lines(&self, address: u64) -> Vec<String> {
        let Some(lines) = &self.lines else { return vec![] };
        let Ok(mut frames) = lines.find_frames(address).skip_all_loads() else { return vec![] };
        let mut places = vec![];
        // Debug information that is not as it should be ends here.
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref().and_then(|name| Some(name.demangle().ok()?.into_owned()));
            let location = frame.location.as_ref().and_then(|location| Some((location.file?, location.line?)));
            let location = location.map(|(file, line)| format!(" ({}:{line})", shortened(file))).unwrap_or_default();
            places.push((name.map(|name| without_parameters(&name).to_owned()), location));
        }
        // A symbol says which module its function is in; debug information without types does not.
        if let (Some((name, _)), Some(symbol)) = (places.last_mut(), self.function(address)) {
            *name = Some(symbol);
        }
        places.into_iter().filter_map(|(name, location)| Some(name? + &location)).collect()
    }

    /// The function around an address.
    fn function(&self, address: u64) -> Option<String> {
        let after = self.functions.partition_point(|(start, ..)| *start <= address);
        let (start, size, name) = self.functions.get(after.checked_sub(1)?)?;
        // Without a size it goes on to the next one.
        let size = if *size > 0 { *size } else { self.functions.get(after).map_or(1, |(next, ..)| next - start) };
        (address - start < size).then(|| demangle_auto(name.into(), None).into_owned())
    }
}

/// A function's name without its type parameters, which are longer than a line.
fn without_parameters(name: &str) -> &str {
    match name.find('<') {
        Some(0) | None => name,
        Some(end) => name.get(..end).unwrap_or(name),
    }
}

/// A file's name without what helps nobody find it: the standard library's commit (`/rustc/HASH/`), and the crate that
/// it was compiled into.
fn shortened(file: &str) -> &str {
    if let Some((_, rest)) = file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/')) {
        return rest;
    }
    match file.split_once('/') {
        Some((_, rest)) if rest.starts_with("crates/") => rest,
        Some(("main", rest)) if rest.contains('/') => rest,
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_program_is_found() {
        let this = std::env::current_exe().expect("this test is a file");
        let symbols = Symbols::load(Utf8Path::from_path(&this).expect("text")).expect("symbols");
        let &(start, ..) = symbols
            .functions
            .iter()
            .find(|(_, _, name)| name.contains("an_address_of_this_program_is_found"))
            .expect("this");
        let places = symbols.places(start, false);
        let place = places.last().map(String::as_str).unwrap_or_default();
        assert!(place.contains("an_address_of_this_program_is_found") && place.contains("symbols.rs:"), "{places:?}");
        assert!(symbols.places(u64::MAX, true).is_empty());
        let named = Symbols { lines: None, ..symbols };
        assert!(named.places(start, false)[0].contains("an_address_of_this_program_is_found"));
    }

    #[test]
    fn what_is_no_image_has_no_symbols() {
        assert!(Symbols::load(Utf8Path::new("/dev/null")).is_none());
        assert!(Symbols::load(Utf8Path::new("/nowhere")).is_none());
    }

    #[test]
    fn names_are_short() {
        assert_eq!(without_parameters("run<core::ops::Range<usize>, ()>"), "run");
        assert_eq!(without_parameters("<T as Into<U>>::into"), "<T as Into<U>>::into");
        assert_eq!(without_parameters("{async_fn#0}"), "{async_fn#0}");
        for (long, short) in [
            ("main/hello/unikernel.rs", "hello/unikernel.rs"),
            ("main/main.rs", "main/main.rs"),
            ("mirage-pvh/crates/async-task-4.7.1/src/raw.rs", "crates/async-task-4.7.1/src/raw.rs"),
            ("mirage-pvh/src/executor.rs", "mirage-pvh/src/executor.rs"),
        ] {
            assert_eq!(shortened(long), short);
        }
        assert_eq!(shortened("/rustc/0123abcd/library/core/src/panicking.rs"), "library/core/src/panicking.rs");
    }
}
