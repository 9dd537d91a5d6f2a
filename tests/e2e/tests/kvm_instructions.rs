//! What an image can execute: outside the shim no way into ring 0 but its one, nothing only ring 0 may execute, and
//! nothing of the build machine's in it. And how large it is.

use std::collections::BTreeSet;
use std::fs;

use iced_x86::{Code, CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};
use mirage_e2e::{Machine, Project, root, target};
use mirage_pack::unpack;

static HELLO: Machine = Machine::new(|| Project::new("hello-instructions", "hello"));
static HTTP: Machine = Machine::new(|| Project::new("http-instructions", "http"));
static KNOCKING: Machine = Machine::new(|| Project::new("knocking-instructions", "knocking"));

/// What a processor of this architecture has, and what is asked for before it is used.
const FEATURES: &[CpuidFeature] = &[
    CpuidFeature::INTEL8086,
    CpuidFeature::INTEL186,
    CpuidFeature::INTEL286,
    CpuidFeature::INTEL386,
    CpuidFeature::INTEL486,
    CpuidFeature::CPUID,
    CpuidFeature::TSC,
    CpuidFeature::CX8,
    CpuidFeature::CMOV,
    CpuidFeature::X64,
    CpuidFeature::MULTIBYTENOP,
    CpuidFeature::PAUSE,
    CpuidFeature::SSE,
    CpuidFeature::SSE2,
    CpuidFeature::RDRAND,
];

/// What is between functions is never reached; a trap stands there.
const ALIGN: u64 = 16;

/// What is wrong with an instruction of ring 3.
fn wrong(instruction: &Instruction) -> Option<&'static str> {
    use Mnemonic::{
        Iret, Iretd, Iretq, Retf, Syscall, Sysenter, Sysexit, Sysexitq, Sysret, Sysretq, Tzcnt, Ud2, Vmcall, Vmmcall,
    };
    match instruction.mnemonic() {
        Mnemonic::INVALID => return Some("is none"),
        // A fault like any other.
        Ud2 => return None,
        // `bsf` to an older processor, with the same result but for a zero, which the compiler asks it never of.
        Tzcnt => return None,
        Syscall | Sysenter | Sysexit | Sysexitq | Sysret | Sysretq | Vmcall | Vmmcall => {
            return Some("is a system call");
        }
        Iret | Iretd | Iretq | Retf => return Some("changes the ring"),
        _ => {}
    }
    if instruction.is_privileged() {
        return Some("is privileged");
    }
    if instruction.is_call_far() || instruction.is_call_far_indirect() || instruction.is_jmp_far() {
        return Some("changes the segment");
    }
    if matches!(instruction.flow_control(), FlowControl::Interrupt) {
        return Some("is an interrupt");
    }
    let known = instruction.cpuid_features().iter().all(|feature| FEATURES.contains(feature));
    (!known).then_some("is not of every processor")
}

/// Everything that is wrong with code at an address.
fn faults(code: &[u8], address: u64) -> Vec<String> {
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let (mut faults, mut traps) = (vec![], None);
    while decoder.can_decode() {
        let instruction = decoder.decode();
        let at = instruction.ip();
        if instruction.code() == Code::Int3 {
            traps.get_or_insert(at);
            continue;
        }
        // Traps are padding where they end at a boundary, and are fewer than reach from one to the next.
        if let Some(first) = traps.take()
            && (!at.is_multiple_of(ALIGN) || at - first >= ALIGN)
        {
            faults.push(format!("{first:#x}: a trap that is no padding"));
        }
        if let Some(wrong) = wrong(&instruction) {
            faults.push(format!("{at:#x}: {:?} {wrong}", instruction.code()));
        }
    }
    faults.extend(traps.map(|first| format!("{first:#x}: a trap at the end")));
    faults
}

/// A segment of an image that is loaded.
struct Segment {
    address: u64,
    size: usize,
    executable: bool,
    writable: bool,
    bytes: Vec<u8>,
}

/// The parts of an image that are loaded (ELF-64, program header table).
fn segments(image: &[u8]) -> Vec<Segment> {
    let number = |at: usize, size: usize| {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&image[at..at + size]);
        u64::from_le_bytes(bytes) as usize
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let headers = (0..count).map(|index| table + index * size).filter(|&header| number(header, 4) == 1);
    let segment = |header: usize| {
        let (flags, offset, length) = (number(header + 4, 4), number(header + 8, 8), number(header + 32, 8));
        Segment {
            address: number(header + 16, 8) as u64,
            size: number(header + 40, 8),
            executable: flags & 1 != 0,
            writable: flags & 2 != 0,
            bytes: image[offset..offset + length].to_vec(),
        }
    };
    headers.map(segment).collect()
}

/// The segments of an image when it has unpacked itself, which are those it was linked with.
fn unpacked(image: &[u8], linked: &[u8]) -> Vec<Segment> {
    let (packed, linked) = (segments(image), segments(linked));
    let [shim, data, room, block] = &*packed else { panic!("{} segments: the shim's two and a block", packed.len()) };
    assert!(shim.executable && !shim.writable && [data, room, block].iter().all(|segment| !segment.executable));
    assert!(room.bytes.is_empty() && room.address + room.size as u64 == block.address, "the block is where it ends");
    let mut memory = vec![0; room.size];
    memory.extend_from_slice(&block.bytes);
    let code = linked.iter().rfind(|segment| segment.executable).expect("instructions");
    let code = (code.address as usize + code.size).next_multiple_of(4096) - room.address as usize;
    unpack(&mut memory, room.size, code).expect("a block");
    for (index, segment) in linked.iter().enumerate() {
        let bytes = match index {
            0 => &*shim.bytes,
            // All but where the block is.
            1 => {
                let differs = data.bytes.iter().zip(&segment.bytes).filter(|(one, other)| one != other).count();
                assert!(differs <= 8 && data.bytes.len() == segment.bytes.len(), "{differs} bytes of the shim's data");
                continue;
            }
            _ => &memory[(segment.address - room.address) as usize..][..segment.bytes.len()],
        };
        assert!(bytes == segment.bytes, "what is unpacked is not what was linked at {:#x}", segment.address);
    }
    linked
}

