//! Frames that are to go while the device is busy handing over others.

use alloc::vec::Vec;

use mirage::Offload;

/// The most frames kept, so that a flood is not answered frame by frame.
const FRAMES: usize = 256;

/// The most bytes kept: about as many large replies as frames of the usual length.
const BYTES: usize = 512 * 1024;

/// Frames in the order they are to go. It keeps its memory from batch to batch.
#[derive(Default)]
pub struct Queue {
    bytes: Vec<u8>,
    frames: Vec<(usize, Offload)>,
}

impl Queue {
    /// Adds a frame, given in parts; false when there is no room.
    pub fn push(&mut self, parts: &[&[u8]], offload: Offload) -> bool {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.frames.len() == FRAMES || self.bytes.len() + length > BYTES {
            return false;
        }
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.frames.push((length, offload));
        true
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Hands the frames to `send` in order, until it takes no more; what it did not take stays.
    pub fn drain(&mut self, mut send: impl FnMut(&[u8], Offload) -> bool) {
        let (mut count, mut start) = (0, 0);
        for &(length, offload) in &self.frames {
            if !send(&self.bytes[start..start + length], offload) {
                break;
            }
            (count, start) = (count + 1, start + length);
        }
        self.frames.drain(..count);
        self.bytes.drain(..start);
    }
}
