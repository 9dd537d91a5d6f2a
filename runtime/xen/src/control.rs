//! What the toolstack asks of a domain: `control/shutdown` in xenstore (Xen, docs/misc/xenstore-paths.pandoc).

use mirage_pvh::{Host as _, Platform};

use crate::machine::Xen;
use crate::store::{Error, Store};

const REQUEST: &str = "control/shutdown";

/// Has the loop stop when the toolstack says so.
pub fn listen(platform: &Platform) {
    let Some(store) = Xen::get().store() else { return };
    let asked = platform.clone();
    platform.start(async move {
        if let Err(error) = obey(store, &asked).await {
            mirage::log::warn!("`xl shutdown` will not be heard: {error}");
        }
    });
}

async fn obey(store: &Store, platform: &Platform) -> Result<(), Error> {
    // So that the toolstack asks, instead of waiting in vain.
    for able in ["control/feature-poweroff", "control/feature-reboot"] {
        // Where these are not ours to write, the toolstack asks all the same.
        _ = store.write(able, "1").await;
    }
    let watch = store.watch(REQUEST).await?;
    loop {
        let request = store.read(REQUEST).await.unwrap_or_default();
        if !request.is_empty() {
            // Emptied, it is taken.
            _ = store.write(REQUEST, "").await;
        }
        match request.as_str() {
            "" => {}
            "poweroff" | "halt" | "reboot" => {
                platform.stop();
                return Ok(());
            }
            other => mirage::log::warn!("the toolstack asks for `{other}`, which this unikernel does not do"),
        }
        watch.changed().await;
    }
}
