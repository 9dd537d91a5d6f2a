//! Ethernet, ARP, IPv4 and ICMP, seen from the wire: one test a rule, the RFC's section beside it.

mod arp;
mod bench;
mod ethernet;
mod icmp;
mod ipv4;
mod packets;
mod unreachable;
