//! The console: the first serial port (16550A), whose interrupt is the ISA bus's fourth.

use core::cell::Cell;
use core::task::{Context, Poll};

use mirage_pvh::{Host as _, Interrupt, call};

use crate::machine::Kvm;
use crate::ports::SERIAL;

/// Registers, from the first port on.
const INTERRUPTS: u16 = SERIAL + 1;
const FIFO: u16 = SERIAL + 2;
const LINE: u16 = SERIAL + 3;
const MODEM: u16 = SERIAL + 4;
const STATUS: u16 = SERIAL + 5;

const RECEIVED: u32 = 1;
/// Its interrupt line.
const INTERRUPT_LINE: u32 = 4;

/// The serial port.
pub struct Serial {
    /// Once somebody reads.
    interrupt: Cell<Option<Interrupt>>,
}

impl Serial {
    /// The port as it is at the start.
    pub const fn new() -> Self {
        Self { interrupt: Cell::new(None) }
    }

    /// Eight bits, no parity, queues of 16 bytes; it interrupts nobody yet.
    pub fn prepare(&self) {
        call::port_out(INTERRUPTS, 1, 0);
        call::port_out(LINE, 1, 3);
        call::port_out(FIFO, 1, 7);
        call::port_out(MODEM, 1, 0xb);
    }

    /// Reads what has been typed: at least one byte.
    pub fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<usize> {
        let interrupt = self.interrupt.get().or_else(|| self.listen());
        loop {
            let mut count = 0;
            for byte in &mut *buffer {
                let status = call::port_in(STATUS, 1);
                // All ones: there is no such port, so nothing is ever typed.
                if status & RECEIVED == 0 || status == u32::MAX {
                    break;
                }
                *byte = call::port_in(SERIAL, 1) as u8;
                count += 1;
            }
            if count > 0 {
                return Poll::Ready(count);
            }
            if interrupt.is_none_or(|interrupt| interrupt.poll_raised(context).is_pending()) {
                return Poll::Pending;
            }
        }
    }

    fn listen(&self) -> Option<Interrupt> {
        let interrupt = Kvm::get().line(INTERRUPT_LINE, false)?;
        self.interrupt.set(Some(interrupt));
        call::port_out(INTERRUPTS, 1, RECEIVED);
        Some(interrupt)
    }
}
