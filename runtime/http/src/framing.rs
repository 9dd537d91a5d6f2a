//! Where a message ends (RFC 9112 §6.3).

use crate::fields::list;
use crate::{Error, Head, Version};

/// Where a message's body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    Empty,
    /// After this many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

impl Framing {
    /// Where a request's body ends.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::TransferCoding`]: what could be taken for two different requests is refused.
    pub fn of_request<E>(head: &Head) -> Result<Self, Error<E>> {
        Ok(Self::said(head)?.unwrap_or(Self::Empty))
    }

    /// Where the body of a response to a request of this method ends.
    ///
    /// # Errors
    /// As for a request.
    pub fn of_response<E>(head: &Head, method: &str) -> Result<Self, Error<E>> {
        if method == "HEAD" || matches!(head.status(), 100..=199 | 204 | 304) {
            return Ok(Self::Empty);
        }
        Ok(Self::said(head)?.unwrap_or(Self::UntilClose))
    }

    /// What the fields say, if they say anything.
    fn said<E>(head: &Head) -> Result<Option<Self>, Error<E>> {
        let mut lengths = head.values("content-length");
        let (first, second) = (lengths.next(), lengths.next());
        let mut codings = head.values("transfer-encoding").flat_map(list);
        if head.values("transfer-encoding").next().is_some() {
            // A 1.0 peer does not know it; beside a length, two readers may each believe another.
            if head.version() == Version::Http10 || first.is_some() {
                return Err(Error::Length);
            }
            return match (codings.next(), codings.next()) {
                (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Some(Self::Chunked)),
                _ => Err(Error::TransferCoding),
            };
        }
        match (first, second) {
            (None, _) => Ok(None),
            (Some(length), None) => number(length, 10).map(|length| Some(Self::Length(length))).ok_or(Error::Length),
            (Some(_), Some(_)) => Err(Error::Length),
        }
    }
}

/// A number of nothing but digits; none if it is empty or too large.
pub fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, &digit| {
        let digit = char::from(digit).to_digit(radix)?;
        sum.checked_mul(radix.into())?.checked_add(digit.into())
    })
}
