//! What a virtio-rng device gives to a seed.

use alloc::string::{String, ToString as _};
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use mirage_pvh::Platform;

use crate::hardware::Hardware;
use crate::machine::Kvm;
use crate::virtio::{Kind, Rng};

/// How long a device is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a device gives, if there is one that does.
pub async fn seed(machine: &Kvm, platform: &Platform) -> Option<[u8; 32]> {
    from_device(machine, platform).await.unwrap_or_else(|why| {
        mirage::log::warn!("{why}: the seed is the processor's alone");
        None
    })
}

async fn from_device(machine: &Kvm, platform: &Platform) -> Result<Option<[u8; 32]>, String> {
    let Some(&found) = machine.devices()?.iter().find(|found| found.kind == Kind::ENTROPY) else { return Ok(None) };
    let mut device = Rng::connect(&Hardware::new(), found).map_err(|error| error.to_string())?;
    let fill = async {
        let mut seed = [0; 32];
        device.fill(&mut seed).await.map(|()| seed)
    };
    let (mut fill, mut late) = (pin!(fill), pin!(platform.sleep(PATIENCE)));
    let filled = poll_fn(|context| match fill.as_mut().poll(context) {
        Poll::Pending => late.as_mut().poll(context).map(|()| None),
        done => done.map(Some),
    });
    match filled.await {
        Some(Ok(seed)) => Ok(Some(seed)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("virtio-rng gives nothing for a second".into()),
    }
}
