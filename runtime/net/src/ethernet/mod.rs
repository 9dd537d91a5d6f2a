//! Ethernet (IEEE 802.3): the loop over an interface, and frames by protocol.
