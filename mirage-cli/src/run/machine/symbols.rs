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
            let function = frame.function.as_ref().and_then(|name| Some(name.demangle().ok()?.into_owned()));
            let outermost = function.is_none().then(|| self.function(address)).flatten();
            let function = function.or(outermost).unwrap_or_else(|| "?".to_owned());
            let location = frame.location.as_ref().and_then(|location| Some((location.file?, location.line?)));
            places.push(match location {
                Some((file, line)) => format!("{function} ({}:{line})", shortened(file)),
                None => function,
            });
        }
        places.retain(|place| place != "?");
        places
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

/// A file's name without what is the same for all of the standard library: `/rustc/HASH/`.
fn shortened(file: &str) -> &str {
    let standard = file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/'));
    standard.map_or(file, |(_, rest)| rest)
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
    fn the_standard_librarys_files_are_short() {
        assert_eq!(shortened("/rustc/0123abcd/library/core/src/panicking.rs"), "library/core/src/panicking.rs");
        assert_eq!(shortened("src/unikernel.rs"), "src/unikernel.rs");
    }
}
