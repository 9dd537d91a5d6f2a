//! A source of random numbers (virtio 1.2 section 5.4): what a generator is seeded with, among other things.

use core::future::poll_fn;
use core::task::{Context, Poll};

use super::device::Device;
use super::error::{Error, Problem};
use super::find::Found;
use super::machine::Machine;
use super::memory::Memory;
use super::queue::{Queue, Span};

/// How many bytes are asked for at once: more than any seed has.
const ASKED: usize = 64;

/// A source of random numbers.
pub struct Rng<M: Machine> {
    device: Device<M>,
    queue: Queue,
    buffer: Memory,
}

impl<M: Machine> Rng<M> {
    /// Brings a source up.
    ///
    /// # Errors
    /// When the device is none that works, or there is no memory for it.
    pub fn connect(machine: &M, found: Found) -> Result<Self, Error> {
        let mut device = Device::start(machine, found, 1, |_| 0)?;
        let queue = device.queue(machine, (0, "requests"), (1, 0))?;
        let buffer = machine.dma(1).filter(|buffer| buffer.length() >= ASKED);
        let buffer = buffer.ok_or_else(|| device.fail(Problem::NoMemory))?;
        device.run();
        Ok(Self { device, queue, buffer })
    }

    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// When the device is gone.
    pub async fn fill(&mut self, mut bytes: &mut [u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let count = poll_fn(|context| self.poll_fill(context, bytes)).await?;
            bytes = bytes.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Fills some of `bytes`, at least one; how many.
    ///
    /// # Errors
    /// When the device is gone.
    pub fn poll_fill(&mut self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<Result<usize, Error>> {
        self.device.check()?;
        loop {
            match self.take(bytes) {
                Ok(Some(count)) => return Poll::Ready(Ok(count)),
                Ok(None) => {}
                Err(problem) => return Poll::Ready(Err(self.device.fail(problem))),
            }
            // One request at a time; whoever gave up waiting has left its own to the next.
            let span = Span { address: self.buffer.address(), length: ASKED as u32 };
            if self.queue.outstanding() == 0 && self.queue.give(&[], &[span], 0) {
                self.device.kick(&mut self.queue);
            }
            if self.queue.listen(0) {
                continue;
            }
            match self.device.poll_interrupt(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(raised) => raised?,
            }
        }
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<Option<usize>, Problem> {
        let Some(used) = self.queue.take()? else { return Ok(None) };
        if used.written == 0 {
            // Section 5.4.6: at least one byte.
            return Err(Problem::Length { queue: "requests", written: 0, least: 1, most: ASKED as u32 });
        }
        let count = bytes.len().min(used.written as usize);
        if let Some((from, to)) = self.buffer.bytes(0, count).zip(bytes.get_mut(..count)) {
            to.copy_from_slice(from);
            // Nobody gets the same twice.
            from.fill(0);
        }
        Ok(Some(count))
    }
}
