//! SYN cookies (RFC 4987 section 3.6): handshakes that the peer remembers instead of this end.
//!
//! The initial sequence number of the SYN-ACK is `period (2 bits) | segment size (3 bits) | keyed hash (27 bits)`. What
//! has no room there goes into the lowest six bits of our timestamp, if the peer takes timestamps (RFC 7323): it sends
//! them back in its ACK.

use mirage::time::Instant;

use super::Secret;
use crate::tcp::Seq;
use crate::tcp::table::{HalfOpen, Pair};

/// The segment sizes a cookie knows, in bytes; a peer's is rounded down to one of them. Those of common links, with room
/// for tunnels.
const SIZES: [u16; 8] = [216, 536, 1220, 1340, 1400, 1440, 1460, 8940];
/// A cookie is good for this period and the next: 68.7 s to 137 s.
const PERIOD: u32 = 36;
/// The bits of a timestamp that carry options.
const OPTIONS: u32 = 0x3f;
/// Instead of a window scale, which is 14 at the most: there is none.
const NO_SCALE: u8 = 0xf;
const SACK: u32 = 0x10;

/// When cookies were last handed out: without any under way, none is believed.
#[derive(Default)]
pub struct Cookies {
    period: Option<u64>,
}

impl Cookies {
    /// An initial sequence number for our SYN-ACK, and what to do with its timestamp. Nothing for a peer whose segments
    /// are too small to bother.
    pub fn bake(&mut self, secret: &Secret, half: &HalfOpen, now: Instant) -> Option<Seq> {
        let size = SIZES.iter().rposition(|&size| size <= half.mss)? as u32;
        let period = now.as_nanos() >> PERIOD;
        self.period = Some(period);
        Some(assemble(secret, &half.pair, half.irs, period, size))
    }

    /// What was known of a handshake, from the ACK that ends it: `iss` and `irs` are one less than the ACK and sequence
    /// number of that.
    pub fn check(&self, secret: &Secret, pair: Pair, iss: Seq, irs: Seq, now: Instant) -> Option<HalfOpen> {
        let current = now.as_nanos() >> PERIOD;
        let period =
            [current, current.wrapping_sub(1)].into_iter().find(|period| (*period as u32 & 3) == iss.0 >> 30)?;
        if self.period.is_none_or(|last| last < period) {
            return None;
        }
        let size = iss.0 >> 27 & 7;
        (assemble(secret, &pair, irs, period, size) == iss).then_some(HalfOpen {
            pair,
            iss,
            irs,
            echo: 0,
            timestamps: false,
            mss: SIZES[size as usize],
            window: 0,
            scale: None,
            sack: false,
            sent: 0,
            due: 0,
        })
    }
}

/// The timestamp of a SYN-ACK with a cookie: `clock` or a little earlier, with options in it.
pub fn stamp(half: &HalfOpen, clock: u32) -> u32 {
    let options = u32::from(half.scale.unwrap_or(NO_SCALE)) | if half.sack { SACK } else { 0 };
    let stamp = clock & !OPTIONS | options;
    if stamp > clock { stamp.wrapping_sub(OPTIONS + 1) } else { stamp }
}

/// Puts the options that came back in a timestamp into `half`.
pub fn read_stamp(half: &mut HalfOpen, echoed: u32, value: u32) {
    let scale = (echoed & 0xf) as u8;
    half.timestamps = true;
    half.echo = value;
    half.sack = echoed & SACK != 0;
    half.scale = (scale != NO_SCALE).then_some(scale);
}

fn assemble(secret: &Secret, pair: &Pair, irs: Seq, period: u64, size: u32) -> Seq {
    let hash = secret.cookie(pair, irs.0, period << 3 | u64::from(size));
    Seq((period as u32 & 3) << 30 | size << 27 | hash >> 5)
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv6Addr, SocketAddr};
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::tcp::guard::numbers::Numbers;

    fn half(mss: u16, scale: Option<u8>, sack: bool) -> HalfOpen {
        let end = |port| SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port);
        HalfOpen {
            pair: Pair::new(end(80), end(1)),
            iss: Seq(0),
            irs: Seq(77),
            echo: 5,
            timestamps: true,
            mss,
            window: 0,
            scale,
            sack,
            sent: 0,
            due: 0,
        }
    }

    proptest! {
        #[test]
        fn brings_the_options_back_rfc_4987_3_6(
            mss in 216u16.., scale in prop::option::of(0u8..15), sack: bool, clock: u32, now in 0u64..1 << 50, age in 0u64..60,
        ) {
            let (secret, mut cookies) = (Secret::new(&mut Numbers::new(1)), Cookies::default());
            let asked = half(mss, scale, sack);
            let now = Instant::from_nanos(now);
            let iss = cookies.bake(&secret, &asked, now).unwrap();
            let stamp = stamp(&asked, clock);
            prop_assert!(clock.wrapping_sub(stamp) < 64);

            let later = now + Duration::from_secs(age);
            let mut back = cookies.check(&secret, asked.pair, iss, Seq(77), later).unwrap();
            read_stamp(&mut back, stamp, 5);
            prop_assert!(back.mss <= mss && (mss > 8940 || u32::from(mss) < u32::from(back.mss) * 7));
            prop_assert_eq!((back.scale, back.sack, back.echo), (scale, sack, 5));

            prop_assert!(cookies.check(&secret, asked.pair, iss, Seq(78), later).is_none());
            prop_assert!(cookies.check(&secret, asked.pair, Seq(iss.0 ^ 1), Seq(77), later).is_none());
            prop_assert!(cookies.check(&secret, asked.pair, iss, Seq(77), now + Duration::from_secs(140)).is_none());
        }
    }

    #[test]
    fn none_is_believed_when_none_was_handed_out() {
        let (secret, mut cookies) = (Secret::new(&mut Numbers::new(1)), Cookies::default());
        let iss = cookies.bake(&secret, &half(1460, None, false), Instant::START).unwrap();
        assert!(Cookies::default().check(&secret, half(0, None, false).pair, iss, Seq(77), Instant::START).is_none());
    }
}
