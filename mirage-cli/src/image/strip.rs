//! An executable without what only a debugger reads.

use object::build::elf::Builder;
use object::elf;

/// The executable without its symbols and debug sections; what is loaded stays, where it was.
///
/// # Errors
/// When it is no ELF file.
pub fn strip(whole: &[u8]) -> Result<Vec<u8>, object::build::Error> {
    let mut file = Builder::read(whole)?;
    for section in &mut file.sections {
        let is_names = section.sh_type == elf::SHT_STRTAB && section.name.as_slice() == b".shstrtab";
        section.delete = !section.is_alloc() && !is_names;
    }
    file.symbols.iter_mut().for_each(|symbol| symbol.delete = true);
    file.delete_orphans();
    file.set_section_sizes();
    let mut stripped = Vec::new();
    file.write(&mut stripped)?;
    Ok(stripped)
}
