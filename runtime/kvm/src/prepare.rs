//! What is done before the seal: the ports the shim is to allow, and the page KVM is to write the time into.

use core::arch::x86_64::__cpuid;

use mirage_pvh::{Boot, Shim, call};

use crate::clock::PvClock;
use crate::machine::Kvm;
use crate::ports::RANGES;

/// KVM's part of cpuid, and what it says there.
const SIGNATURE: u32 = 0x4000_0000;
const KVM: [u32; 3] = [0x4b4d_564b, 0x564b_4d56, 0x4d];
/// The clock of a processor, and that of the wall: bit 3 of the features that follow.
const CLOCK: u32 = 1 << 3;
const CLOCK_REGISTER: u32 = 0x4b56_4d01;
const WALL_REGISTER: u32 = 0x4b56_4d00;

/// Called by `mirage_pvh` before the seal.
#[unsafe(no_mangle)]
fn mirage_platform_prepare(shim: &mut Shim, _: &Boot, shared: u64) {
    shim.ports.iter_mut().zip(RANGES).for_each(|(there, range)| *there = range);
    if has_clock() {
        call::msr_write(WALL_REGISTER, shared + size_of::<PvClock>() as u64);
        call::msr_write(CLOCK_REGISTER, shared | 1);
    }
    Kvm::get().serial().prepare();
}

/// What comes first after it.
pub fn begin() {
    Kvm::get().clock().begin(has_clock().then(|| mirage_pvh::shared()));
}

fn has_clock() -> bool {
    let signature = __cpuid(SIGNATURE);
    let is_kvm = [signature.ebx, signature.ecx, signature.edx] == KVM;
    is_kvm && __cpuid(SIGNATURE + 1).eax & CLOCK != 0
}
