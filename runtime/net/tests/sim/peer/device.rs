//! A port, as smoltcp wants a device.

use std::collections::VecDeque;

use mirage::{Network as _, Offload};
use mirage_test::Port;
use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

pub struct Device {
    pub port: Port,
    pub came: VecDeque<Vec<u8>>,
}

impl Device {
    pub fn new(port: Port) -> Self {
        Self { port, came: VecDeque::new() }
    }

    /// Takes what has arrived.
    pub fn take(&mut self) {
        let came = &mut self.came;
        self.port.receive(usize::MAX, &mut |frame, _| came.push_back(frame.to_vec())).unwrap();
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sender<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sender<'_>)> {
        let frame = self.came.pop_front()?;
        Some((Received(frame), Sender(&mut self.port)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sender<'_>> {
        Some(Sender(&mut self.port))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.port.mtu() + 14;
        capabilities
    }
}

pub struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, use_it: F) -> R {
        use_it(&self.0)
    }
}

pub struct Sender<'a>(&'a mut Port);

impl phy::TxToken for Sender<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut frame = vec![0; length];
        let result = fill(&mut frame);
        assert!(self.0.send(&[&frame], Offload::default()).unwrap());
        self.0.notify().unwrap();
        result
    }
}
