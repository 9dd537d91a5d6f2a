//! What both ends say in xenstore: where the rings are, what each can do, and how far they are
//! (xen/include/public/io/xenbus.h; Xen, docs/misc/xenstore-paths.pandoc).

use alloc::format;
use alloc::string::{String, ToString as _};

use mirage::{MacAddress, Offloads};

use crate::event::Channel;
use crate::grant::Grant;
use crate::store::{Error, Store, Watch};

/// How far an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is not there, or what it says is nothing.
    Gone,
    /// It prepares.
    Initialising,
    /// It waits for the other end.
    Waiting,
    /// It has said all it has to say.
    Initialised,
    /// It works.
    Connected,
    /// It is about to go.
    Closing,
    /// It has gone.
    Closed,
}

impl State {
    fn of(text: &str) -> Self {
        match text {
            "1" => Self::Initialising,
            "2" => Self::Waiting,
            "3" => Self::Initialised,
            "4" => Self::Connected,
            "5" => Self::Closing,
            "6" => Self::Closed,
            _ => Self::Gone,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Gone => "0",
            Self::Initialising => "1",
            Self::Waiting => "2",
            Self::Initialised => "3",
            Self::Connected => "4",
            Self::Closing => "5",
            Self::Closed => "6",
        }
    }
}

/// A back end, as the front end's folder names it.
pub struct Back {
    store: Store,
    front: String,
    path: String,
    /// The domain it is in.
    pub domain: u16,
    /// Tells of its state.
    watch: Watch,
}

impl Back {
    /// The back end of the front end at `front`: `device/vif/0`.
    pub async fn of(store: &Store, front: &str) -> Result<Self, Error> {
        let path = store.read(&format!("{front}/backend")).await?;
        let domain = store.read(&format!("{front}/backend-id")).await?.parse().unwrap_or_default();
        let watch = store.watch(&format!("{path}/state")).await?;
        Ok(Self { store: store.clone(), front: front.to_string(), path, domain, watch })
    }

    /// The address it has for us.
    pub async fn mac(&self) -> Option<MacAddress> {
        self.store.read(&format!("{}/mac", self.front)).await.ok()?.parse().ok()
    }

    /// How far it is.
    pub async fn state(&self) -> State {
        self.store.read(&format!("{}/state", self.path)).await.map_or(State::Gone, |text| State::of(&text))
    }

    /// Waits until it is far enough for something.
    pub async fn until(&self, enough: impl Fn(State) -> bool) -> State {
        loop {
            let state = self.state().await;
            if enough(state) {
                return state;
            }
            self.watch.changed().await;
        }
    }

    /// Whether it says that it has a feature.
    async fn has(&self, feature: &str) -> bool {
        self.store.read(&format!("{}/{feature}", self.path)).await.is_ok_and(|text| text == "1")
    }

    /// What it does with frames that go to it; none if it cannot copy, as every one since Xen 3.1 can.
    pub async fn offloads(&self) -> Option<(Offloads, bool)> {
        let gathers = self.has("feature-sg").await;
        let checksum = !self.has("feature-no-csum-offload").await;
        let offloads = Offloads {
            checksum,
            segment_v4: checksum && gathers && self.has("feature-gso-tcpv4").await,
            segment_v6: checksum && gathers && self.has("feature-gso-tcpv6").await,
        };
        self.has("feature-rx-copy").await.then_some((offloads, gathers))
    }

    /// Says where our rings are and what we can do.
    pub async fn offer(&self, transmit: Grant, receive: Grant, channel: Channel) -> Result<(), Error> {
        let one = || "1".to_string();
        let texts = [
            ("tx-ring-ref", transmit.reference().to_string()),
            ("rx-ring-ref", receive.reference().to_string()),
            ("event-channel", channel.port().to_string()),
            ("request-rx-copy", one()),
            ("feature-rx-notify", one()),
            ("feature-sg", one()),
            ("feature-gso-tcpv4", one()),
            ("feature-gso-tcpv6", one()),
            ("feature-ipv6-csum-offload", one()),
        ];
        self.store.write_all(&self.front, &texts).await
    }

    /// Says how far we are.
    pub async fn say(&self, state: State) -> Result<(), Error> {
        self.store.write(&format!("{}/state", self.front), state.text()).await
    }
}
