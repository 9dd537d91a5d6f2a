//! The tables of ACPI, as far as a unikernel wants to know (ACPI 6.5, section 5.2).
//!
//! They are the monitor's: what makes no sense is not there.

/// The longest list of tables, and of what one lists, that is looked through.
const MOST: usize = 64;
/// What stands before everything else in a table.
const HEADER: u64 = 36;

/// Reads physical memory: fills what it is given, or says that it cannot.
pub trait Memory: FnMut(u64, &mut [u8]) -> bool {}

impl<M: FnMut(u64, &mut [u8]) -> bool> Memory for M {}

/// Where the table of a name is and how long it is, of those in the list that the root at `root` points to.
pub fn table(root: u64, name: &[u8; 4], see: &mut impl Memory) -> Option<(u64, usize)> {
    let mut pointer = [0; 36];
    if root == 0 || !see(root, &mut pointer) || pointer.get(..8)? != b"RSD PTR " {
        return None;
    }
    let (list, width) = match number(pointer.get(24..32)?) {
        wide if pointer[15] >= 2 && wide != 0 => (wide, 8),
        _ => (number(pointer.get(16..20)?), 4),
    };
    let (_, length) = header(list, see)?;
    let count = length.saturating_sub(HEADER as usize) / width;
    (0..count.min(MOST)).find_map(|index| {
        let mut entry = [0; 8];
        let entry = entry.get_mut(..width)?;
        let place = list.checked_add(HEADER + (index * width) as u64)?;
        see(place, entry).then_some(())?;
        let table = number(entry);
        header(table, see).filter(|(there, _)| there == name).map(|(_, length)| (table, length))
    })
}

/// How many interrupt controllers (I/O APICs) there are, by the table "APIC"; one where nobody says.
pub fn controllers(root: u64, see: &mut impl Memory) -> u32 {
    /// What an I/O APIC's entry begins with.
    const CONTROLLER: u8 = 1;
    let Some((table, length)) = table(root, b"APIC", see) else { return 1 };
    let (mut at, mut count) = (HEADER as usize + 8, 0);
    for _ in 0..4 * MOST {
        let mut entry = [0; 2];
        if at + 2 > length || !see(table + at as u64, &mut entry) || entry[1] < 2 {
            break;
        }
        count += u32::from(entry[0] == CONTROLLER);
        at += usize::from(entry[1]);
    }
    // The shim knows of two.
    count.clamp(1, 2)
}

/// A table's name and length.
fn header(table: u64, see: &mut impl Memory) -> Option<([u8; 4], usize)> {
    let mut header = [0; 8];
    if table == 0 || !see(table, &mut header) {
        return None;
    }
    let [a, b, c, d, length @ ..] = header;
    Some(([a, b, c, d], u32::from_le_bytes(length) as usize))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}
