//! What a fault was, in words.

/// The statuses a machine ends with, besides those of [`mirage::plumbing::FailureKind`].
pub mod status {
    /// This machine cannot run the image.
    pub const UNFIT: u8 = 99;
    /// The program panicked.
    pub const PANIC: u8 = 101;
    /// There is no memory left.
    pub const MEMORY: u8 = 102;
    /// An exception that has no status of its own.
    pub const EXCEPTION: u8 = 103;
    /// The first page was touched: a null pointer.
    pub const NULL: u8 = 104;
    /// The stack is used up.
    pub const STACK: u8 = 105;
    /// Text or constants were written to.
    pub const READ_ONLY: u8 = 106;
    /// Memory that is not text was executed.
    pub const EXECUTE: u8 = 107;
    /// An instruction that only ring 0 may execute.
    pub const PRIVILEGED: u8 = 108;
    /// The shim's memory was touched.
    pub const SHIM: u8 = 109;
    /// A fault in the shim, or while a fault was reported.
    pub const LAST: u8 = 110;
}

/// Bits of a page fault's error code (Intel SDM volume 3, section 4.7).
const PRESENT: u64 = 1;
const WRITE: u64 = 1 << 1;
const FETCH: u64 = 1 << 4;

/// Where the parts of an image lie, as far as a fault can be told by it.
#[derive(Clone, Copy)]
pub struct Places {
    /// What only the shim has: itself, the page tables, the interrupt controllers.
    pub shim: [(u64, u64); 3],
    /// The page below the stack.
    pub guard: (u64, u64),
}

/// What an exception means: a status, and words for it.
pub fn explain(vector: u64, error: u64, address: u64, places: Places) -> (u8, &'static str) {
    let within = |(from, to): (u64, u64)| (from..to).contains(&address);
    match vector {
        0 => (status::EXCEPTION, "division by zero, or its result too large"),
        6 => (status::EXCEPTION, "an instruction that does not exist, such as an abort"),
        13 => (status::PRIVILEGED, "a privileged instruction, or an address that cannot be"),
        14 if within(places.guard) => (status::STACK, "the stack is used up"),
        14 if places.shim.into_iter().any(within) => (status::SHIM, "the shim's memory is out of reach"),
        14 if error & FETCH != 0 => (status::EXECUTE, "what is there cannot be executed"),
        14 if address < 4096 => (status::NULL, "a null pointer"),
        14 if error & PRESENT != 0 && error & WRITE != 0 => (status::READ_ONLY, "what is there can only be read"),
        14 => (status::EXCEPTION, "there is no memory there"),
        17 => (status::EXCEPTION, "an address that is not aligned"),
        19 => (status::EXCEPTION, "a floating-point exception"),
        _ => (status::EXCEPTION, "an exception of the processor"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_property_has_a_status_of_its_own() {
        let shim = [(0x10_0000, 0x10_4000), (0x14_0000, 0x15_0000), (0xfec0_0000, 0xfef0_0000)];
        let places = Places { shim, guard: (0x7000, 0x8000) };
        let of = |vector, error, address| explain(vector, error, address, places).0;
        assert_eq!(of(14, 4, 0), status::NULL);
        assert_eq!(of(14, 6, 0x7ff8), status::STACK);
        assert_eq!(of(14, 7, 0x20_0000), status::READ_ONLY);
        assert_eq!(of(14, 0x15, 0x30_0000), status::EXECUTE);
        assert_eq!(of(13, 0, 0), status::PRIVILEGED);
        assert_eq!(of(14, 7, 0x10_0010), status::SHIM);
        assert_eq!(of(14, 5, 0xfee0_0020), status::SHIM);
        assert_eq!(of(14, 4, 0x5000_0000), status::EXCEPTION);
    }
}
