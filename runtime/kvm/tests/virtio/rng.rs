//! Random numbers.

use std::pin::pin;
use std::task::Poll;

use mirage_kvm::virtio::find::find;
use mirage_kvm::virtio::{Kind, Rng};

use crate::fake::{Device, EVENTS, Fake, SLOTS, VERSION_1, poll};

fn source() -> (Fake, Device, Rng<Fake>) {
    let machine = Fake::new();
    let device = Device::new(4, VERSION_1 | EVENTS, &[8], &[]);
    machine.plug(SLOTS, 24, &device);
    let found = find(&machine, "").expect("devices")[0];
    assert_eq!(found.kind, Kind::ENTROPY);
    let rng = Rng::connect(&machine, found).expect("a source");
    (machine, device, rng)
}

/// The device answers with as many bytes.
fn answer(machine: &Fake, device: &Device, bytes: &[u8]) {
    assert_eq!(device.kicks(), [0]);
    let chain = device.pop(machine, 0).expect("a request");
    assert!(chain.read.is_empty() && chain.write.len() == 1);
    machine.ram().write(chain.write[0].0, bytes);
    device.push(machine, 0, &[(chain.head, bytes.len() as u32)]);
    device.listen(machine, 0);
}

#[test]
fn a_seed_is_put_together_from_what_comes() {
    let (machine, device, mut rng) = source();
    let mut seed = [0; 32];
    {
        let mut filling = pin!(rng.fill(&mut seed));
        for (bytes, wanted) in [(&[1; 10][..], false), (&[2; 1], false), (&[3; 64], true)] {
            let (polled, woken) = poll(|context| filling.as_mut().poll(context));
            assert!(polled.is_pending());
            answer(&machine, &device, bytes);
            assert_eq!(woken(), 1);
            if wanted {
                assert!(matches!(poll(|context| filling.as_mut().poll(context)).0, Poll::Ready(Ok(()))));
            }
        }
    }
    assert_eq!(seed[..10], [1; 10]);
    assert_eq!(seed[10], 2);
    assert_eq!(seed[11..], [3; 21]);
    machine.unplug();
}

#[test]
fn whoever_gives_up_leaves_the_answer_to_the_next() {
    let (machine, device, mut rng) = source();
    let mut seed = [0; 8];
    assert!(poll(|context| rng.poll_fill(context, &mut seed)).0.is_pending());
    answer(&machine, &device, &[7; 64]);
    assert!(matches!(poll(|context| rng.poll_fill(context, &mut seed)).0, Poll::Ready(Ok(8))));
    assert_eq!(seed, [7; 8]);
    machine.unplug();
}

#[test]
fn an_answer_of_nothing_is_none() {
    let (machine, device, mut rng) = source();
    let mut seed = [0; 8];
    assert!(poll(|context| rng.poll_fill(context, &mut seed)).0.is_pending());
    answer(&machine, &device, &[]);
    let Poll::Ready(Err(error)) = poll(|context| rng.poll_fill(context, &mut seed)).0 else { panic!("no error") };
    assert_eq!(
        error.to_string(),
        "virtio-rng at 0xfeb00000: the monitor says that it wrote 0 bytes into a buffer of queue `requests`, which has \
         from 1 to 64"
    );
    assert!(device.is_given_up());
    machine.unplug();
}
