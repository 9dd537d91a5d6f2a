//! The console of machines that have one of virtio's.

use alloc::string::{String, ToString as _};

use mirage_pvh::{Host as _, Platform, say_by};

use crate::hardware::Hardware;
use crate::machine::Kvm;
use crate::virtio::{self, Kind};

/// The console: virtio's, which is a few exits to the monitor for a line where a serial port takes one for every byte; the
/// serial port where the machine has none of virtio's. What was said before it was connected went to the serial port.
#[derive(Clone)]
pub enum VirtioConsole {
    /// Virtio's.
    Virtio(virtio::Console<Hardware>),
    /// The serial port.
    Serial(crate::Console),
}

impl VirtioConsole {
    /// The console of this machine, the same each time.
    ///
    /// # Errors
    /// When it is none that works.
    pub async fn connect(platform: &Platform) -> Result<Self, String> {
        let kvm = Kvm::get();
        if let Some(console) = kvm.console().get() {
            return Ok(Self::Virtio(console.clone()));
        }
        let Some(&found) = kvm.devices()?.iter().find(|found| found.kind == Kind::CONSOLE) else {
            let Ok(serial) = crate::Console::connect(platform).await;
            return Ok(Self::Serial(serial));
        };
        let console = virtio::Console::connect(&Hardware::new(), found).map_err(|error| error.to_string())?;
        let console = kvm.console().get_or_init(|| console);
        // The log, and what is said last, as well.
        say_by(|bytes| {
            if let Some(console) = Kvm::get().console().get() {
                console.write_now(bytes);
            }
        });
        Ok(Self::Virtio(console.clone()))
    }
}

impl mirage::Console for VirtioConsole {
    type Error = virtio::Error;

    async fn write(&self, bytes: &[u8]) -> Result<(), virtio::Error> {
        match self {
            Self::Virtio(console) => console.write(bytes).await,
            Self::Serial(serial) => {
                let Ok(()) = serial.write(bytes).await;
                Ok(())
            }
        }
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, virtio::Error> {
        match self {
            Self::Virtio(console) => console.read(buffer).await,
            Self::Serial(serial) => {
                let Ok(count) = serial.read(buffer).await;
                Ok(count)
            }
        }
    }
}
