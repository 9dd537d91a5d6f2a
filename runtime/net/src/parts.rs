//! A packet in parts: the header of each layer, and what it carries.

use heapless::Vec;
use mirage::Refused;

/// The most parts of a packet, all headers included.
const MOST: usize = 32;

/// The parts of a packet, none of which is copied. Not an array, all of which would be written for each packet.
pub type Parts<'a> = Vec<&'a [u8], MOST>;

/// Adds a header and the parts it stands before; in place, since so many are moved by copying them all.
///
/// # Errors
/// When they are too many.
pub fn add<'a>(parts: &mut Parts<'a>, header: &'a [u8], payload: &[&'a [u8]]) -> Result<(), Refused> {
    parts.push(header).map_err(|_| Refused::TooLarge)?;
    parts.extend_from_slice(payload).map_err(|_| Refused::TooLarge)
}
