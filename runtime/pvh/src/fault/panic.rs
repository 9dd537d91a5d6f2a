//! The reports of a panic and of a fault.

use core::cell::Cell;
use core::fmt::Write as _;
use core::panic::PanicInfo;

use super::console::{Serial, exit};
use super::report::{Places, explain, status};
use crate::memory::{Usage, usage};
use crate::setup::layout;
use crate::shim::{Frame, Shared};

/// Frames of a backtrace at most.
const FRAMES: usize = 64;

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
        _ = writeln!(
            Serial,
            "out of memory: {refused} bytes are wanted, {left} are left in {parts} parts, {used} are in use"
        );
        backtrace(frame());
        exit(status::MEMORY)
    }
    let place = info.location().map(|at| (at.file(), at.line(), at.column())).unwrap_or_default();
    _ = writeln!(Serial, "panicked at {}:{}:{}:\n{}", place.0, place.1, place.2, info.message());
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
    // SAFETY: the shim's page, which it has just written; there is one processor.
    let frame: Frame = unsafe { core::ptr::read_volatile((*(layout().shared as *const Shared)).fault.get()) };
    let shim = [
        (&raw const mirage_image_start as u64, &raw const mirage_text_start as u64),
        (layout().tables.from, layout().tables.to),
        (0xfec0_0000, 0xfef0_0000),
    ];
    let guard = (layout().fault_stack.to, layout().stack.from);
    let (status, what) = explain(frame.vector, frame.error, frame.cr2, Places { shim, guard });
    let Frame { vector, error, rip, rflags, cr2, .. } = frame;
    _ = write!(Serial, "fault: {what}\n  exception {vector}, error code {error:#x}");
    if vector == 14 {
        _ = write!(Serial, ", at address {cr2:#x}");
    }
    _ = writeln!(Serial, "\n  rip {rip:#018x}  rflags {rflags:#x}");
    let Frame { rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, .. } = frame;
    let Frame { r8, r9, r10, r11, r12, r13, r14, r15, .. } = frame;
    let registers = [
        ("rax", rax),
        ("rbx", rbx),
        ("rcx", rcx),
        ("rdx", rdx),
        ("rsi", rsi),
        ("rdi", rdi),
        ("rbp", rbp),
        ("rsp", rsp),
        (" r8", r8),
        (" r9", r9),
        ("r10", r10),
        ("r11", r11),
        ("r12", r12),
        ("r13", r13),
        ("r14", r14),
        ("r15", r15),
    ];
    for line in registers.chunks(4) {
        for (name, value) in line {
            _ = write!(Serial, "  {name} {value:#018x}");
        }
        _ = writeln!(Serial);
    }
    if is_text(rip) {
        _ = writeln!(Serial, "  at {rip:#x}");
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
        _ = writeln!(Serial, "  at {:#x}", back - 1); // within the call, not behind it
        if next <= frame {
            return;
        }
        frame = next;
    }
}

fn is_text(address: u64) -> bool {
    (&raw const mirage_text_start as u64..&raw const mirage_rodata_start as u64).contains(&address)
}
