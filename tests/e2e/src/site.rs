//! A web site of this host's, for the proxy to show.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// A site that answers each request with `reply`, and tells what it was asked; on this host's loopback.
pub fn site(reply: &'static [u8]) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, asked) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream: TcpStream = stream;
            let (mut request, mut piece) = (vec![], [0; 1024]);
            while !request.windows(4).any(|four| four == b"\r\n\r\n") || unread(&request) {
                match stream.read(&mut piece) {
                    Ok(0) | Err(_) => break,
                    Ok(length) => request.extend_from_slice(&piece[..length]),
                }
            }
            // A client that has gone has had enough.
            let _ = stream.write_all(reply);
            if tell.send(String::from_utf8_lossy(&request).into_owned()).is_err() {
                break;
            }
        }
    });
    (port, asked)
}

/// Whether a request says that it is longer than it is yet.
fn unread(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return true };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.is_some_and(|length| body.len() < length.parse().expect("a number"))
        || (head.contains("chunked") && !body.ends_with("0\r\n\r\n"))
}
