//! Frames kept for Wireshark, in the classic pcap format with nanoseconds.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use mirage::WallClock as _;
use mirage::time::Timestamp;

use crate::{Clock, WallClock};

/// Where every failing test leaves its captures.
const FOLDER: &str = "MIRAGE_TEST_PCAP";
/// What a capture keeps at most, in bytes; the oldest frames go first.
const MOST: usize = 32 << 20;

/// All captures of a world.
#[derive(Clone)]
pub struct Captures(Rc<Inner>);

struct Inner {
    test: &'static str,
    folder: Option<PathBuf>,
    all: RefCell<Vec<Capture>>,
}

/// The frames seen at one place. All clones are one capture.
#[derive(Clone)]
pub struct Capture(Rc<Frames>);

struct Frames {
    name: String,
    clock: WallClock,
    /// Where they go in any case, because the test asked for it.
    wanted: RefCell<Option<PathBuf>>,
    kept: RefCell<VecDeque<(Timestamp, Vec<u8>)>>,
    bytes: Cell<usize>,
    on: Cell<bool>,
}

impl Captures {
    pub fn new(test: &'static str) -> Self {
        let folder = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        Self(Rc::new(Inner { test, folder, all: RefCell::default() }))
    }

    /// A capture at a place of this name.
    pub fn add(&self, name: String, clock: &Clock) -> Capture {
        let capture = Capture(Rc::new(Frames {
            name,
            clock: WallClock(clock.clone()),
            wanted: RefCell::default(),
            kept: RefCell::default(),
            bytes: Cell::default(),
            on: Cell::new(self.0.folder.is_some()),
        }));
        self.0.all.borrow_mut().push(capture.clone());
        capture
    }

    /// Writes what is wanted, and everything into the folder if there is one and the test failed; says on standard
    /// error where to find it.
    pub fn write(&self, failed: bool) {
        for capture in self.0.all.borrow().iter() {
            if let Some(path) = &*capture.0.wanted.borrow() {
                capture.report(path, failed);
            }
            if let Some(folder) = self.0.folder.as_ref().filter(|_| failed && !capture.0.kept.borrow().is_empty()) {
                let name = format!("{}.{}.pcap", self.0.test.replace("::", "."), capture.0.name);
                capture.report(&folder.join(name), failed);
            }
        }
    }
}

impl Capture {
    /// Keeps frames from now on, and writes them to `path` in the end.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn to(&self, path: &Path) {
        // Tried at once: said where it was asked for.
        self.save(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.0.wanted.replace(Some(path.to_owned()));
        self.0.on.set(true);
    }

    /// Keeps a frame, if anybody wants it.
    pub fn record(&self, frame: &[u8]) {
        if !self.0.on.get() {
            return;
        }
        let mut kept = self.0.kept.borrow_mut();
        kept.push_back((self.0.clock.now(), frame.to_vec()));
        self.0.bytes.update(|bytes| bytes + frame.len());
        while self.0.bytes.get() > MOST {
            let Some((_, oldest)) = kept.pop_front() else { break };
            self.0.bytes.update(|bytes| bytes - oldest.len());
        }
    }

    fn report(&self, path: &Path, failed: bool) {
        match self.save(path) {
            Ok(()) if failed => eprintln!("the frames of {} are in {}", self.0.name, path.display()),
            Ok(()) => {}
            Err(error) => eprintln!("the frames of {} cannot be kept: {}: {error}", self.0.name, path.display()),
        }
    }

    fn save(&self, path: &Path) -> io::Result<()> {
        /// The longest record a reader is to expect: a frame of the largest packet.
        const LONGEST: u32 = 65_535 + 14;
        const ETHERNET: u32 = 1;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&0xa1b2_3c4d_u32.to_le_bytes())?;
        file.write_all(&[2, 0, 4, 0])?; // version 2.4
        for field in [0, 0, LONGEST, ETHERNET] {
            file.write_all(&u32::to_le_bytes(field))?;
        }
        for (Timestamp(at), frame) in self.0.kept.borrow().iter() {
            let at: Duration = *at;
            let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
            for field in [u32::try_from(at.as_secs()).unwrap_or(u32::MAX), at.subsec_nanos(), length, length] {
                file.write_all(&field.to_le_bytes())?;
            }
            file.write_all(frame)?;
        }
        file.flush()
    }
}
