//! Octets that arrived in order and wait for a reader.

use super::{Chunk, Few, Pool};

/// A queue of chunks.
#[derive(Debug, Default)]
pub struct Queue(Few<Chunk>);

impl Queue {
    /// Copies `bytes` to the end.
    pub fn append(&mut self, pool: &Pool, mut bytes: &[u8]) {
        if let Some(last) = self.0.back_mut() {
            bytes = &bytes[last.append(bytes)..];
        }
        while !bytes.is_empty() {
            let mut chunk = pool.take();
            bytes = &bytes[chunk.append(bytes)..];
            self.0.push_back(chunk);
        }
    }

    /// Adds a chunk at the end.
    pub fn push(&mut self, chunk: Chunk) {
        self.0.push_back(chunk);
    }

    /// Takes the chunk at the front.
    pub fn pop(&mut self) -> Option<Chunk> {
        self.0.pop_front()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
