//! Values from text.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::{self, Display};
use core::str::FromStr;
use core::time::Duration;

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
        text.parse().map_err(|error: T::Err| whole_number::<T>().unwrap_or_else(|| error.to_string()))
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
        let wrong = || format!("it is not a number of seconds, such as `10` or `0.5`, up to {}", Self::MAX.as_secs());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(wrong());
        }
        let seconds: u64 = whole.parse().map_err(|_| wrong())?;
        let milliseconds: u64 =
            fraction.bytes().chain([b'0'; 3]).take(3).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let duration = Duration::from_secs(seconds) + Duration::from_millis(milliseconds);
        if duration > Self::MAX { Err(wrong()) } else { Ok(Self(duration)) }
    }
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
        for wrong in ["", ".", "1.", ".5", "-1", "1e3", "31536001", "99999999999999999999", "1.5.2", "٣"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
