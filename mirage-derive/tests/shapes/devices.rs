//! Shapes of device traits that work.
#![deny(warnings)]
#![allow(async_fn_in_trait)]

use mirage::meta::Kind;
use mirage_config::prelude::*;

/// A thermometer.
#[mirage::device]
pub trait Sensor: Clone + 'static {
    /// Why it has no reading.
    type Error: core::fmt::Display;
    /// What it is read through.
    #[kind(mirage::kind::Console)]
    type Console: mirage::Console;

    /// Reads it.
    async fn read(&self, _channel: u8) -> Result<f32, Self::Error>;
    fn reset(&mut self);
    fn close(self);
    fn console(&self) -> &Self::Console;
    fn twice<T: Clone>(&self, value: T) -> (T, T) {
        (value.clone(), value)
    }
}

#[mirage::device(unshared, kind = AnyBus)]
pub trait Bus: 'static {
    fn send(&mut self, bytes: &[u8]);
}

#[mirage::job]
pub async fn start<S: Sensor<Console = C>, C: mirage::Console>(_: S, _: C, _: impl Bus) {}

#[track_caller]
fn sensor() -> Impl<SensorKind> {
    device("sensor").on([Target::Unix, Target::Kvm], "weather::Sensor").provide()
}

fn main() {
    assert_eq!((SensorKind::NAME, SensorKind::SHARED), ("Sensor", true));
    assert_eq!((AnyBus::NAME, AnyBus::SHARED), ("Bus", false));
    let bus: Impl<AnyBus> = device("bus").everywhere("weather::Bus").over(sensor()).provide();
    let unikernel = unikernel("weather").job(job!(start(sensor(), default_console(), bus)));
    assert!(unikernel.to_json().contains("\"problems\":[]"));
}
