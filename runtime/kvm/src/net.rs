//! The network interfaces: virtio's, in the order the monitor was told of them, one for each that config.rs has.

use core::task::{Context, Poll};

use alloc::format;
use alloc::string::{String, ToString as _};

use mirage::{MacAddress, Network, Offload, Offloads, Received};
use mirage_pvh::{Host as _, Platform};

use crate::hardware::Hardware;
use crate::machine::Kvm;
use crate::virtio::{self, Error, Kind};

/// A network interface.
pub struct Net(virtio::Net<Hardware>);

impl Net {
    /// The next interface of the machine.
    ///
    /// # Errors
    /// When the machine has no other, or it is none that works.
    pub async fn connect(_: &Platform) -> Result<Self, String> {
        let kvm = Kvm::get();
        let devices = kvm.devices()?;
        let number = kvm.next_network();
        let Some(&found) = devices.iter().filter(|found| found.kind == Kind::NETWORK).nth(number) else {
            let had = match number {
                0 => "no virtio network interface".into(),
                count => format!("{count} virtio network interfaces and no more"),
            };
            return Err(format!(
                "the machine has {had}; hint: with QEMU, `-device virtio-net-device,netdev=…` adds one"
            ));
        };
        let net = virtio::Net::connect(&Hardware::new(), found, None).map_err(|error| error.to_string())?;
        mirage::log::info!("net{number}: hardware address {}, MTU {}", net.mac(), net.mtu());
        Ok(Self(net))
    }
}

impl Network for Net {
    type Error = Error;

    fn mac(&self) -> MacAddress {
        self.0.mac()
    }

    fn mtu(&self) -> usize {
        self.0.mtu()
    }

    fn offloads(&self) -> Offloads {
        self.0.offloads()
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(context)
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Error> {
        self.0.receive(most, deliver)
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Error> {
        self.0.send(frame, offload)
    }

    fn notify(&mut self) -> Result<(), Error> {
        self.0.notify()
    }
}
