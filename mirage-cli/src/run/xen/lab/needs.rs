//! What programs and kernel modules need besides themselves, as they say it.

use object::read::elf::{ElfFile64, FileHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, elf};

/// The libraries a program or a library is linked to, by their names.
pub fn libraries(bytes: &[u8]) -> Vec<String> {
    let read = || -> Result<Vec<String>, object::Error> {
        let header = elf::FileHeader64::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, bytes)?;
        let Some((entries, names)) = sections.dynamic(endian, bytes)? else { return Ok(vec![]) };
        let strings = sections.strings(endian, bytes, names)?;
        let needed = entries.iter().filter(|entry| entry.d_tag.get(endian) == elf::DT_NEEDED);
        let name = |offset: u64| strings.get(u32::try_from(offset).ok()?).ok();
        let needed = needed.filter_map(|entry| name(entry.d_val.get(endian)));
        Ok(needed.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    };
    // What is no such file is a script, which needs none.
    read().unwrap_or_default()
}

/// The modules a kernel module builds on, by their names.
pub fn modules(bytes: &[u8]) -> Vec<String> {
    let read = || -> Result<Vec<String>, object::Error> {
        let file = ElfFile64::<Endianness>::parse(bytes)?;
        let Some(section) = file.section_by_name(".modinfo") else { return Ok(vec![]) };
        let text = String::from_utf8_lossy(section.data()?).into_owned();
        let depends = text.split('\0').find_map(|entry| entry.strip_prefix("depends=")).unwrap_or_default();
        Ok(depends.split(',').filter(|name| !name.is_empty()).map(module).collect())
    };
    read().unwrap_or_default()
}

/// A module's name, which is written in two ways.
pub fn module(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_needs_the_c_library_and_others_need_nothing() {
        let this = std::fs::read(std::env::current_exe().expect("this test is a file")).expect("it can be read");
        assert!(libraries(&this).iter().any(|name| name.starts_with("libc.so")), "{:?}", libraries(&this));
        assert!(libraries(b"#!/bin/sh\n").is_empty() && libraries(&[]).is_empty());
        assert!(modules(&this).is_empty() && modules(b"").is_empty());
    }
}
