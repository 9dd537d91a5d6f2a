//! The start itself.

use super::early::Early;
use super::known::KNOWN;
use super::layout::{FAULT_STACK, Layout, STACK};
use super::processor::{has_deadline, has_x2apic, protections, random, time_stamp};
use super::tables::{LARGE, NO_EXECUTE, PAGE, Tables, UNCACHED, USER, WRITE};
use crate::boot::Boot;
use crate::fault::{say, status};
use crate::shim::{Shared, Shim, call};

unsafe extern "C" {
    // The linker script's.
    static mirage_image_start: u8;
    static mirage_shim_data_start: u8;
    static mirage_text_start: u8;
    static mirage_rodata_start: u8;
    static mirage_data_start: u8;
    static mirage_image_end: u8;
    // The shim's.
    static mut mirage_shim: Shim;
    static mirage_shared: Shared;
    static mut mirage_idt: [[u64; 2]; 64];
    static mirage_stubs: u8;
    static mirage_boot_tables: u8;
}

unsafe extern "Rust" {
    /// The platform's: what it wants done before the seal. `shared` is where the shim's page is, for the hypervisor.
    fn mirage_platform_prepare(shim: &mut Shim, boot: &Boot, memory: &mut Early, shared: u64);
    /// The platform's: what comes after it.
    fn mirage_platform_start() -> !;
}

fn address<T>(symbol: *const T) -> u64 {
    symbol as u64
}

