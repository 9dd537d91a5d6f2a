//! A stub resolver (RFC 1035).
