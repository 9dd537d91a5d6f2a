//! A console (virtio 1.2 section 5.3) with a single port.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Context, Poll};

use super::device::Device;
use super::error::{Error, Problem};
use super::find::Found;
use super::machine::Machine;
use super::memory::Memory;
use super::queue::{Queue, Span};

/// How many bytes are read, and written, at once: a page for both.
const READ: usize = 1024;
const WRITTEN: usize = 3072;

/// How often it is looked whether the device has taken what cannot wait.
const PATIENCE: u32 = 10_000_000;

/// A console. All clones are one.
pub struct Console<M: Machine>(Rc<RefCell<Inner<M>>>);

impl<M: Machine> Clone for Console<M> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<M: Machine> {
    device: Device<M>,
    receive: Queue,
    transmit: Queue,
    input: Memory,
    output: Memory,
    /// What of the input has been typed and not been read.
    typed: core::ops::Range<usize>,
}

impl<M: Machine> Console<M> {
    /// Brings a console up.
    ///
    /// # Errors
    /// When the device is none that works, or there is no memory for it.
    pub fn connect(machine: &M, found: Found) -> Result<Self, Error> {
        let mut device = Device::start(machine, found, 2, |_| 0)?;
        let receive = device.queue(machine, (0, "input"), (1, 0))?;
        let transmit = device.queue(machine, (1, "output"), (1, 0))?;
        let buffers = machine.dma(1).and_then(|memory| memory.split_at(READ));
        let buffers = buffers.filter(|(_, output)| output.length() >= WRITTEN);
        let (input, output) = buffers.ok_or_else(|| device.fail(Problem::NoMemory))?;
        device.run();
        let mut inner = Inner { device, receive, transmit, input, output, typed: 0..0 };
        inner.listen();
        Ok(Self(Rc::new(RefCell::new(inner))))
    }

    /// Writes without waiting for anybody's turn: last words. What the device does not take at once is lost.
    pub fn write_now(&self, bytes: &[u8]) {
        let Ok(mut inner) = self.0.try_borrow_mut() else { return };
        for part in bytes.chunks(WRITTEN) {
            // What was written before, and what is written now.
            if !inner.drain() || !matches!(inner.write(part), Ok(Some(_))) || !inner.drain() {
                return;
            }
        }
    }
}

impl<M: Machine> Inner<M> {
    /// Gives the device the buffer for what is typed next.
    fn listen(&mut self) {
        let span = Span { address: self.input.address(), length: READ as u32 };
        if self.receive.outstanding() == 0 && self.receive.give(&[], &[span], 0) {
            self.device.kick(&mut self.receive);
        }
    }

    /// Waits, in vain or not, until the device has taken all that was written.
    fn drain(&mut self) -> bool {
        for _ in 0..PATIENCE {
            match self.transmit.take() {
                Ok(_) if self.transmit.outstanding() == 0 => return true,
                Ok(_) => core::hint::spin_loop(),
                Err(problem) => {
                    self.device.fail(problem);
                    return false;
                }
            }
        }
        false
    }

    /// Writes as much as can be; `None` when the device has not taken what was written before.
    fn write(&mut self, bytes: &[u8]) -> Result<Option<usize>, Problem> {
        while self.transmit.take()?.is_some() {}
        let count = bytes.len().min(WRITTEN);
        let span = Span { address: self.output.address(), length: count as u32 };
        if self.transmit.outstanding() != 0 || count == 0 {
            return Ok((count == 0).then_some(0));
        }
        if let Some((to, from)) = self.output.bytes(0, count).zip(bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.transmit.give(&[span], &[], 0);
        self.device.kick(&mut self.transmit);
        Ok(Some(count))
    }

    /// Reads what has been typed; `None` when nothing has.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Problem> {
        if self.typed.is_empty() {
            match self.receive.take()? {
                Some(used) if used.written > 0 => self.typed = 0..used.written as usize,
                _ => {
                    self.listen();
                    return Ok(None);
                }
            }
        }
        let count = self.typed.len().min(buffer.len());
        if let Some((from, to)) = self.input.bytes(self.typed.start, count).zip(buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.typed.start += count;
        if self.typed.is_empty() {
            self.listen();
        }
        Ok(Some(count))
    }

    /// Tries until it works or the device is to tell; `queue` is the one it depends on.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Self) -> Result<Option<T>, Problem>,
        queue: fn(&mut Self) -> &mut Queue,
    ) -> Poll<Result<T, Error>> {
        self.device.check()?;
        loop {
            match attempt(self) {
                Ok(Some(done)) => return Poll::Ready(Ok(done)),
                Ok(None) => {}
                Err(problem) => return Poll::Ready(Err(self.device.fail(problem))),
            }
            if queue(self).listen(0) {
                continue;
            }
            match self.device.poll_interrupt(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(raised) => raised?,
            }
        }
    }
}

impl<M: Machine> mirage::Console for Console<M> {
    type Error = Error;

    async fn write(&self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let write = |context: &mut Context<'_>| {
                self.0.borrow_mut().poll(context, |inner| inner.write(bytes), |inner| &mut inner.transmit)
            };
            let count = poll_fn(write).await?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        poll_fn(|context| self.0.borrow_mut().poll(context, |inner| inner.read(buffer), |inner| &mut inner.receive))
            .await
    }
}
