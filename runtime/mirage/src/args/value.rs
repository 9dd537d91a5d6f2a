//! Values from text.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Display};
use core::str::FromStr;
use core::time::Duration;

use crate::text::{cut, displayed};

/// A type that an argument's value can have: everything that can be parsed from a string.
#[diagnostic::on_unimplemented(
    message = "an argument cannot be a `{Self}`",
    label = "cannot be read from a command line",
    note = "implement `core::str::FromStr` for it, with an error that can be displayed"
)]
pub trait FromArg: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// What is wrong with `text`, as a fragment that completes "cannot be `text`: ".
    fn from_arg(text: &str) -> Result<Self, String>;
}

impl<T: FromStr<Err: Display>> FromArg for T {
    fn from_arg(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| whole_number::<T>().unwrap_or_else(|| displayed(&error)))
    }
}

/// What a whole number of this type may be; none if it is another type.
///
/// What the standard library says of a wrong one, "number too large to fit in target type", is for programmers. Every
/// type that can be parsed is an argument's, so that numbers can only be told apart by their names; were one of them
/// another some day, that message would be back and nothing else.
fn whole_number<T>() -> Option<String> {
    macro_rules! range {
        ($($number:ident)*) => {
            match core::any::type_name::<T>() {
                $(stringify!($number) => (format!("{}", $number::MIN), format!("{}", $number::MAX)),)*
                _ => return None,
            }
        };
    }
    let (least, most) = range!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);
    Some(format!("it is not a whole number from {least} to {most}"))
}

/// A time in seconds, decimal (`1.5`), to the millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub Duration);

impl Seconds {
    /// The most there may be: a year.
    pub const MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || String::from("it is not a number of seconds, such as `10` or `0.5`, up to 31536000");
        let (whole, fraction) = cut(text, b'.').unwrap_or((text, "0"));
        if whole.is_empty() || fraction.is_empty() {
            return Err(wrong());
        }
        let (mut seconds, mut milliseconds, mut unit) = (0_u64, 0, 100);
        for character in whole.bytes() {
            seconds = seconds.saturating_mul(10).saturating_add(digit(character).ok_or_else(wrong)?);
        }
        for character in fraction.bytes() {
            milliseconds += unit * digit(character).ok_or_else(wrong)?;
            unit /= 10;
        }
        let most = Self::MAX.as_secs();
        if seconds > most || seconds == most && milliseconds > 0 {
            return Err(wrong());
        }
        Ok(Self(Duration::from_millis(seconds * 1000 + milliseconds)))
    }
}

fn digit(character: u8) -> Option<u64> {
    character.is_ascii_digit().then(|| u64::from(character - b'0'))
}

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_millis() {
            0 => write!(f, "{}", self.0.as_secs()),
            milliseconds => write!(f, "{}.{milliseconds:03}", self.0.as_secs()),
        }
    }
}

/// A time in whole microseconds, up to a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Microseconds(pub Duration);

impl FromStr for Microseconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.parse() {
            Ok(count @ 0..=1_000_000) => Ok(Self(Duration::from_micros(count))),
            _ => Err("it is not a number of microseconds from 0 to 1000000"),
        }
    }
}

impl Display for Microseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_whole_and_bounded() {
        let read = |text: &str| text.parse::<Microseconds>().map(|time| time.0.as_nanos());
        assert_eq!((read("0"), read("50"), read("1000000")), (Ok(0), Ok(50_000), Ok(1_000_000_000)));
        for wrong in ["", "-1", "1.5", "1000001", "99999999999999999999", "50us"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_are_decimal_and_bounded() {
        let read = |text: &str| text.parse::<Seconds>().map(|seconds| seconds.0.as_millis());
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read("1.5"), Ok(1500));
        assert_eq!(read("0.0019"), Ok(1));
        assert_eq!(read("31536000"), Ok(31_536_000_000));
        assert_eq!(read("00000000000000000000001.250"), Ok(1250));
        let wrong = Seconds::from_str("31536000.001").unwrap_err();
        assert!(wrong.ends_with(&format!(" {}", Seconds::MAX.as_secs())), "{wrong}");
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "31536001", "99999999999999999999", "1.5.2", "٣"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
