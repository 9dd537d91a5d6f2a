//! What the toolstack asks of a domain: `control/shutdown` in xenstore (Xen, docs/misc/xenstore-paths.pandoc).

use mirage_pvh::{End, Host as _, Platform};

use crate::machine::Xen;
use crate::store::{Error, Store};

const REQUEST: &str = "control/shutdown";
/// What is said of what can be asked for: so that the toolstack asks, instead of waiting in vain, or does not ask.
const FEATURES: [(&str, &str); 4] = [
    ("control/feature-poweroff", "1"),
    ("control/feature-reboot", "1"),
    ("control/feature-suspend", "0"),
    // libxl does not read that. It asks here first for a channel to suspend us by, and fails at once, with us going on, if
    // there is none of this number; without a number it would ask for a suspend, and wait for a minute.
    ("device/suspend/event-channel", "0"),
];

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
    for (feature, able) in FEATURES {
        // Where these are not ours to write, the toolstack asks all the same.
        _ = store.write(feature, able).await;
    }
    let watch = store.watch(REQUEST).await?;
    loop {
        match store.read(REQUEST).await.unwrap_or_default().as_str() {
            "" => {}
            asked @ ("poweroff" | "halt" | "reboot") => {
                // Emptied, it is taken.
                _ = store.write(REQUEST, "").await;
                platform.stop(if asked == "reboot" { End::Restart } else { End::Off });
                return Ok(());
            }
            // It stays as it is, which says no: the toolstack takes it back.
            other => mirage::log::warn!("the toolstack asks for `{other}`, which this unikernel does not do"),
        }
        watch.changed().await;
    }
}
