//! Fields: lists, and what a proxy passes on.

use crate::Head;

/// A value without the spaces and tabs around it.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    trim_end(value)
}

/// A value without the spaces and tabs after it.
pub(crate) fn trim_end(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// The members of a list (RFC 9110 §5.6.1), empty ones left out.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim).filter(|member| !member.is_empty())
}

/// Fields that concern one connection, not the message (RFC 9110 §7.6.1), and those that go with them.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// The fields a proxy passes on: all but those of the connection, those that `Connection` names, and those that say
/// where the message ends, which the proxy says itself.
pub fn forwarded(head: &Head) -> impl Iterator<Item = (&str, &[u8])> {
    head.fields().filter(|(name, _)| {
        let known = HOP_BY_HOP.iter().chain(&["content-length"]).any(|hop| name.eq_ignore_ascii_case(hop));
        !known && !head.lists("connection", name)
    })
}
