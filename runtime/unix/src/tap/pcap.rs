//! Recording frames as a pcap file that tcpdump and Wireshark read: the classic format, in nanoseconds
//! (draft-ietf-opsawg-pcap).
//!
//! Frames stand there as the interface saw them: those with offloads are as large as they went, and their checksums are
//! not filled in.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first word of a file with times in nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
/// The most there is of a frame, in bytes: more than any has.
const SNAP: u32 = 262_144;
const LINKTYPE_ETHERNET: u32 = 1;

/// A file being recorded into. When it cannot be written any more, that is said once and the recording ends.
pub struct Recording {
    name: String,
    file: Option<BufWriter<File>>,
}

impl Recording {
    /// Begins a file anew.
    pub fn create(name: String) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 16, File::create(&name)?);
        begin(&mut file)?;
        file.flush()?;
        Ok(Self { name, file: Some(file) })
    }

    /// Records a frame, given in parts, as of now.
    pub fn frame(&mut self, parts: &[&[u8]]) {
        // A host whose clock stands before 1970 has no date worth telling.
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.write(|file| frame(file, time, parts));
    }

    /// Hands what was recorded to the kernel, so that others can read it.
    pub fn flush(&mut self) {
        self.write(Write::flush);
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        if let Some(Err(error)) = self.file.as_mut().map(write) {
            mirage::log::warn!("`{}` cannot be recorded into any more: {error}", self.name);
            // What is left in the buffer goes as well: it would fail again.
            drop(self.file.take().map(BufWriter::into_parts));
        }
    }
}

fn begin(to: &mut impl Write) -> io::Result<()> {
    to.write_all(&MAGIC.to_ne_bytes())?;
    for version in [2_u16, 4] {
        to.write_all(&version.to_ne_bytes())?;
    }
    for word in [0, 0, SNAP, LINKTYPE_ETHERNET] {
        to.write_all(&word.to_ne_bytes())?;
    }
    Ok(())
}

fn frame(to: &mut impl Write, time: Duration, parts: &[&[u8]]) -> io::Result<()> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    // Seconds wrap in 2106, as the format has it.
    for word in [time.as_secs() as u32, time.subsec_nanos(), length, length] {
        to.write_all(&word.to_ne_bytes())?;
    }
    parts.iter().try_for_each(|part| to.write_all(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_header_of_24_bytes_and_16_a_frame() {
        let mut bytes = vec![];
        begin(&mut bytes).expect("memory");
        frame(&mut bytes, Duration::new(1, 5), &[b"abc", b"", b"de"]).expect("memory");
        let words: Vec<u32> =
            bytes[..40].chunks(4).map(|word| u32::from_ne_bytes(word.try_into().expect("a word"))).collect();
        assert_eq!((words[0], &words[2..], &bytes[40..]), (MAGIC, &[0, 0, SNAP, 1, 1, 5, 5, 5][..], &b"abcde"[..]));
        assert_eq!(bytes[4..8], [2_u16.to_ne_bytes(), 4_u16.to_ne_bytes()].concat());
    }

    #[test]
    fn a_disk_that_is_full_ends_the_recording_and_nothing_else() {
        // /dev/full takes nothing, and says so when the buffer is handed over.
        assert!(Recording::create("/dev/full".to_owned()).is_err());
        let file = Some(BufWriter::new(File::create("/dev/full").expect("every Linux has it")));
        let mut recording = Recording { name: "/dev/full".to_owned(), file };
        recording.frame(&[b"abc"]);
        recording.flush();
        assert!(recording.file.is_none());
        recording.frame(&[b"abc"]);
    }
}
