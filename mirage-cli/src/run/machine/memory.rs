//! How much memory a machine has: `16M`, `1G`.

use std::fmt;
use std::str::FromStr;

/// An amount of memory, in whole mebibytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    mebibytes: u32,
}

impl Memory {
    /// What a machine has when nobody says how much.
    pub const DEFAULT: Self = Self { mebibytes: 32 };

    /// The least that may be asked for: a machine's first mebibyte is not for images.
    const LEAST: u32 = 2;

    /// The most: a tebibyte.
    const MOST: u32 = 1 << 20;

    /// In mebibytes.
    pub fn mebibytes(self) -> u32 {
        self.mebibytes
    }

    /// In bytes.
    pub fn bytes(self) -> u64 {
        u64::from(self.mebibytes) << 20
    }

    /// The least that holds this many bytes.
    pub fn holding(bytes: u64) -> Self {
        let mebibytes = u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(Self::MOST);
        Self { mebibytes: mebibytes.max(Self::LEAST) }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}M", self.mebibytes)
    }
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let shift = match unit {
            "M" => 0,
            "G" => 10,
            "" if !number.is_empty() => return Err(format!("its unit is missing, such as `{number}M` or `{number}G`")),
            _ => return Err("a number and `M` or `G` is wanted, such as `32M`".to_owned()),
        };
        let number: u32 = match number.parse() {
            Ok(number) => number,
            Err(_) if number.is_empty() => return Err("a number and `M` or `G` is wanted, such as `32M`".to_owned()),
            Err(_) => Self::MOST + 1,
        };
        match number.checked_mul(1 << shift).unwrap_or(Self::MOST + 1) {
            mebibytes if mebibytes < Self::LEAST => Err(format!("`{}M` is the least", Self::LEAST)),
            mebibytes if mebibytes > Self::MOST => Err(format!("`{}G` is the most", Self::MOST >> 10)),
            mebibytes => Ok(Self { mebibytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_unit() {
        let read = |text: &str| text.parse::<Memory>().map(|memory| memory.to_string());
        assert_eq!(read("16M").as_deref(), Ok("16M"));
        assert_eq!(read("1G").as_deref(), Ok("1024M"));
        assert_eq!(read("1024G").as_deref(), Ok("1048576M"));
        for (wrong, why) in [
            ("16", "its unit is missing, such as `16M` or `16G`"),
            ("", "a number and `M` or `G` is wanted, such as `32M`"),
            ("M", "a number and `M` or `G` is wanted, such as `32M`"),
            ("16m", "a number and `M` or `G` is wanted, such as `32M`"),
            ("16MB", "a number and `M` or `G` is wanted, such as `32M`"),
            ("1.5G", "a number and `M` or `G` is wanted, such as `32M`"),
            ("-1M", "a number and `M` or `G` is wanted, such as `32M`"),
            ("0M", "`2M` is the least"),
            ("1M", "`2M` is the least"),
            ("1025G", "`1024G` is the most"),
            ("99999999999G", "`1024G` is the most"),
        ] {
            assert_eq!(read(wrong), Err(why.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn the_least_that_holds_something() {
        assert_eq!(Memory::holding(0).to_string(), "2M");
        assert_eq!(Memory::holding(3 << 20).to_string(), "3M");
        assert_eq!(Memory::holding((3 << 20) + 1).to_string(), "4M");
    }
}
