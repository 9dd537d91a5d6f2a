//! The TCP endpoint, over an IP in memory and in virtual time.

mod batches;
mod bulk;
mod closing;
mod cost;
mod disorder;
mod flood;
mod nonsense;
mod opening;
mod smoltcp_peer;
mod strangers;
mod support;
