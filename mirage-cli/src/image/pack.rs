//! The image of a machine with everything behind the shim packed, which unpacks it where it was linked (mirage-pvh,
//! `src/shim/unpack.s`). A kernel for the same machines is a packed file for the same reason.

use object::elf;
use object::{Object as _, ObjectSymbol as _};

use super::segments::{ENDIAN, Segments, place};

/// Packs an image that has the executable `whole`'s symbols; as it was, if that makes it no smaller.
///
/// # Errors
/// When the executable has no place to say it in, or is not laid out as mirage-pvh's linker script does.
pub fn pack(whole: &[u8], image: Segments) -> Result<Segments, String> {
    let file = object::File::parse(whole).map_err(|error| error.to_string())?;
    let address = |name: &str| {
        let symbol = file.symbol_by_name(name).ok_or_else(|| format!("there is no symbol `{name}`"))?;
        Ok::<_, String>(symbol.address())
    };
    let (said, from, to) = (address("mirage_packed")?, address("mirage_text_start")?, address("mirage_image_end")?);
    let code = address("mirage_rodata_start")?.saturating_sub(from) as usize;

    let behind = |(header, _): &(elf::ProgramHeader64<_>, Vec<u8>)| place(header).0 >= from;
    let mut memory = vec![];
    for (header, bytes) in image.all.iter().filter(|segment| behind(segment)) {
        let at = (place(header).0 - from) as usize;
        if at < memory.len() || place(header).1 > to {
            return Err("the segments are not one behind the other".into());
        }
        memory.resize(at, 0);
        memory.extend_from_slice(bytes);
    }
    if memory.len() < code {
        return Err("there is nothing behind the instructions".into());
    }
    let block = mirage_pack::pack(&memory, code);
    let loaded: usize = image.all.iter().filter(|segment| behind(segment)).map(|(_, bytes)| bytes.len()).sum();
    let begins = to.saturating_sub(block.bytes.len() as u64);
    if block.bytes.len() >= loaded || begins < from + block.behind as u64 {
        return Ok(image);
    }
    let mut tried = vec![0; (begins - from) as usize];
    tried.extend_from_slice(&block.bytes);
    if mirage_pack::unpack(&mut tried, (begins - from) as usize, code) != Some(memory.len())
        || !tried.starts_with(&memory)
    {
        return Err("what is packed is not unpacked to the same".into());
    }

    let mut packed = image;
    let Some((first, _)) = packed.all.iter().find(|segment| behind(segment)).cloned() else { return Ok(packed) };
    packed.all.retain(|segment| !behind(segment));
    let told = packed.all.iter_mut().find(|(header, _)| place(header).0 <= said && said + 8 <= place(header).1);
    let (header, bytes) = told.ok_or("there is no place to say where the block is")?;
    let at = (said - place(header).0) as usize;
    bytes[at..at + 8].copy_from_slice(&begins.to_le_bytes());
    // What is unpacked has its memory, of which nothing is in the file; and the block is the end of that.
    for (from, to, bytes) in [(from, begins, vec![]), (begins, to, block.bytes)] {
        let mut header = first;
        header.p_flags.set(ENDIAN, elf::PF_R | elf::PF_W);
        header.p_vaddr.set(ENDIAN, from);
        header.p_paddr.set(ENDIAN, from);
        header.p_filesz.set(ENDIAN, bytes.len() as u64);
        header.p_memsz.set(ENDIAN, to - from);
        header.p_align.set(ENDIAN, 1);
        packed.all.push((header, bytes));
    }
    Ok(packed)
}
