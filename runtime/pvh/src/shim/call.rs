//! The shim's calls, as functions. All of them are refused gracefully: a call can do no harm to who makes it.

use crate::platform::End;

/// The numbers of `calls.s`.
#[repr(u64)]
enum Number {
    Exit,
    Wait,
    PortIn,
    PortOut,
    Map,
    Route,
    MsrRead,
    MsrWrite,
    Seal,
    Event,
    Hypercall,
}

/// What a call that is refused answers.
const REFUSED: u64 = u64::MAX;

#[cfg(mirage_bare)]
fn call(number: Number, first: u64, second: u64, third: u64) -> u64 {
    let answer;
    // SAFETY: the shim answers in rax, leaves memory of ring 3 alone, and of the registers loses those named.
    unsafe {
        core::arch::asm!(
            "call mirage_gate",
            inout("rax") number as u64 => answer,
            inout("rdi") first => _,
            inout("rsi") second => _,
            inout("rdx") third => _,
            out("rcx") _,
            out("r8") _,
        );
    }
    answer
}

#[cfg(not(mirage_bare))]
fn call(_: Number, _: u64, _: u64, _: u64) -> u64 {
    REFUSED // there is no shim in a host's process
}

/// Ends the machine.
pub fn exit(status: u8) -> ! {
    end(status, End::Off)
}

/// The same, and whether it is to begin anew.
pub fn end(status: u8, end: End) -> ! {
    loop {
        call(Number::Exit, status.into(), u64::from(end == End::Restart), 0);
    }
}

/// The deadline of [`wait`] that leaves the timer as it was set.
pub const AS_SET: u64 = u64::MAX;

/// Sleeps until an interrupt, the timer's among them, once it is set to `deadline` (of the time-stamp counter, and `ticks` of
/// its own away); with a deadline of 0 not at all. Returns what came, a bit a vector from 32 on, bit 63 once the monitor has
/// asked for an end.
pub fn wait(deadline: u64, ticks: u32) -> u64 {
    call(Number::Wait, deadline, ticks.into(), 0)
}

/// Reads a port of `width` 1, 2 or 4 bytes; all ones where it is none of ours.
pub fn port_in(port: u16, width: u8) -> u32 {
    call(Number::PortIn, port.into(), width.into(), 0) as u32
}

/// Writes a port of `width` 1, 2 or 4 bytes; nothing where it is none of ours.
pub fn port_out(port: u16, width: u8, value: u32) {
    call(Number::PortOut, port.into(), width.into(), value.into());
}

/// Maps the page at a physical address of a device; none where there is none to be had.
pub fn map(page: u64) -> Option<u64> {
    Some(call(Number::Map, page, 0, 0)).filter(|&address| address != REFUSED)
}

/// Lets a pin of an IO-APIC raise a vector; false if that cannot be.
pub fn route(controller: u64, pin: u64, vector: u8, level: bool) -> bool {
    call(Number::Route, controller, pin, u64::from(vector) | u64::from(level) << 8) != REFUSED
}

/// Reads a model-specific register: before the seal only.
pub fn msr_read(register: u32) -> u64 {
    call(Number::MsrRead, register.into(), 0, 0)
}

/// Writes a model-specific register: before the seal only.
pub fn msr_write(register: u32, value: u64) {
    call(Number::MsrWrite, register.into(), value, 0);
}

/// Xen's call for event channels: the operation, and what it is about, which it answers in. The status is negative
/// where Xen refuses.
#[cfg(mirage_bare)]
pub fn event(operation: u32, about: [u64; 2]) -> (i64, [u64; 2]) {
    let (status, first, second): (u64, u64, u64);
    // SAFETY: as in `call`; the answer is in registers.
    unsafe {
        core::arch::asm!(
            "call mirage_gate",
            inout("rax") Number::Event as u64 => status,
            inout("rdi") u64::from(operation) => _,
            inout("rsi") about[0] => _,
            inout("rdx") about[1] => first,
            out("rcx") second,
            out("r8") _,
            out("r10") _,
        );
    }
    (status as i64, [first, second])
}

/// There is no Xen below a host's process.
#[cfg(not(mirage_bare))]
pub fn event(_: u32, about: [u64; 2]) -> (i64, [u64; 2]) {
    (-1, about)
}

/// Any of Xen's calls with two values: before the seal only.
pub fn hypercall(number: u32, first: u64, second: u64) -> i64 {
    call(Number::Hypercall, number.into(), first, second) as i64
}

/// Has the shim take these page tables and features of cr4, for good, and go on with `mirage_sealed` on this stack.
pub fn seal(tables: u64, features: u64, stack: u64) -> ! {
    call(Number::Seal, tables, features, stack);
    exit(crate::fault::status::LAST)
}
