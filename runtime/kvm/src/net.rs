//! The network interfaces: virtio's, in the order the monitor was told of them, one for each that config.rs has.

use core::convert::Infallible;
use core::task::{Context, Poll};

use alloc::format;
use alloc::string::{String, ToString as _};

use mirage::{MacAddress, Network, Offload, Offloads, Received};
use mirage_pvh::{Host as _, Platform};

use crate::hardware::Hardware;
use crate::machine::Kvm;
use crate::virtio::{self, Error, Kind};

/// A network interface. One that fails ends the unikernel: whoever started it can start it again, and a monitor that breaks
/// the rules is not to be served.
pub struct Net {
    device: virtio::Net<Hardware>,
    platform: Platform,
}

impl Net {
    /// The next interface of the machine.
    ///
    /// # Errors
    /// When the machine has no other, or it is none that works.
    pub async fn connect(platform: &Platform) -> Result<Self, String> {
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
        let device = virtio::Net::connect(&Hardware::new(), found, None).map_err(|error| error.to_string())?;
        mirage::log::info!("net{number}: hardware address {}, MTU {}", device.mac(), device.mtu());
        Ok(Self { device, platform: platform.clone() })
    }

    fn sound<T>(&self, result: Result<T, Error>) -> Result<T, Infallible> {
        result.or_else(|error| self.platform.fail(&error))
    }
}

impl Network for Net {
    type Error = Infallible;

    fn mac(&self) -> MacAddress {
        self.device.mac()
    }

    fn mtu(&self) -> usize {
        self.device.mtu()
    }

    fn offloads(&self) -> Offloads {
        self.device.offloads()
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.device.poll_ready(context).map(|ready| self.sound(ready))
    }

    fn receive(&mut self, most: usize, deliver: &mut dyn FnMut(&mut [u8], Received)) -> Result<usize, Infallible> {
        let received = self.device.receive(most, deliver);
        self.sound(received)
    }

    fn send(&mut self, frame: &[&[u8]], offload: Offload) -> Result<bool, Infallible> {
        let sent = self.device.send(frame, offload);
        self.sound(sent)
    }

    fn notify(&mut self) -> Result<(), Infallible> {
        let notified = self.device.notify();
        self.sound(notified)
    }
}
