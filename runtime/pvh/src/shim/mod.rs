//! The ring-0 shim: `boot.s` enters it, `traps.s` is what the processor comes back to it for, `calls.s` what ring 3 may
//! ask of it. It has the page and descriptor tables, waits, and lets ring 3 do what it may; it never reads or writes
//! memory of ring 3. `unpack.s` lies there because it is what is not packed; it runs in ring 3, once.

pub mod call;

use core::cell::UnsafeCell;
#[cfg(mirage_bare)]
use core::mem::offset_of;

/// How many ranges of ports ring 3 may use.
pub const PORT_RANGES: usize = 16;

/// What the shim is told before the seal, and what it remembers; out of ring 3's reach after it.
#[repr(C)]
pub struct Shim {
    /// The interrupts that have come, a bit each from vector 32 on.
    pending: u64,
    /// What is added to a physical address in the heap.
    pub heap_offset: u64,
    /// Where whole pages of 2 MiB of memory begin and end, below 4 GiB.
    pub low_from: u64,
    /// See `low_from`.
    pub low_to: u64,
    /// The same from 4 GiB on.
    pub high_from: u64,
    /// See `high_from`.
    pub high_to: u64,
    /// The heap's table of directories, one a GiB.
    pub heap_table: u64,
    /// What is taken from 4,096 times a GiB's number to give its directory.
    pub directories: u64,
    /// Where memory ends, below 4 GiB.
    pub ram_low_to: u64,
    /// Where memory ends.
    pub ram_high_to: u64,
    /// The page table of the window that devices are seen through.
    pub device_table: u64,
    /// Where that window begins.
    pub device_window: u64,
    /// The end of the stack faults are reported on.
    pub fault_stack: u64,
    sealed: u8,
    faulted: u8,
    stop: u8,
    /// Whether the interrupt controller is spoken to by registers of the processor.
    pub x2apic: u8,
    /// Whether its timer takes a time of the time-stamp counter.
    pub deadline: u8,
    /// Whether the hypervisor is Xen: 1 with a processor of Intel's, 2 with one of AMD's.
    pub xen: u8,
    _gap: [u8; 2],
    /// Pages seen through the window so far.
    pub device_pages: u32,
    /// The timer's entry of the interrupt controller.
    pub timer_entry: u32,
    /// A port and what it takes to switch the machine off, a byte if it is no more; 0: there is none known.
    pub power_port: u32,
    /// See `power_port`.
    pub power_value: u32,
    /// What a call of Xen's is given.
    argument: [u64; 2],
    /// First port and count of each range ring 3 may use, up to one of none.
    pub ports: [[u16; 2]; PORT_RANGES + 1],
}

/// What the shim tells ring 3, which may read it.
#[repr(C)]
pub struct Shared {
    /// For a clock the hypervisor writes.
    pub clock: UnsafeCell<[u64; 8]>,
    /// What the processor was doing when a fault came.
    pub fault: UnsafeCell<Frame>,
}

// SAFETY: there is one processor, and who writes it is the shim or the hypervisor; it is read with `read_volatile`.
unsafe impl Sync for Shared {}

/// What the processor was doing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Frame {
    pub rax: u64,
    pub rbx: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub rbp: u64,
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub cr2: u64,
    pub vector: u64,
    pub error: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

#[cfg(mirage_bare)]
core::arch::global_asm!(
    ".global mirage_stacks", // which the linker script leaves room for
    ".set mirage_stacks, {STACKS}",
    ".set PENDING, {PENDING}",
    ".set HEAP_OFFSET, {HEAP_OFFSET}",
    ".set LOW_FROM, {LOW_FROM}",
    ".set LOW_TO, {LOW_TO}",
    ".set HIGH_FROM, {HIGH_FROM}",
    ".set HIGH_TO, {HIGH_TO}",
    ".set HEAP_TABLE, {HEAP_TABLE}",
    ".set DIRECTORIES, {DIRECTORIES}",
    ".set RAM_LOW_TO, {RAM_LOW_TO}",
    ".set RAM_HIGH_TO, {RAM_HIGH_TO}",
    ".set DEVICE_TABLE, {DEVICE_TABLE}",
    ".set DEVICE_WINDOW, {DEVICE_WINDOW}",
    ".set FAULT_STACK, {FAULT_STACK}",
    ".set SEALED, {SEALED}",
    ".set FAULTED, {FAULTED}",
    ".set STOP, {STOP}",
    ".set X2APIC, {X2APIC}",
    ".set DEADLINE, {DEADLINE}",
    ".set DEVICE_PAGES, {DEVICE_PAGES}",
    ".set TIMER_ENTRY, {TIMER_ENTRY}",
    ".set POWER_PORT, {POWER_PORT}",
    ".set POWER_VALUE, {POWER_VALUE}",
    ".set XEN, {XEN}",
    ".set ARGUMENT, {ARGUMENT}",
    ".set PORTS, {PORTS}",
    include_str!("boot.s"),
    include_str!("unpack.s"),
    include_str!("traps.s"),
    include_str!("calls.s"),
    ".text",
    STACKS = const crate::setup::STACKS,
    PENDING = const offset_of!(Shim, pending),
    HEAP_OFFSET = const offset_of!(Shim, heap_offset),
    LOW_FROM = const offset_of!(Shim, low_from),
    LOW_TO = const offset_of!(Shim, low_to),
    HIGH_FROM = const offset_of!(Shim, high_from),
    HIGH_TO = const offset_of!(Shim, high_to),
    HEAP_TABLE = const offset_of!(Shim, heap_table),
    DIRECTORIES = const offset_of!(Shim, directories),
    RAM_LOW_TO = const offset_of!(Shim, ram_low_to),
    RAM_HIGH_TO = const offset_of!(Shim, ram_high_to),
    DEVICE_TABLE = const offset_of!(Shim, device_table),
    DEVICE_WINDOW = const offset_of!(Shim, device_window),
    FAULT_STACK = const offset_of!(Shim, fault_stack),
    SEALED = const offset_of!(Shim, sealed),
    FAULTED = const offset_of!(Shim, faulted),
    STOP = const offset_of!(Shim, stop),
    X2APIC = const offset_of!(Shim, x2apic),
    DEADLINE = const offset_of!(Shim, deadline),
    DEVICE_PAGES = const offset_of!(Shim, device_pages),
    TIMER_ENTRY = const offset_of!(Shim, timer_entry),
    POWER_PORT = const offset_of!(Shim, power_port),
    POWER_VALUE = const offset_of!(Shim, power_value),
    XEN = const offset_of!(Shim, xen),
    ARGUMENT = const offset_of!(Shim, argument),
    PORTS = const offset_of!(Shim, ports),
);
