//! What can still be said when nothing else works: a serial port, a byte at a time.

use core::cell::Cell;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::platform::End;
use crate::shim::call;

/// The first serial port of a PC.
const SERIAL: u16 = 0x3f8;
/// Its line status, and the bit in it that says there is room.
const STATUS: u16 = SERIAL + 5;
const ROOM: u32 = 1 << 5;
/// How often it is asked for room before the byte goes out all the same: a port that is not there never says so.
const PATIENCE: usize = 1_000_000;
/// What it takes at once when it has room (16550A).
const FIFO: usize = 16;

/// Whether the status is to be said on the console, for a monitor without an exit device.
static BY_CONSOLE: AtomicBool = AtomicBool::new(false);

/// How bytes get out.
struct Output(Cell<fn(&[u8])>);
// SAFETY: there is one processor and no thread.
unsafe impl Sync for Output {}
static OUTPUT: Output = Output(Cell::new(serial));

/// Has [`exit`] say the status as the console's last line.
pub fn quiet_exit_by_console() {
    BY_CONSOLE.store(true, Ordering::Relaxed);
}

/// Writes to the console, waiting for room: the serial port, unless the platform has another.
#[inline(never)]
pub fn say(text: &str) {
    write(text.as_bytes());
}

/// As [`say`], for any bytes.
#[inline(never)]
pub fn write(bytes: &[u8]) {
    (OUTPUT.0.get())(bytes);
}

/// Has everything that is said go elsewhere from now on.
pub fn say_by(output: fn(&[u8])) {
    OUTPUT.0.set(output);
}

fn serial(bytes: &[u8]) {
    for part in bytes.chunks(FIFO) {
        _ = (0..PATIENCE).find(|_| call::port_in(STATUS, 1) & ROOM != 0);
        part.iter().for_each(|&byte| call::port_out(SERIAL, 1, byte.into()));
    }
}

/// Writes a number, in at least `width` digits, of which there are 20 at most.
#[inline(never)]
pub fn number(mut value: u64, base: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut left = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value % base % 16) as usize];
        value /= base;
        left -= 1;
        if value == 0 {
            break;
        }
    }
    write(digits.get(left.min(digits.len().saturating_sub(width))..).unwrap_or_default());
}

/// Writes an address, or what else is best read by its bits, in at least `width` digits.
#[inline(never)]
pub fn hexadecimal(value: u64, width: usize) {
    say("0x");
    number(value, 16, width);
}

/// The console as something to format into.
pub struct Words;

impl fmt::Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        say(text);
        Ok(())
    }
}

/// Ends the machine with this status.
pub fn exit(status: u8) -> ! {
    end(status, End::Off)
}

/// The same, and whether it is to begin anew.
#[inline(never)]
pub fn end(status: u8, end: End) -> ! {
    if BY_CONSOLE.load(Ordering::Relaxed) {
        say("mirage: status ");
        number(status.into(), 10, 1);
        say("\n");
    }
    call::end(status, end)
}