fn check(machine: &Machine) {
    let image = fs::read(machine.image()).expect("an image");
    let linked = fs::read(machine.image().with_extension("debug")).expect("what it was linked to");
    let segments = unpacked(&image, &linked);
    assert!(!segments.iter().any(|segment| segment.executable && segment.writable));
    let code: Vec<_> = segments.iter().filter(|segment| segment.executable).collect();
    let &[shim, text] = code.as_slice() else { panic!("{} segments of code: the shim's and the rest's", code.len()) };
    assert!(shim.address < text.address && shim.bytes.len() < 4096, "the shim comes first and is small");

    assert!(text.bytes.len() > 10_000, "that is all: {} bytes", text.bytes.len());
    assert_eq!(faults(&text.bytes, text.address), [""; 0]);
    // The shim, which is of three modes, is searched byte by byte, which finds no less.
    for (name, bytes) in [("syscall", [0x0f, 0x05]), ("sysenter", [0x0f, 0x34])] {
        assert!(!shim.bytes.windows(2).any(|two| two == bytes), "there is a {name} in the shim");
    }

    let home = std::env::var("HOME").expect("a home");
    let folder = machine.image().parent().and_then(|dist| dist.parent()).expect("a project");
    let places = [root(), target(), folder.to_owned(), home.clone().into(), format!("{home}/.cargo").into()];
    let places: BTreeSet<String> = places.iter().map(|place| place.display().to_string()).collect();
    for place in places.iter().filter(|place| place.len() > 1) {
        let mut parts = segments.iter().map(|segment| &*segment.bytes).chain([&*image]);
        let found = parts.any(|part| part.windows(place.len()).any(|there| there == place.as_bytes()));
        assert!(!found, "`{place}` is in the image");
    }
}

/// In bytes: what was asked of `hello` and `knocking`, and a fiftieth of the least Linux that does what `http` does (`mirage-bench kvm-size`
/// makes one).
#[test]
fn images_are_small() {
    for (machine, most) in [(&HELLO, 40_000), (&HTTP, 290_000), (&KNOCKING, 200_000)] {
        let size = fs::metadata(machine.image()).expect("an image").len();
        assert!(size <= most, "{} has {size} bytes, and {most} at most", machine.image().display());
    }
}

#[test]
fn hello_executes_what_ring_3_may() {
    check(&HELLO);
}

#[test]
fn http_executes_what_ring_3_may() {
    check(&HTTP);
}

#[test]
fn knocking_executes_what_ring_3_may() {
    check(&KNOCKING);
}

/// What a request executes touches none of the floating-point unit's registers, which Xen may take an exit to give: they
/// are left to what is rare, or is about them (2,180 instructions did in this image that was compiled for any processor).
#[test]
fn few_instructions_touch_the_floating_point_unit() {
    let linked = fs::read(HTTP.image().with_extension("debug")).expect("what it was linked to");
    let segments = segments(&linked);
    let text = segments.iter().rfind(|segment| segment.executable).expect("instructions");
    let decoder = Decoder::with_ip(64, &text.bytes, text.address, DecoderOptions::NONE);
    let touches = |instruction: &Instruction| {
        (0..instruction.op_count()).any(|operand| instruction.op_register(operand).is_vector_register())
    };
    let count = decoder.into_iter().filter(touches).count();
    assert!((1..=300).contains(&count), "{count} instructions do");
}

#[test]
fn what_ring_3_may_not_execute_is_found() {
    let bad: [(&str, &[u8]); 14] = [
        ("syscall", &[0x0f, 0x05]),
        ("sysenter", &[0x0f, 0x34]),
        ("int 0x80", &[0xcd, 0x80]),
        ("int3", &[0xcc, 0x90]),
        ("hlt", &[0xf4]),
        ("cli", &[0xfa]),
        ("in al, dx", &[0xec]),
        ("out dx, eax", &[0xef]),
        ("mov cr3, rax", &[0x0f, 0x22, 0xd8]),
        ("lgdt [rax]", &[0x0f, 0x01, 0x10]),
        ("wrmsr", &[0x0f, 0x30]),
        ("iretq", &[0x48, 0xcf]),
        ("retf", &[0xcb]),
        ("vzeroupper", &[0xc5, 0xf8, 0x77]),
    ];
    for (name, bytes) in bad {
        // Between two that are allowed: `nop`, `ud2`.
        let code = [&[0x90], bytes, &[0x0f, 0x0b]].concat();
        assert_eq!(faults(&code, 0x10_0000).len(), 1, "{name}: {:?}", faults(&code, 0x10_0000));
    }
    // A function, its padding, and the next one.
    let mut code = vec![0x55, 0xc3];
    code.resize(16, 0xcc);
    code.extend([0x0f, 0x0b]);
    assert_eq!(faults(&code, 0x10_0000), [""; 0]);
}
