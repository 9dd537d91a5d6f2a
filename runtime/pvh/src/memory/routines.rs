//! `memcpy` and its kin, which the compiler takes for granted.

core::arch::global_asm!(include_str!("routines.s"), ".text");