/// Where `boot.s` drops to ring 3.
#[unsafe(no_mangle)]
extern "C" fn mirage_setup(start_info: u64) -> ! {
    // SAFETY: until the seal everything can be written, and there is nobody else.
    let (shim, known) = unsafe { (&mut *(&raw mut mirage_shim), &mut *KNOWN.0.get()) };
    interrupts();
    let image_end = address(&raw const mirage_image_end) + FAULT_STACK + STACK;
    // SAFETY: the hypervisor's, and boot.s maps as much.
    if !unsafe { known.0.read(start_info, image_end + 0x60_0000) } {
        stop("the hypervisor's start info is not that of a PVH guest with a memory map");
    }
    let mut state = time_stamp() ^ start_info;
    let mut dice = || {
        // RDRAND where there is one; the bits of the time-stamp counter are worth something where there is none.
        state = (state ^ random().unwrap_or_else(time_stamp)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state ^= state >> 29;
        state
    };
    let Some(layout) = Layout::new(known.0.memory(), image_end, &mut dice) else {
        stop("there is too little memory for this image: give the machine more");
    };
    known.1 = layout;

    let large = layout.low_large();
    shim.heap_offset = layout.heap_offset;
    (shim.low_from, shim.low_to) = (large.from, large.to);
    (shim.high_from, shim.high_to) = (layout.high.from, layout.high.to);
    (shim.ram_low_to, shim.ram_high_to) = (layout.low.to, layout.high.to.max(4 << 30));
    shim.fault_stack = layout.fault_stack.to - 8;
    shim.device_window = layout.devices;
    // What the shim subtracts: the number of the first GiB, times a page, less where the directories begin.
    shim.directories = (layout.heap_offset >> 30 << 12).wrapping_sub(layout.directories);
    let Some(tables) = tables(&layout, shim) else { stop("the page tables do not fit: this is a bug in mirage-pvh") };
    controller(shim);
    // SAFETY: a platform is linked to every image; the boot's tables are in use.
    unsafe {
        let mut memory = Early::new(address(&raw const mirage_boot_tables));
        mirage_platform_prepare(shim, &known.0, &mut memory, address(&raw const mirage_shared));
    }
    call::seal(tables.root(), protections(), layout.stack.to - 8)
}

/// Where the shim goes on.
#[unsafe(no_mangle)]
extern "C" fn mirage_sealed() -> ! {
    crate::memory::give(super::layout());
    // SAFETY: a platform is linked to every image.
    unsafe { mirage_platform_start() }
}

fn stop(why: &str) -> ! {
    say("mirage: ");
    say(why);
    say("\n");
    call::exit(status::UNFIT)
}

/// One gate a vector, each to its stub of 16 bytes: an interrupt gate of ring 0 on the stack of the task state, but for
/// those that may come at any time, which have stacks of their own.
fn interrupts() {
    let stubs = address(&raw const mirage_stubs);
    for vector in 0..64 {
        let stub = stubs + vector * 16;
        let stack = match vector {
            2 => 1,
            8 | 18 => 2,
            _ => 0,
        };
        let low = stub & 0xffff | 0x08 << 16 | stack << 32 | 0x8e00 << 32 | (stub >> 16 & 0xffff) << 48;
        // SAFETY: the table has 64 entries, and is written here only.
        unsafe { mirage_idt[vector as usize] = [low, stub >> 32] };
    }
}

/// The page tables for good.
fn tables(layout: &Layout, shim: &mut Shim) -> Option<Tables> {
    // SAFETY: the layout keeps that range for them.
    let mut tables = unsafe { Tables::new(layout.tables.from, layout.directories)? };
    let image = [
        (&raw const mirage_image_start, 0),
        (&raw const mirage_shim_data_start, WRITE | NO_EXECUTE),
        (&raw const mirage_text_start, USER),
        (&raw const mirage_rodata_start, USER | NO_EXECUTE),
        (&raw const mirage_data_start, USER | WRITE | NO_EXECUTE),
        (&raw const mirage_image_end, 0),
    ]
    .map(|(symbol, flags)| (address(symbol), flags));
    for part in image.windows(2) {
        let &[(from, flags), (to, _)] = part else { continue };
        tables.map_all(from, from, to - from, flags)?;
    }
    tables.map_all(
        layout.tables.from,
        layout.tables.from,
        layout.tables.to - layout.tables.from,
        WRITE | NO_EXECUTE,
    )?;
    // The interrupt controllers, for the shim alone.
    for place in [0xfec0_0000, 0xfee0_0000] {
        tables.map(place, place, WRITE | UNCACHED | NO_EXECUTE | LARGE)?;
    }

    let data = USER | WRITE | NO_EXECUTE;
    let stacks = address(&raw const mirage_image_end);
    tables.map_all(layout.fault_stack.from, stacks, FAULT_STACK, data)?;
    tables.map_all(layout.stack.from, stacks + FAULT_STACK, STACK, data)?;
    tables.map(layout.shared, address(&raw const mirage_shared), USER | NO_EXECUTE)?;
    shim.device_table = tables.table(layout.devices, 0)?;

    // Of the heap what is no whole large page; those the shim maps when they are touched.
    let (low, large) = (layout.low, layout.low_large());
    shim.heap_table = tables.table(layout.heap_offset, 2)?;
    for (from, to) in [(low.from, large.from.max(low.from).min(low.to)), (large.to.max(low.from), low.to)] {
        if from < to {
            tables.map_all(layout.heap_offset + from, from, to - from, data)?;
        }
    }
    debug_assert!(tables.root() % PAGE == 0);
    Some(tables)
}

/// Tells the shim how the interrupt controller is spoken to, and starts one that has registers of the processor; the
/// shim starts one that is memory.
fn controller(shim: &mut Shim) {
    let (x2apic, deadline) = (has_x2apic(), has_deadline());
    let timer = 32 | if deadline { 1 << 18 } else { 0 };
    shim.x2apic = x2apic.into();
    shim.deadline = deadline.into();
    shim.timer_entry = timer;
    if x2apic {
        call::msr_write(0x1b, call::msr_read(0x1b) | 1 << 10 | 1 << 11);
        call::msr_write(0x80f, 0x13f);
        call::msr_write(0x83e, 0xb);
        call::msr_write(0x836, 0x400);
        call::msr_write(0x832, timer.into());
    }
    // Nothing comes by the old interrupt controllers.
    call::port_out(0x21, 1, 0xff);
    call::port_out(0xa1, 1, 0xff);
}
