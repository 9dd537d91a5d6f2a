//! Names (RFC 1035, sections 2.3.4 and 3.1).

use alloc::vec::Vec;
use core::fmt;

/// A name as it is on the wire, labels with their lengths, without capitals: two that mean the same are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Vec<u8>);

impl Name {
    /// The longest name, in bytes on the wire (RFC 1035, section 2.3.4).
    pub const LONGEST: usize = 255;
    /// The longest label, in bytes.
    pub const LABEL: usize = 63;

    /// Reads the name of a host: letters, digits, `-` and `_` between dots. A dot at the end changes nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, BadName> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split('.') {
            if label.is_empty() {
                return Err(BadName::Empty);
            }
            if label.len() > Self::LABEL {
                return Err(BadName::LongLabel);
            }
            if let Some(wrong) = label.chars().find(|&c| !c.is_ascii_alphanumeric() && c != '-' && c != '_') {
                return Err(BadName::Character(wrong));
            }
            wire.push(label.len() as u8);
            wire.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
        }
        wire.push(0);
        if wire.len() > Self::LONGEST { Err(BadName::Long) } else { Ok(Self(wire)) }
    }

    /// Reads the name at `at` in a message, which may go on elsewhere in it (RFC 1035, section 4.1.4); and where what
    /// comes after it begins. Nothing if it makes no sense.
    pub(super) fn parse(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut wire = Vec::new();
        let (mut here, mut bound, mut after) = (at, at, None);
        loop {
            let length = usize::from(*message.get(here)?);
            match length {
                0 => {
                    wire.push(0);
                    let fits = wire.len() <= Self::LONGEST;
                    return fits.then_some((Self(wire), after.unwrap_or(here + 1)));
                }
                1..=Self::LABEL => {
                    let label = message.get(here..=here + length)?;
                    if wire.len() + label.len() >= Self::LONGEST {
                        return None;
                    }
                    // Lengths are below `A`: only letters change.
                    wire.extend(label.iter().map(u8::to_ascii_lowercase));
                    here += 1 + length;
                }
                0xc0.. => {
                    let low = usize::from(*message.get(here + 1)?);
                    after = after.or(Some(here + 2));
                    here = (length & 0x3f) << 8 | low;
                    // Each jump leads before everything read so far: there is no going in circles.
                    if here >= bound {
                        return None;
                    }
                    bound = here;
                }
                _ => return None,
            }
        }
    }

    /// The bytes on the wire.
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is `localhost` or ends so (RFC 6761, section 6.3).
    pub fn is_localhost(&self) -> bool {
        self.0.ends_with(b"\x09localhost\0") && (self.0.len() == 11 || Self::has_end(&self.0, 11))
    }

    /// Whether the last `length` bytes are labels of their own, and not the end of one.
    fn has_end(wire: &[u8], length: usize) -> bool {
        let mut at = 0;
        while let Some(&label) = wire.get(at).filter(|&&label| label != 0) {
            if wire.len() - at == length {
                return true;
            }
            at += 1 + usize::from(label);
        }
        false
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = &self.0[..];
        let mut first = true;
        while let [length, after @ ..] = rest {
            let Some((label, after)) = after.split_at_checked(usize::from(*length)).filter(|_| *length > 0) else {
                break;
            };
            if !first {
                f.write_str(".")?;
            }
            first = false;
            write!(f, "{}", label.escape_ascii())?;
            rest = after;
        }
        if first { f.write_str(".") } else { Ok(()) }
    }
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// Nothing at all, or nothing between two dots.
    Empty,
    /// Something between two dots of more than 63 bytes.
    LongLabel,
    /// More than 253 characters.
    Long,
    /// A character no name of a host has.
    Character(char),
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a part of the name is empty"),
            Self::LongLabel => f.write_str("a part of the name is longer than 63 characters"),
            Self::Long => f.write_str("the name is longer than 253 characters"),
            Self::Character(wrong) if wrong.is_ascii() => {
                write!(f, "names have no '{}' in them", wrong.escape_default())
            }
            Self::Character(wrong) => write!(f, "names have no '{wrong}' in them; its ASCII form begins with `xn--`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString as _;
    use alloc::vec;

    #[test]
    fn names_are_read_and_bounded() {
        // RFC 1035, section 2.3.4.
        assert_eq!(Name::new("Example.COM"), Name::new("example.com."));
        assert_eq!(Name::new("a.b").expect("a name").wire(), b"\x01a\x01b\0");
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(Name::new(&longest).expect("a name").wire().len(), 255);
        assert_eq!(Name::new(&format!("{longest}a")), Err(BadName::Long));
        assert_eq!(Name::new(&format!("{label}a.b")), Err(BadName::LongLabel));
        for (wrong, why) in [
            ("", BadName::Empty),
            (".", BadName::Empty),
            ("a..b", BadName::Empty),
            (".a", BadName::Empty),
            ("a b", BadName::Character(' ')),
            ("bücher.example", BadName::Character('ü')),
            ("a\0b", BadName::Character('\0')),
        ] {
            assert_eq!(Name::new(wrong), Err(why), "{wrong:?}");
        }
        assert_eq!(Name::new("A_b-1.x").expect("a name").to_string(), "a_b-1.x");
    }

    #[test]
    fn localhost_is_a_whole_label() {
        let is = |name: &str| Name::new(name).expect("a name").is_localhost();
        assert!(is("localhost") && is("a.LOCALHOST.") && is("a.b.localhost"));
        assert!(!is("notlocalhost") && !is("localhost.example") && !is("a.xlocalhost"));
    }

    #[test]
    fn a_pointer_leads_backwards() {
        // RFC 1035, section 4.1.4.
        let message = b"\x01a\0\x01B\xc0\x00\xc0\x03";
        let a_name = |text| Name::new(text).expect("a name");
        assert_eq!(Name::parse(message, 0), Some((a_name("a"), 3)));
        assert_eq!(Name::parse(message, 3), Some((a_name("b.a"), 7)));
        assert_eq!(Name::parse(message, 7), Some((a_name("b.a"), 9)));
        for wrong in
            [&b"\xc0\x00"[..], b"\xc0\x02\xc0\x00", b"\xc0\x05", b"\xc0", b"\x01a\xc0\x00", b"\x40a\0", b"\x05a"]
        {
            assert_eq!(Name::parse(wrong, 0), None, "{wrong:?}");
        }
        assert_eq!(Name::parse(b"\0\xc0\x03\xc0\x01", 1), None, "forwards, then back");
        let mut long = vec![0];
        for _ in 0..6 {
            long.push(50);
            long.extend([b'a'; 50]);
        }
        long.push(0);
        assert_eq!(Name::parse(&long, 1), None, "too long");
    }
}
