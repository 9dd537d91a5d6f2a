//! An executable without what only a debugger reads.

use object::LittleEndian;
use object::build::elf::Builder;
use object::elf::{self, FileHeader64, ProgramHeader64};
use object::pod::{bytes_of, bytes_of_slice};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

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

/// What the parts of an image begin at multiples of, in its file: what is copied faster so.
const ALIGN: usize = 16;

/// The image of a machine, out of an executable for one: its segments one behind the other, and nothing else. Who loads
/// it copies them, and looks at no section.
///
/// # Errors
/// When it is no ELF file of 64 bits, or a segment lies outside it.
pub fn segments(whole: &[u8]) -> Result<Vec<u8>, String> {
    let (endian, no_elf) = (LittleEndian, |error: object::read::Error| error.to_string());
    let mut header = *FileHeader64::<LittleEndian>::parse(whole).map_err(no_elf)?;
    let segments = header.program_headers(endian, whole).map_err(no_elf)?;
    let place = |segment: &ProgramHeader64<LittleEndian>| {
        let from = segment.p_offset(endian);
        (from, from.saturating_add(segment.p_filesz(endian)))
    };

    // Where each part that is loaded goes; what is not lies within one, as a note does.
    let (mut moved, mut end) = (vec![], size_of_val(&header) + size_of_val(segments));
    for segment in segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD) {
        let bytes = segment.data(endian, whole).map_err(|()| "a segment lies outside the file")?;
        end = end.next_multiple_of(ALIGN);
        moved.push((place(segment), end, bytes));
        end += bytes.len();
    }
    let mut packed = segments.to_vec();
    for segment in &mut packed {
        let (from, to) = place(segment);
        let around = moved.iter().find(|((first, last), ..)| *first <= from && to <= *last);
        let &((first, _), at, _) = around.ok_or("there is something outside what is loaded")?;
        segment.p_offset.set(endian, at as u64 + (from - first));
        segment.p_align.set(endian, segment.p_align(endian).min(ALIGN as u64));
    }

    header.e_phoff.set(endian, size_of_val(&header) as u64);
    header.e_shoff.set(endian, 0);
    header.e_shentsize.set(endian, 0);
    header.e_shnum.set(endian, 0);
    header.e_shstrndx.set(endian, Default::default());
    let mut image = [bytes_of(&header), bytes_of_slice(&packed)].concat();
    for (_, at, bytes) in moved {
        image.resize(at, 0);
        image.extend_from_slice(bytes);
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_is_the_same_and_there_is_nothing_else() {
        let file = std::env::current_exe().expect("this test is a file");
        let whole = std::fs::read(file).expect("it can be read");
        let image = segments(&whole).expect("it is an executable");
        let endian = LittleEndian;
        let parts = |file: &[u8]| -> Vec<(elf::ProgramType, u64, Vec<u8>)> {
            let header = FileHeader64::<LittleEndian>::parse(file).expect("a header");
            let segments = header.program_headers(endian, file).expect("a table");
            let part = |segment: &ProgramHeader64<LittleEndian>| {
                let bytes = segment.data(endian, file).expect("within the file").to_vec();
                (segment.p_type(endian), segment.p_vaddr(endian), bytes)
            };
            segments.iter().map(part).collect()
        };
        assert!(parts(&image) == parts(&whole), "a segment is another");
        let loaded: usize =
            parts(&whole).iter().filter(|(kind, ..)| *kind == elf::PT_LOAD).map(|(_, _, bytes)| bytes.len()).sum();
        assert!(image.len() < loaded + 2000, "{} bytes of {loaded}", image.len());
        let header = FileHeader64::<LittleEndian>::parse(&*image).expect("a header");
        assert!(header.sections(endian, &*image).expect("no table").is_empty());
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        let whole = std::fs::read(std::env::current_exe().expect("this test is a file")).expect("it can be read");
        for length in [0, 10, 64, 200, 4096] {
            assert!(segments(&whole[..length]).is_err(), "{length}");
        }
        assert!(segments(&[0x7f; 1000]).is_err());
    }
}
