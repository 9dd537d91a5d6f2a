//! The power button, pressed by the monitor: it asks for an end.

use core::cell::{Cell, OnceCell};

use mirage_pvh::{Host as _, Interrupt, call};

use crate::hardware::Hardware;
use crate::machine::Kvm;
use crate::power::Power;
use crate::virtio::{Machine as _, Mapped, Registers as _};

/// The keyboard's interrupt.
const KEYBOARD: u8 = 1;

/// The button, if there is one.
pub struct Button {
    power: Cell<Option<Power>>,
    registers: OnceCell<Option<Mapped>>,
    interrupt: Cell<Option<Interrupt>>,
}

impl Button {
    /// None.
    pub const fn new() -> Self {
        Self { power: Cell::new(None), registers: OnceCell::new(), interrupt: Cell::new(None) }
    }

    /// Says which one there is.
    pub fn set(&self, power: Option<Power>) {
        self.power.set(power);
    }

    /// Has it interrupt from now on.
    pub fn listen(&self) {
        let Some(power) = self.power.get() else { return };
        let (line, level) = match power {
            Power::Ports { line, .. } => (line, true),
            Power::Memory { event, line } => {
                self.registers.get_or_init(|| Hardware::new().map(event, 4));
                (line, false)
            }
            Power::Keyboard => (KEYBOARD, false),
            Power::Sleep { .. } => return,
        };
        self.interrupt.set(Kvm::get().line(line.into(), level));
    }

    /// Whether the button is among what `came`.
    pub fn pressed(&self, came: u64) -> bool {
        let (Some(power), Some(interrupt)) = (self.power.get(), self.interrupt.get()) else { return false };
        if came & 1 << (interrupt.vector() - 32) == 0 {
            return false;
        }
        let events = match power {
            Power::Ports { event, .. } => {
                let events = call::port_in(event, 2);
                call::port_out(event, 2, events); // what is written as one is done with
                events
            }
            // Reading it is enough.
            Power::Memory { .. } => match self.registers.get() {
                Some(Some(registers)) => registers.read32(0),
                _ => 0,
            },
            // Whichever key it is: nobody else has the keyboard.
            Power::Keyboard => return true,
            Power::Sleep { .. } => 0,
        };
        events & power.button() != 0
    }
}
