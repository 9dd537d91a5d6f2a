//! What the processor can do.

use core::arch::x86_64::{__cpuid, __cpuid_count, _rdtsc};

/// Features of cr4 that keep ring 0 from code and data of ring 3, and ring 3 from the tables' addresses: SMEP, SMAP and
/// UMIP, as far as there are.
pub fn protections() -> u64 {
    if __cpuid(0).eax < 7 {
        return 0;
    }
    let leaf = __cpuid_count(7, 0);
    let bit = |register: u32, bit: u32, feature: u32| u64::from(register >> bit & 1) << feature;
    bit(leaf.ebx, 7, 20) | bit(leaf.ebx, 20, 21) | bit(leaf.ecx, 2, 11)
}

/// Whether the interrupt controller has registers of the processor (x2APIC).
pub fn has_x2apic() -> bool {
    __cpuid(1).ecx & 1 << 21 != 0
}

/// Whether its timer takes a time of the time-stamp counter.
pub fn has_deadline() -> bool {
    __cpuid(1).ecx & 1 << 24 != 0
}

/// Whether there is RDRAND.
pub fn has_random() -> bool {
    __cpuid(1).ecx & 1 << 30 != 0
}

/// A number of RDRAND's; none if there is no such instruction or it does not deliver.
pub fn random() -> Option<u64> {
    if !has_random() {
        return None;
    }
    // Intel: more than ten failures in a row mean that it is broken.
    (0..10).find_map(|_| {
        let (value, delivered): (u64, u8);
        // SAFETY: the instruction is there, and touches nothing else.
        unsafe {
            core::arch::asm!("rdrand {}", "setc {}", out(reg) value, out(reg_byte) delivered, options(nomem, nostack));
        }
        (delivered != 0).then_some(value)
    })
}

/// The time-stamp counter.
pub fn time_stamp() -> u64 {
    // SAFETY: the shim leaves it to ring 3.
    unsafe { _rdtsc() }
}
