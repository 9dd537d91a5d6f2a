//! What a machine writes to its console, on its way to standard output: byte for byte and at once, but for two things.
//!
//! At the end of a line `  at 0xADDRESS`, as an image's reports have them, its place in the source is added. And where an
//! image says its exit status on the console, the line that does is kept back: for as long as it may be that line, and as
//! long as more is coming.

use camino::Utf8PathBuf;

use super::symbols::Symbols;

/// The longest line of a report: what is longer is none, and not kept.
const LONGEST: usize = 256;

/// What a line with the exit status begins with.
const STATUS: &[u8] = b"mirage: status ";

/// What an address stands for, outermost last; the flag says whether it is a return address.
pub type Places<'a> = dyn FnMut(u64, bool) -> Vec<String> + 'a;

/// A console.
pub struct Console<'a> {
    places: Box<Places<'a>>,
    /// Whether the exit status is said here.
    tells_status: bool,
    /// What could be a line with the status; its first bytes may have been shown.
    held: Vec<u8>,
    shown: usize,
    /// Whether nothing of this line can be one.
    ordinary: bool,
    /// The status of the line that is held whole.
    status: Option<u8>,
    /// The line as far as it was shown; none if it is no line of a report.
    line: Option<Vec<u8>>,
    /// Where the processor was, in the last report.
    rip: Option<u64>,
}

impl Console<'_> {
    /// The console of an image with these symbols, which are loaded once they are wanted.
    pub fn of_image(tells_status: bool, debug: Utf8PathBuf) -> Self {
        let mut symbols = None;
        let places = move |address, returns| {
            let symbols = symbols.get_or_insert_with(|| Symbols::load(&debug));
            symbols.as_ref().map(|symbols| symbols.places(address, returns)).unwrap_or_default()
        };
        Self::new(tells_status, Box::new(places))
    }
}

impl<'a> Console<'a> {
    /// A console on which images say their status or do not.
    pub fn new(tells_status: bool, places: Box<Places<'a>>) -> Self {
        let (held, line) = (vec![], Some(vec![]));
        Self { places, tells_status, held, shown: 0, ordinary: !tells_status, status: None, line, rip: None }
    }

    /// Takes what came; adds what is to be shown now to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            if self.status.take().is_some() {
                // It was not the last.
                self.release(out);
                self.ordinary = false;
            }
            if self.ordinary {
                self.show(byte, out);
                self.ordinary = byte != b'\n' || !self.tells_status;
                continue;
            }
            self.held.push(byte);
            match reads_as_status(&self.held) {
                Reading::Begun => {}
                Reading::Whole(status) => self.status = Some(status),
                Reading::Other => {
                    self.release(out);
                    self.ordinary = byte != b'\n';
                }
            }
        }
    }

    /// Nothing has come for a while: what is no whole line is shown, for somebody may be waiting for it.
    pub fn pause(&mut self, out: &mut Vec<u8>) {
        if self.status.is_none() {
            self.show_held(out);
        }
    }

    /// Nothing will come any more: the status that was said last.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Option<u8> {
        if self.status.is_none() {
            self.release(out);
        }
        self.status
    }

    /// Whether something is held that [`pause`](Self::pause) would show.
    pub fn holds(&self) -> bool {
        self.status.is_none() && self.shown < self.held.len()
    }

    fn show_held(&mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        held.iter().skip(self.shown).for_each(|&byte| self.show(byte, out));
        (self.shown, self.held) = (held.len(), held);
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        self.show_held(out);
        self.held.clear();
        self.shown = 0;
    }

    fn show(&mut self, byte: u8, out: &mut Vec<u8>) {
        match byte {
            b'\r' | b'\n' => {
                let end: &str = if byte == b'\r' { "\r\n" } else { "\n" };
                if let Some(line) = self.line.take() {
                    self.explain(&line, end, out);
                }
                // What follows a carriage return is on the same line.
                self.line = (byte == b'\n').then(Vec::new);
            }
            _ => match &mut self.line {
                Some(line) if line.len() < LONGEST => line.push(byte),
                line => *line = None,
            },
        }
        out.push(byte);
    }

    /// Adds what an address stands for to the line that ends here.
    fn explain(&mut self, line: &[u8], end: &str, out: &mut Vec<u8>) {
        let Ok(line) = std::str::from_utf8(line) else { return };
        if let Some(rest) = line.strip_prefix("  rip 0x") {
            let digits = rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default();
            self.rip = u64::from_str_radix(digits, 16).ok();
        }
        let Some(digits) = line.strip_prefix("  at 0x") else { return };
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(address) = u64::from_str_radix(digits, 16).ok().filter(|_| hexadecimal) else { return };
        let places = (self.places)(address, self.rip != Some(address));
        for (index, place) in places.iter().enumerate() {
            let text = if index == 0 { format!(" {place}") } else { format!("{end}     inlined into {place}") };
            out.extend_from_slice(text.as_bytes());
        }
    }
}

