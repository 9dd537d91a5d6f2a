//! What is done before the seal: the ports the shim is to allow, and the page KVM is to write the time into.

use core::arch::x86_64::__cpuid;

use mirage_pvh::pvclock;
use mirage_pvh::{Boot, Early, Host as _, Shim, call};

use crate::acpi;
use crate::machine::Kvm;
use crate::ports::RANGES;
use crate::power::Power;

/// KVM's part of cpuid, and what it says there.
const SIGNATURE: u32 = 0x4000_0000;
const KVM: [u32; 3] = [0x4b4d_564b, 0x564b_4d56, 0x4d];
/// The clock of a processor, and that of the wall: bit 3 of the features that follow.
const CLOCK: u32 = 1 << 3;
const CLOCK_REGISTER: u32 = 0x4b56_4d01;
const WALL_REGISTER: u32 = 0x4b56_4d00;

/// Called by `mirage_pvh` before the seal.
#[unsafe(no_mangle)]
fn mirage_platform_prepare(shim: &mut Shim, boot: &Boot, memory: &mut Early, shared: u64) {
    shim.ports.iter_mut().zip(RANGES).for_each(|(there, range)| *there = range);
    let mut see = |address, into: &mut [u8]| {
        let there = memory.see(address, into.len());
        there.map(|bytes| into.copy_from_slice(bytes)).is_some()
    };
    Kvm::get().set_controllers(acpi::controllers(boot.rsdp, &mut see));
    power_button(shim, Power::find(boot.rsdp, &mut see).unwrap_or(Power::Keyboard));
    if has_clock() {
        call::msr_write(WALL_REGISTER, shared + pvclock::LENGTH as u64);
        call::msr_write(CLOCK_REGISTER, shared | 1);
    }
    Kvm::get().serial().prepare();
}

/// Turns the button on, and lets ring 3 see whether it was pressed.
fn power_button(shim: &mut Shim, power: Power) {
    if let Some((port, value)) = power.off() {
        (shim.power_port, shim.power_value) = (port.into(), value);
    }
    if let Power::Ports { event, control, enable: (port, value), .. } = power {
        if let Some(range) = shim.ports.get_mut(RANGES.len()) {
            *range = [event, 4];
        }
        if port != 0 && call::port_in(control, 2) & 1 == 0 {
            call::port_out(port, 1, value.into());
        }
        call::port_out(event, 2, power.button());
        call::port_out(event + 2, 2, power.button());
    }
    Kvm::get().button().set(Some(power));
}

/// What comes first after it.
pub fn begin() {
    Kvm::get().clock().begin(has_clock().then(mirage_pvh::shared));
    Kvm::get().button().listen();
}

fn has_clock() -> bool {
    let signature = __cpuid(SIGNATURE);
    let is_kvm = [signature.ebx, signature.ecx, signature.edx] == KVM;
    is_kvm && __cpuid(SIGNATURE + 1).eax & CLOCK != 0
}
