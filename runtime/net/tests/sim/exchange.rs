//! What hosts do to each other in these tests, whatever stack they run.

use std::net::SocketAddr;
use std::time::Duration;

use mirage::io::Write as _;
use mirage::{BufWrite as _, Clock as _, Flow as _, Listener as _, Spawn as _, Tcp, Time as _, Udp, UdpSocket as _};
use mirage_test::{Conditions, World, read_to_end};

use crate::{HERE, THERE};

/// Past this a transfer is stuck.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Bytes that no shift by a segment, a window or a buffer repeats.
pub fn pattern(length: usize) -> Vec<u8> {
    (0_u64..).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8).take(length).collect()
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let differs = a.iter().zip(b).position(|(a, b)| a != b);
    differs.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

/// Connects `client`, at [`HERE`], to `server`, at [`THERE`]; sends `length` bytes up and, when they have come and the
/// client has closed, as many back. Everything has to arrive, once and in order, and both ends have to see the end.
/// Returns how long it took to get there, and back.
pub async fn both_ways(world: &World, client: impl Tcp, server: impl Tcp, length: usize) -> [Duration; 2] {
    let (time, begin, clock) = (world.time(), world.clock().now(), world.clock());
    let mut listener = server.listen(80).await.unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    world.spawner().spawn(async move {
        let flow = listener.accept().await.unwrap();
        assert_eq!((flow.local(), flow.peer().ip()), (SocketAddr::from((THERE, 80)), HERE.into()));
        let (mut reader, mut writer) = flow.split();
        let all = read_to_end(&mut reader).await.unwrap();
        let there = clock.now().since(begin);
        // Half-closed: the way back is still open (RFC 9293, section 3.6).
        writer.write_all(&all).await.unwrap();
        writer.close().await.unwrap();
        tell.send((all, there)).unwrap();
    });
    let exchange = async {
        let flow = client.connect((THERE, 80).into()).await.unwrap();
        assert_eq!(flow.peer(), SocketAddr::from((THERE, 80)));
        let (mut reader, mut writer) = flow.split();
        let sent = pattern(length);
        writer.write_all(&sent).await.unwrap();
        writer.close().await.unwrap();
        let back = read_to_end(&mut reader).await.unwrap();
        let (came, there) = told.try_recv().expect("the server has finished first");
        assert_eq!(first_difference(&sent, &came), None, "on the way there ({} bytes came)", came.len());
        assert_eq!(first_difference(&sent, &back), None, "on the way back ({} bytes came)", back.len());
        [there, world.clock().now().since(begin) - there]
    };
    time.timeout(PATIENCE, exchange).await.expect("the transfer is stuck")
}

/// Sends `length` bytes up and down at the same time.
pub async fn at_once(world: &World, client: impl Tcp, server: impl Tcp, length: usize) -> Duration {
    let (time, begin) = (world.time(), world.clock().now());
    let mut listener = server.listen(80).await.unwrap();
    let spawner = world.spawner();
    let (tell, told) = std::sync::mpsc::channel();
    world.spawner().spawn(async move {
        let (mut reader, mut writer) = listener.accept().await.unwrap().split();
        spawner.spawn(async move {
            writer.write_all(&pattern(length)).await.unwrap();
            writer.close().await.unwrap();
        });
        tell.send(read_to_end(&mut reader).await.unwrap()).unwrap();
    });
    let exchange = async {
        let (mut reader, mut writer) = client.connect((THERE, 80).into()).await.unwrap().split();
        world.spawner().spawn(async move {
            writer.write_all(&pattern(length)).await.unwrap();
            writer.close().await.unwrap();
        });
        assert_eq!(first_difference(&pattern(length), &read_to_end(&mut reader).await.unwrap()), None, "down");
        let came = loop {
            match told.try_recv() {
                Ok(came) => break came,
                Err(_) => time.sleep(Duration::from_millis(10)).await,
            }
        };
        assert_eq!(first_difference(&pattern(length), &came), None, "up");
    };
    world.time().timeout(PATIENCE, exchange).await.expect("the transfer is stuck");
    world.clock().now().since(begin)
}

/// Has `server` echo a few datagrams of different lengths.
pub async fn datagrams(world: &World, client: impl Udp, server: impl Udp, lengths: &[usize]) {
    let echo = server.bind(7).await.unwrap();
    world.spawner().spawn(async move {
        let mut buffer = vec![0; 65_535];
        loop {
            let (length, from) = echo.receive(&mut buffer).await.unwrap();
            echo.send(&buffer[..length], from).await.unwrap();
        }
    });
    let socket = client.bind(0).await.unwrap();
    let mut buffer = vec![0; 65_535];
    for &length in lengths {
        socket.send(&pattern(length), (THERE, 7).into()).await.unwrap();
        let answer = world.time().timeout(Duration::from_secs(5), socket.receive(&mut buffer)).await;
        let (came, from) = answer.expect("no datagram comes back").unwrap();
        assert_eq!(from, SocketAddr::from((THERE, 7)));
        assert_eq!(first_difference(&buffer[..came], &pattern(length)), None, "of {length} bytes");
    }
}

/// The conditions that everything has to get through, with their names.
pub fn weathers() -> Vec<(&'static str, Conditions)> {
    let default = Conditions::default;
    let millis = Duration::from_millis;
    vec![
        ("nothing wrong", default()),
        ("0.1 % lost", Conditions { loss: 0.001, ..Conditions::after(millis(1)) }),
        ("1 % lost", Conditions { loss: 0.01, ..Conditions::after(millis(1)) }),
        ("5 % lost", Conditions { loss: 0.05, ..Conditions::after(millis(1)) }),
        ("5 % late", Conditions { reordering: 0.05, ..Conditions::after(millis(1)) }),
        ("5 % twice", Conditions { duplication: 0.05, ..Conditions::after(millis(1)) }),
        ("1 % corrupted", Conditions { corruption: 0.01, ..Conditions::after(millis(1)) }),
        ("1 ms", Conditions::after(millis(1))),
        ("50 ms", Conditions::after(millis(50))),
        ("1 to 20 ms", Conditions { delay: millis(1)..=millis(20), ..default() }),
        ("1 MB/s", Conditions { rate: Some(1_000_000), queue: 32 * 1024, ..Conditions::after(millis(5)) }),
        (
            "everything",
            Conditions {
                delay: millis(1)..=millis(10),
                loss: 0.02,
                duplication: 0.02,
                corruption: 0.01,
                reordering: 0.02,
                rate: Some(2_000_000),
                queue: 64 * 1024,
                ..default()
            },
        ),
    ]
}
