//! The kvm platform: a unikernel as a virtual machine of its own, on the devices virtio describes.
#![no_std]
#![deny(unsafe_code)] // but for what is expected of `virtio/memory.rs`
#![allow(async_fn_in_trait)] // single-threaded by design: no future here is ever `Send`

extern crate alloc;

pub mod virtio;
