//! TCP and UDP over one set of addresses.
