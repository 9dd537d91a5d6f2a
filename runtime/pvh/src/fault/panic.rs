//! The reports of a panic and of a fault.

use core::cell::Cell;
use core::fmt::Write as _;
use core::mem::offset_of;
use core::panic::PanicInfo;

use super::console::{Words, exit, hexadecimal, number, say, write};
use super::report::{Places, explain, status};
use crate::memory::{Usage, usage};
use crate::setup::layout;
use crate::shim::{Frame, Shared};

/// Frames of a backtrace at most.
const FRAMES: usize = 64;
/// The registers as a report has them, in three letters each.
const NAMES: &str = "raxrbxrcxrdxrsirdirbprsp r8 r9r10r11r12r13r14r15";

unsafe extern "C" {
    static mirage_image_start: u8;
    static mirage_text_start: u8;
    static mirage_rodata_start: u8;
}

struct Once(Cell<bool>);
// SAFETY: there is one processor and no thread.
unsafe impl Sync for Once {}
static PANICKED: Once = Once(Cell::new(false));

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // One while another is reported would go on for ever.
    if PANICKED.0.replace(true) {
        exit(status::PANIC);
    }
    // What the allocator's caller panics with; the text of the library for it is all there is to know it by.
    let Usage { left, parts, used, refused } = usage();
    let mut prefix = Prefix { left: OUT_OF_MEMORY };
    if refused != 0 && write!(prefix, "{}", info.message()).is_ok() && prefix.left.is_empty() {
        let said =
            [("out of memory: ", refused), (" bytes are wanted, ", left), (" are left in ", parts), (" parts, ", used)];
        for (words, value) in said {
            say(words);
            number(value as u64, 10, 1);
        }
        say(" are in use\n");
        backtrace(frame());
        exit(status::MEMORY)
    }
    let place = info.location().map(|at| (at.file(), at.line(), at.column())).unwrap_or_default();
    say("panicked at ");
    say(place.0);
    for value in [place.1, place.2] {
        say(":");
        number(value.into(), 10, 1);
    }
    say(":\n");
    _ = write!(Words, "{}", info.message());
    say("\n");
    backtrace(frame());
    exit(status::PANIC)
}

/// The frame of the function this is inlined into.
#[inline(always)]
fn frame() -> u64 {
    let frame;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack)) };
    frame
}

/// What `alloc` says first when there is no memory.
const OUT_OF_MEMORY: &str = "memory allocation of ";

/// Compares what is written with the beginning that is left, and takes no memory for it.
struct Prefix {
    left: &'static str,
}

impl core::fmt::Write for Prefix {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let length = text.len().min(self.left.len());
        match (self.left.split_at_checked(length), text.get(..length)) {
            (Some((begin, rest)), Some(written)) if begin == written => self.left = rest,
            _ => return Err(core::fmt::Error),
        }
        Ok(())
    }
}

/// Where the shim resumes ring 3 after a fault.
#[unsafe(no_mangle)]
extern "C" fn mirage_fault() -> ! {
    let there: *const Frame =
        (layout().shared as *const Shared).cast::<u8>().wrapping_add(offset_of!(Shared, fault)).cast();
    // SAFETY: a register's place in the shim's page, which the shim has just written; there is one processor.
    let register = |at: usize| unsafe { there.cast::<u8>().add(at).cast::<u64>().read_volatile() };
    let [vector, error, cr2, rip, rflags, rbp] = [
        offset_of!(Frame, vector),
        offset_of!(Frame, error),
        offset_of!(Frame, cr2),
        offset_of!(Frame, rip),
        offset_of!(Frame, rflags),
        offset_of!(Frame, rbp),
    ]
    .map(register);
    let shim = [
        (&raw const mirage_image_start as u64, &raw const mirage_text_start as u64),
        (layout().tables.from, layout().tables.to),
        (0xfec0_0000, 0xfef0_0000),
    ];
    let guard = (layout().fault_stack.to, layout().stack.from);
    let (status, what) = explain(vector, error, cr2, Places { shim, guard });
    say("fault: ");
    say(what);
    say("\n  exception ");
    number(vector, 10, 1);
    say(", error code ");
    hexadecimal(error, 1);
    if vector == 14 {
        say(", at address ");
        hexadecimal(cr2, 1);
    }
    say("\n  rip ");
    hexadecimal(rip, 16);
    say("  rflags ");
    hexadecimal(rflags, 1);
    for (index, name) in NAMES.as_bytes().chunks(3).enumerate() {
        // As they lie in a frame, but for the stack's, which the processor has put at its end.
        let at = match index {
            ..7 => index * 8,
            7 => offset_of!(Frame, rsp),
            _ => (index - 1) * 8,
        };
        say(if index % 4 == 0 { "\n  " } else { "  " });
        write(name);
        say(" ");
        hexadecimal(register(at), 16);
    }
    say("\n");
    if is_text(rip) {
        say("  at ");
        hexadecimal(rip, 1);
        say("\n");
    }
    backtrace(rbp);
    exit(status)
}

/// The callers, by the chain of frame pointers, as far as it stays on the stack and goes up.
fn backtrace(mut frame: u64) {
    let stacks = [layout().stack, layout().fault_stack];
    for _ in 0..FRAMES {
        if frame % 8 != 0 || !stacks.iter().any(|stack| stack.from <= frame && frame + 16 <= stack.to) {
            return;
        }
        // SAFETY: aligned, and on a stack of ours.
        let [next, back] = unsafe { *(frame as *const [u64; 2]) };
        if !is_text(back) {
            return;
        }
        say("  at ");
        hexadecimal(back - 1, 1); // within the call, not behind it
        say("\n");
        if next <= frame {
            return;
        }
        frame = next;
    }
}

fn is_text(address: u64) -> bool {
    (&raw const mirage_text_start as u64..&raw const mirage_rodata_start as u64).contains(&address)
}
