//! Sequence numbers, which wrap around (RFC 9293, 3.4).

use core::ops::{Add, AddAssign, Sub};

/// A sequence number. The order of two is that of the shorter way around, so it is one only for numbers that are less
/// than 2³¹ apart, as all of a connection's are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// Whether this one comes before `other`.
    pub const fn lt(self, other: Self) -> bool {
        (self.0.wrapping_sub(other.0) as i32) < 0
    }

    /// Whether this one comes before `other` or is it.
    pub const fn le(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) as i32 <= 0
    }

    /// Whether this one comes after `other`.
    pub const fn gt(self, other: Self) -> bool {
        other.lt(self)
    }

    /// Whether this one comes after `other` or is it.
    pub const fn ge(self, other: Self) -> bool {
        other.le(self)
    }

    /// How many octets lie between `earlier` and this one.
    pub const fn distance(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// The earlier of the two.
    #[must_use]
    pub const fn earlier(self, other: Self) -> Self {
        if self.lt(other) { self } else { other }
    }

    /// The later of the two.
    #[must_use]
    pub const fn later(self, other: Self) -> Self {
        if self.lt(other) { other } else { self }
    }
}

impl Add<u32> for Seq {
    type Output = Self;

    fn add(self, octets: u32) -> Self {
        Self(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

impl Sub<u32> for Seq {
    type Output = Self;

    fn sub(self, octets: u32) -> Self {
        Self(self.0.wrapping_sub(octets))
    }
}

impl Sub for Seq {
    type Output = i32;

    /// How far this one is past `other`; negative when it comes before.
    fn sub(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    /// RFC 9293, 3.4: comparisons are modulo 2³².
    #[test]
    fn the_order_wraps_around() {
        let before = Seq(u32::MAX - 1);
        let after = before + 4;
        assert_eq!(after, Seq(2));
        assert!(before.lt(after) && before.le(after) && after.gt(before) && after.ge(before));
        assert!(before.le(before) && !before.lt(before));
        assert_eq!((after - before, before - after, after.distance(before)), (4, -4, 4));
        assert_eq!((before.earlier(after), before.later(after)), (before, after));
    }
}
