//! Random numbers: ChaCha20, whose seed is made of what the processor has and of what a virtio-rng device gives.

use core::convert::Infallible;
use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use mirage_pvh::{Error, Platform};
use rand_core::{TryCryptoRng, TryRng};

use crate::hardware::Hardware;
use crate::machine::Kvm;
use crate::virtio::{Kind, Rng};

/// How long a device is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// ChaCha20, one generator for all clones.
#[derive(Clone)]
pub struct Random(mirage_pvh::Random);

impl Random {
    /// Takes a seed from what the machine has.
    ///
    /// # Errors
    /// When it has nothing to take one from.
    pub async fn connect(platform: &Platform) -> Result<Self, Error> {
        let gave = match from_device(platform).await {
            Ok(gave) => gave,
            Err(why) => {
                mirage::log::warn!("{why}: the seed is the processor's alone");
                None
            }
        };
        mirage_pvh::Random::new(gave).map(Self)
    }
}

/// What a device gives, if there is one.
async fn from_device(platform: &Platform) -> Result<Option<[u8; 32]>, alloc::string::String> {
    let Some(&found) = Kvm::get().devices()?.iter().find(|found| found.kind == Kind::ENTROPY) else { return Ok(None) };
    let mut device = Rng::connect(&Hardware::new(), found).map_err(|error| alloc::format!("{error}"))?;
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
        Some(Err(error)) => Err(alloc::format!("{error}")),
        None => Err("virtio-rng gives nothing for a second".into()),
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Random {}
