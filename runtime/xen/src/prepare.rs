//! What is done before the seal, with calls that nobody may make after it: which Xen it is, where its rings are, and the
//! pages it is to put into the place of ours.

use core::arch::x86_64::__cpuid;

use mirage_pvh::{Boot, Early, Host as _, Shim, call};

use crate::event::{self, INFO, VECTOR};
use crate::grant;
use crate::machine::{Rings, Xen};

/// Calls (xen/include/public/xen.h).
const MEMORY: u32 = 12;
const HVM: u32 = 34;

/// `XENMEM_add_to_physmap`, and what can be put somewhere.
const ADD_TO_PHYSMAP: u64 = 7;
const SPACE_INFO: u32 = 0;
const SPACE_GRANTS: u32 = 1;
/// `HVMOP_set_param`, `HVMOP_get_param`, and the parameters.
const SET: u64 = 0;
const GET: u64 = 1;
const CALLBACK: u32 = 0;
const STORE_FRAME: u32 = 1;
const STORE_CHANNEL: u32 = 2;
const CONSOLE_FRAME: u32 = 17;
const CONSOLE_CHANNEL: u32 = 18;
/// A callback that is a vector.
const BY_VECTOR: u64 = 2 << 56;
/// A domain that means ourselves.
const SELF: u16 = 0x7ff0;

/// Xen's part of cpuid begins at one of these.
const LEAVES: core::ops::Range<u32> = 0x4000_0000..0x4001_0000;
const SIGNATURE: [u32; 3] = [0x566e_6558, 0x6558_4d4d, 0x4d4d_566e];
/// What a processor of AMD's, and of its licensee, calls itself first.
const MADE_BY: [u32; 2] = [0x6874_7541, 0x6f67_7948];

/// A port that Xen logs, of a debug build of it or not.
const LOG: u16 = 0xe9;

#[repr(C)]
struct Physmap {
    domain: u16,
    size: u16,
    space: u32,
    index: u64,
    frame: u64,
}

#[repr(C)]
struct Parameter {
    domain: u16,
    _gap: u16,
    index: u32,
    value: u64,
}

/// Called by `mirage_pvh` before the seal.
#[unsafe(no_mangle)]
fn mirage_platform_prepare(shim: &mut Shim, _: &Boot, _: &mut Early, _: u64) {
    mirage_pvh::say_by(log);
    let here = |leaf: &u32| {
        let leaf = __cpuid(*leaf);
        [leaf.ebx, leaf.ecx, leaf.edx] == SIGNATURE
    };
    if !LEAVES.step_by(0x100).any(|leaf| here(&leaf)) {
        mirage_pvh::say("mirage: this image is for Xen, and there is none below it\n");
        call::exit(mirage_pvh::status::UNFIT);
    }
    shim.xen = if MADE_BY.contains(&__cpuid(0).ebx) { 2 } else { 1 };
    shim.ports[0] = [LOG, 1];
    put(SPACE_INFO, 0, INFO.shared().frame());
    for (index, page) in grant::TABLE.iter().enumerate() {
        put(SPACE_GRANTS, index as u64, page.shared().frame());
    }
    set(CALLBACK, BY_VECTOR | u64::from(VECTOR));
    Xen::get().set_rings(Rings {
        console: (get(CONSOLE_FRAME), get(CONSOLE_CHANNEL) as u32),
        store: (get(STORE_FRAME), get(STORE_CHANNEL) as u32),
    });
}

/// What comes first after it.
pub fn begin() {
    Xen::get().clock().begin(INFO.shared().pointer(), event::TIME);
    crate::console::begin();
}

fn put(space: u32, index: u64, frame: u64) {
    let physmap = Physmap { domain: SELF, size: 0, space, index, frame };
    if call::hypercall(MEMORY, ADD_TO_PHYSMAP, &raw const physmap as u64) != 0 {
        mirage_pvh::say("mirage: Xen does not put its pages where they are wanted\n");
        call::exit(mirage_pvh::status::UNFIT);
    }
}

fn get(index: u32) -> u64 {
    let mut parameter = Parameter { domain: SELF, _gap: 0, index, value: 0 };
    let status = call::hypercall(HVM, GET, &raw mut parameter as u64);
    let value = &raw const parameter.value;
    // SAFETY: Xen has written it, which the compiler does not see.
    if status == 0 { unsafe { value.read_volatile() } } else { 0 }
}

fn set(index: u32, value: u64) {
    let parameter = Parameter { domain: SELF, _gap: 0, index, value };
    call::hypercall(HVM, SET, &raw const parameter as u64);
}

/// What is said before there is a console.
fn log(bytes: &[u8]) {
    bytes.iter().for_each(|&byte| call::port_out(LOG, 1, byte.into()));
}
