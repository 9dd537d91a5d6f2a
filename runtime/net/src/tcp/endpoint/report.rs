//! What ICMP says of segments that were sent (RFC 5927).

use core::net::SocketAddr;

use mirage::{Clock, Ip, Random, Undelivered, Why};

use super::{Endpoint, output};
use crate::tcp::Seq;
use crate::tcp::connection::{Changes, State};
use crate::tcp::table::Pair;

impl<I: Ip, C: Clock, R: Random> Endpoint<I, C, R> {
    /// Believes a report that quotes a segment which is under way; nobody else can know its number (RFC 5927 section
    /// 4.1).
    pub(super) fn report(&self, report: &Undelivered<'_>) {
        let Undelivered { source, destination, why, now, .. } = *report;
        let &[a, b, c, d, e, f, g, h, ..] = report.quoted else { return };
        let (here, there) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let pair = Pair::new(SocketAddr::new(source, here), SocketAddr::new(destination, there));
        let Some(socket) = self.core.find(self.core.secret.hash(&pair), &pair) else { return };
        let Ok(mut connection) = socket.connection.try_borrow_mut() else { return };
        if !connection.quotes(Seq(u32::from_be_bytes([e, f, g, h]))) {
            return;
        }
        match why {
            Why::TooLarge(mtu) => connection.path_mtu(output::segment_size(mtu, destination)),
            Why::Refused => connection.unreachable(true),
            Why::Unreachable => connection.unreachable(false),
        }
        let failed = connection.state() == State::Closed;
        drop(connection);
        self.core.apply(&socket, Changes { failed, dirty: !failed, ..Changes::default() }, now);
    }
}
