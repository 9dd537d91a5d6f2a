//! The image of a machine, out of an executable for one: what is loaded, and nothing else.

use object::LittleEndian;
use object::elf::{self, FileHeader64, ProgramHeader64};
use object::pod::{bytes_of, bytes_of_slice};
use object::read::elf::{FileHeader as _, ProgramHeader as _};

/// The byte order of every machine there is a target for.
pub const ENDIAN: LittleEndian = LittleEndian;

/// What the parts of an image begin at multiples of, in its file: what is copied faster so.
const ALIGN: usize = 16;

/// The parts of an executable.
pub struct Segments {
    header: FileHeader64<LittleEndian>,
    /// Each as its header says, and what of it is in the file.
    pub all: Vec<(ProgramHeader64<LittleEndian>, Vec<u8>)>,
}

impl Segments {
    /// Those of an ELF file.
    ///
    /// # Errors
    /// When it is no ELF file of 64 bits, or a segment lies outside it.
    pub fn of(whole: &[u8]) -> Result<Self, String> {
        let no_elf = |error: object::read::Error| error.to_string();
        let header = *FileHeader64::<LittleEndian>::parse(whole).map_err(no_elf)?;
        let segment = |segment: &ProgramHeader64<LittleEndian>| {
            let bytes = segment.data(ENDIAN, whole).map_err(|()| "a segment lies outside the file")?;
            Ok((*segment, bytes.to_vec()))
        };
        let all = header.program_headers(ENDIAN, whole).map_err(no_elf)?.iter().map(segment);
        Ok(Self { header, all: all.collect::<Result<_, String>>()? })
    }

    /// The file: the segments one behind the other, and nothing else. Who loads it copies them, and looks at no section.
    ///
    /// # Errors
    /// When one that is not loaded lies outside those that are.
    pub fn file(&self) -> Result<Vec<u8>, String> {
        let mut headers: Vec<_> = self.all.iter().map(|(header, _)| *header).collect();
        let is_loaded = |header: &ProgramHeader64<LittleEndian>| header.p_type(ENDIAN) == elf::PT_LOAD;
        let mut end = size_of_val(&self.header) + size_of_val(&*headers);
        for header in headers.iter_mut().filter(|header| is_loaded(header)) {
            end = end.next_multiple_of(ALIGN);
            header.p_offset.set(ENDIAN, end as u64);
            end += header.p_filesz(ENDIAN) as usize;
        }
        // What is not loaded by itself lies within what is, as a note does.
        let loaded: Vec<_> = headers.iter().copied().filter(|header| is_loaded(header)).collect();
        for header in &mut headers {
            let (from, to) = place(header);
            let around = loaded.iter().find(|there| place(there).0 <= from && to <= place(there).1);
            let around = around.ok_or("there is something outside what is loaded")?;
            header.p_offset.set(ENDIAN, around.p_offset(ENDIAN) + (from - place(around).0));
            header.p_align.set(ENDIAN, header.p_align(ENDIAN).min(ALIGN as u64));
        }

        let mut header = self.header;
        header.e_phoff.set(ENDIAN, size_of_val(&header) as u64);
        header.e_phnum.set(ENDIAN, headers.len() as u16);
        header.e_shoff.set(ENDIAN, 0);
        header.e_shentsize.set(ENDIAN, 0);
        header.e_shnum.set(ENDIAN, 0);
        header.e_shstrndx.set(ENDIAN, Default::default());
        let mut image = [bytes_of(&header), bytes_of_slice(&headers)].concat();
        for (_, bytes) in self.all.iter().filter(|(header, _)| is_loaded(header)) {
            image.resize(image.len().next_multiple_of(ALIGN), 0);
            image.extend_from_slice(bytes);
        }
        Ok(image)
    }
}

/// The addresses of what is in the file.
pub fn place(header: &ProgramHeader64<LittleEndian>) -> (u64, u64) {
    let from = header.p_vaddr(ENDIAN);
    (from, from.saturating_add(header.p_filesz(ENDIAN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_is_the_same_and_there_is_nothing_else() {
        let file = std::env::current_exe().expect("this test is a file");
        let whole = std::fs::read(file).expect("it can be read");
        let image = Segments::of(&whole).and_then(|parts| parts.file()).expect("it is an executable");
        let parts = |file: &[u8]| -> Vec<(elf::ProgramType, u64, Vec<u8>)> {
            let header = FileHeader64::<LittleEndian>::parse(file).expect("a header");
            let segments = header.program_headers(ENDIAN, file).expect("a table");
            let part = |segment: &ProgramHeader64<LittleEndian>| {
                let bytes = segment.data(ENDIAN, file).expect("within the file").to_vec();
                (segment.p_type(ENDIAN), segment.p_vaddr(ENDIAN), bytes)
            };
            segments.iter().map(part).collect()
        };
        assert!(parts(&image) == parts(&whole), "a segment is another");
        let loaded: usize =
            parts(&whole).iter().filter(|(kind, ..)| *kind == elf::PT_LOAD).map(|(_, _, bytes)| bytes.len()).sum();
        assert!(image.len() < loaded + 2000, "{} bytes of {loaded}", image.len());
        let header = FileHeader64::<LittleEndian>::parse(&*image).expect("a header");
        assert!(header.sections(ENDIAN, &*image).expect("no table").is_empty());
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        let whole = std::fs::read(std::env::current_exe().expect("this test is a file")).expect("it can be read");
        for length in [0, 10, 64, 200, 4096] {
            assert!(Segments::of(&whole[..length]).is_err(), "{length}");
        }
        assert!(Segments::of(&[0x7f; 1000]).is_err());
    }
}
