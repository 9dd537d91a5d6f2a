//! Asks a host whether it is there, and says how long the answers took: ping, over IP itself.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod echo;
mod replies;
mod times;

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use core::net::IpAddr;
use core::time::Duration;

use mirage::args::Seconds;
use mirage::{Clock, Console, Header, Ip, Offload, Random, Time};

use replies::{Heard, Replies};
use times::Times;

/// How long the last answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most bytes of a question: what fits in a packet, with some room for headers.
const MOST: u16 = 65_000;

/// What is asked of whom.
#[derive(mirage::Args, Clone, Debug)]
pub struct Options {
    /// Who is asked
    #[arg(value = "ADDRESS")]
    pub to: IpAddr,
    /// How often
    #[arg(value = "NUMBER", default = "4")]
    pub count: u16,
    /// How long from one question to the next
    #[arg(value = "SECONDS", default = "1")]
    pub interval: Seconds,
    /// How many bytes go to and fro, at most 65000
    #[arg(value = "BYTES", default = "56")]
    pub size: u16,
}

/// Asks, listens, and sums up. Fails if nobody answers.
#[mirage::job]
pub async fn start(
    console: impl Console,
    ip: impl Ip,
    clock: impl Clock,
    time: impl Time,
    mut random: impl Random,
    options: Options,
) -> Result<(), String> {
    let Options {
        to,
        count,
        interval,
        size,
    } = options;
    let protocol = echo::protocol(to);
    let replies = Rc::new(Replies::new(to, random.next_u32() as u16));
    ip.attach(protocol, replies.clone());
    let data = alloc::vec![0xa5; size.min(MOST).into()];
    let mut times = Times::default();

    for sequence in 0..count {
        let asked = clock.now();
        let sent = ip.route(to).and_then(|route| {
            let source = route.source;
            let request = echo::request(source, to, replies.identifier, sequence, &data);
            let header = Header {
                source,
                destination: to,
                protocol,
                whole: false,
            };
            ip.send(header, &[&request], Offload::default())
        });
        times.asked(asked);
        if let Err(refused) = sent {
            console
                .log(format!("nothing can be sent to {to}: {refused}"))
                .await;
        }
        // Answers are listened to until the next question is due, those to the last one a while longer.
        let is_last = sequence + 1 == count;
        let until = asked + if is_last { PATIENCE } else { interval.0 };
        while !(is_last && times.is_complete()) {
            let left = until.since(clock.now());
            let Ok(heard) = time.timeout(left, replies.next()).await else {
                break;
            };
            match heard {
                Heard::Reply {
                    sequence,
                    length,
                    at,
                } => {
                    if let Some(took) = times.answered(sequence, at) {
                        let took = times::ms(took);
                        console
                            .log(format!(
                                "{length} bytes from {to}: number {sequence}, {took}"
                            ))
                            .await;
                    }
                }
                Heard::Undelivered(why) => console.log(format!("{to}: {why}")).await,
            }
        }
    }
    console.log(&times).await;
    if times.nobody_answered() {
        Err(format!("{to} does not answer"))
    } else {
        Ok(())
    }
}