enum Reading {
    /// It may become one.
    Begun,
    /// It is one.
    Whole(u8),
    /// It is none.
    Other,
}

/// Whether this is a line with the status: `mirage: status 101`, with or without a carriage return.
fn reads_as_status(text: &[u8]) -> Reading {
    let Some(rest) = text.strip_prefix(STATUS) else {
        return if STATUS.starts_with(text) { Reading::Begun } else { Reading::Other };
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, end) = rest.split_at(digits);
    let status = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
    match (end, status) {
        (b"", _) if digits <= 3 => Reading::Begun,
        (b"\r", Some(_)) => Reading::Begun,
        (b"\n" | b"\r\n", Some(status)) => Reading::Whole(status),
        _ => Reading::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of these chunks, each on its own, and the status.
    fn shown(tells_status: bool, chunks: &[&str]) -> (Vec<String>, Option<u8>) {
        let places = |address: u64, returns: bool| match address {
            0x1000 => vec![format!("f{} (a.rs:1)", if returns { "" } else { " itself" }), "g (b.rs:2)".to_owned()],
            _ => vec![],
        };
        let mut console = Console::new(tells_status, Box::new(places));
        let text = |out: Vec<u8>| String::from_utf8(out).expect("text");
        let mut all: Vec<String> = vec![];
        for chunk in chunks {
            let mut out = vec![];
            console.push(chunk.as_bytes(), &mut out);
            all.push(text(out));
        }
        let mut out = vec![];
        let status = console.end(&mut out);
        all.push(text(out));
        (all, status)
    }

    #[test]
    fn everything_is_shown_at_once() {
        let chunks = ["login: ", "\u{1b}[1mx\r", "  at 0x", "10", " is no address\n", "\n", "mirage: status 1\n"];
        let (all, status) = shown(false, &chunks);
        assert_eq!(all[..chunks.len()], chunks);
        assert_eq!((all.last().map(String::as_str), status), (Some(""), None));
    }

    #[test]
    fn a_place_is_added_to_an_address_however_it_comes() {
        let expected = "  at 0x1000 f (a.rs:1)\n     inlined into g (b.rs:2)\nx";
        let text = "  at 0x1000\nx";
        assert_eq!(shown(false, &[text]).0.concat(), expected);
        let bytes: Vec<String> = text.chars().map(|c| c.to_string()).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).collect();
        assert_eq!(shown(false, &bytes).0.concat(), expected);
        assert_eq!(shown(true, &bytes).0.concat(), expected);
        assert_eq!(
            shown(false, &["  at 0x0000000000001000\r\n"]).0.concat(),
            "  at 0x0000000000001000 f (a.rs:1)\r\n     inlined into g (b.rs:2)\r\n"
        );
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for text in [
            "  at 0x\n",
            "  at 0x1000 \n",
            " at 0x1000\n",
            "  at 0x+1000\n",
            "x  at 0x1000\n",
            "  at 0x2000\n",
            "  at 0x1000",
        ] {
            assert_eq!(shown(false, &[text]).0.concat(), text);
        }
        let long = "  at 0x".to_owned() + &"0".repeat(LONGEST) + "1000\n";
        assert_eq!(shown(false, &[&long]).0.concat(), long);
    }

    #[test]
    fn where_the_processor_was_is_no_return_address() {
        let (all, _) = shown(false, &["  rip 0x1000  rsp 0x7\n  at 0x1000\n"]);
        assert!(all.concat().contains("  at 0x1000 f itself (a.rs:1)\n"), "{all:?}");
    }

    #[test]
    fn the_last_line_with_the_status_is_not_shown() {
        let (all, status) = shown(true, &["hello\nmir", "age: status 10", "1\r\n"]);
        assert_eq!((all.concat().as_str(), status), ("hello\n", Some(101)));
        let (all, status) = shown(true, &["mirage: status 0\nmirage: status 2\n"]);
        assert_eq!((all.concat().as_str(), status), ("mirage: status 0\n", Some(2)));
        for text in
            ["mirage: status 0\nmore", "mirage: status 300\n", "mirage: status \n", "mirage: status 0", "mirage: x\n"]
        {
            let (all, status) = shown(true, &[text]);
            assert_eq!((all.concat().as_str(), status), (text, None));
        }
    }

    #[test]
    fn a_prompt_that_begins_as_a_status_is_shown_when_nothing_follows() {
        let mut console = Console::new(true, Box::new(|_, _| vec![]));
        let mut out = vec![];
        console.push(b"mirage: ", &mut out);
        assert!(out.is_empty() && console.holds());
        console.pause(&mut out);
        assert_eq!(out, b"mirage: ");
        assert!(!console.holds());
        console.push(b"status 3\n", &mut out);
        assert_eq!((console.end(&mut out), out.as_slice()), (Some(3), b"mirage: ".as_slice()));
    }
}
