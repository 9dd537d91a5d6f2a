//! Answering the requests of a connection.

use alloc::boxed::Box;
use alloc::vec::Vec;

use embedded_io_async::BufRead;
use mirage::{BufWrite, Flow, Time};

use crate::exchange::{Exchange, LINGER, Outgoing};
use crate::{Error, Framing, Head, Limits};

/// Answers every request of a connection with `handler`, one after the other, until the client is done, asks for what
/// cannot be had, or takes too long. What the handler leaves of a request's body is skipped.
///
/// A connection that waits for its next request, as most do most of the time, keeps nothing of what answering one takes:
/// that is allocated when a request comes, and given back.
///
/// # Errors
/// What ended the connection other than well; the client has been told where it could be.
pub fn serve<F: Flow, T: Time>(
    flow: F,
    time: &T,
    limits: &Limits,
    mut handler: impl AsyncFnMut(&mut Exchange<'_, F, T>) -> Result<(), Error<F::Error>>,
) -> impl Future<Output = Result<(), Error<F::Error>>> {
    // Not part of the future as a whole and in halves.
    let (mut reader, mut writer) = flow.split();
    async move {
        loop {
            // Neither a client that says nothing for long nor one that is done is a failure.
            let Ok(received) = time.timeout(limits.idle, reader.fill_buf()).await else { return Ok(()) };
            if received?.is_empty() {
                return Ok(());
            }
            if !Box::pin(answer(&mut reader, &mut writer, time, limits, &mut handler)).await? {
                return Ok(());
            }
        }
    }
}

/// Answers one request; whether the connection may have another.
async fn answer<F: Flow, T: Time>(
    reader: &mut F::Reader,
    writer: &mut F::Writer,
    time: &T,
    limits: &Limits,
    handler: &mut impl AsyncFnMut(&mut Exchange<'_, F, T>) -> Result<(), Error<F::Error>>,
) -> Result<bool, Error<F::Error>> {
    let (mut head, mut out) = (Head::default(), Vec::new());
    let mut untold = true;
    let outcome = async {
        let read = time.timeout(limits.patience, head.request(reader, limits)).await;
        let Some(head) = read.map_err(|_| Error::TimedOut)?? else { return Ok(false) };
        let framing = Framing::of_request(head)?;
        let mut exchange = Exchange::new(reader, writer, time, limits, head, framing, &mut out);
        let handled = handler(&mut exchange).await;
        untold = exchange.outgoing.is_waiting();
        handled?;
        exchange.finish().await
    };
    match outcome.await {
        Ok(true) => return Ok(true),
        Ok(false) => {}
        Err(error) => {
            if let Some(status) = error.status().filter(|_| untold) {
                Outgoing::new(writer, time, limits, &mut out).respond(status, [], b"").await?;
                linger(reader, writer, time, limits).await?;
            }
            return Err(error);
        }
    }
    linger(reader, writer, time, limits).await.map(|()| false)
}

/// Ends the stream towards the client, and reads on for a bounded while: a connection closed with bytes unread is reset,
/// and the client might never see its answer.
async fn linger<R: BufRead, W: BufWrite<Error = R::Error>, T: Time>(
    reader: &mut R,
    writer: &mut W,
    time: &T,
    limits: &Limits,
) -> Result<(), Error<R::Error>> {
    let ending = async {
        writer.close().await?;
        let mut left = LINGER;
        while left > 0 {
            let length = reader.fill_buf().await?.len().min(left);
            if length == 0 {
                break;
            }
            reader.consume(length);
            left -= length;
        }
        Ok(())
    };
    // A client that neither reads nor ends has been waited for long enough.
    time.timeout(limits.patience, ending).await.unwrap_or(Ok(())).map_err(Error::Io)
}
