//! What dom0 is told to do, and what it answers: requests on a serial port, done side by side.
//!
//! A request is a line `ID SCRIPT DATA`, the lengths in bytes of the shell script that follows it and of what the script
//! is given to read, which follows that. An answer is a line `ID STATUS LENGTH` and what the script has said.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::{Error, Exit};

/// The longest line that begins an answer.
const LONGEST: u64 = 64;
/// The longest answer that is taken whole, in bytes.
const MOST: u64 = 1 << 26;

/// What a script has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its exit status.
    pub status: u8,
    /// What it wrote, to standard output and standard error.
    pub said: String,
}

impl Answer {
    /// What was said, if all went well.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] with what was said.
    pub fn well(self, what: &str) -> Result<String, Error> {
        match self.status {
            0 => Ok(self.said),
            status => Err(Error::new(Exit::Unavailable, format!("{what} (exit status {status})")).detail(self.said)),
        }
    }
}

type Waiting = Arc<Mutex<Option<HashMap<u64, Sender<Answer>>>>>;

/// A conversation with dom0, from any thread.
#[derive(Clone)]
pub struct Session {
    line: Arc<Mutex<(UnixStream, u64)>>,
    waiting: Waiting,
}

/// An answer that may not have come yet.
pub struct Pending(Receiver<Answer>);

impl Pending {
    /// Waits for it; none when dom0 is gone.
    pub fn wait(self) -> Option<Answer> {
        self.0.recv().ok()
    }

    /// Waits for it for some time; none when dom0 is gone.
    ///
    /// # Errors
    /// When it does not come in time.
    pub fn wait_for(&self, time: Duration) -> Result<Option<Answer>, RecvTimeoutError> {
        match self.0.recv_timeout(time) {
            Ok(answer) => Ok(Some(answer)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Session {
    /// On this line.
    ///
    /// # Errors
    /// When it cannot be read and written at once.
    pub fn new(line: UnixStream) -> io::Result<Self> {
        let from = BufReader::new(line.try_clone()?);
        let waiting = Waiting::new(Mutex::new(Some(HashMap::new())));
        let answered = Arc::clone(&waiting);
        thread::spawn(move || {
            read(from, &answered);
            // Nobody answers any more: who waits is told.
            *answered.lock().unwrap_or_else(PoisonError::into_inner) = None;
        });
        Ok(Self { line: Arc::new(Mutex::new((line, 0))), waiting })
    }

    /// Has a script done, which is given these bytes to read.
    pub fn ask(&self, script: &str, data: &[u8]) -> Pending {
        let (tell, told) = channel();
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.1 += 1;
        let (stream, id) = &mut *line;
        if let Some(waiting) = &mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
            waiting.insert(*id, tell);
        }
        let mut request = format!("{id} {} {}\n{script}", script.len(), data.len()).into_bytes();
        request.extend_from_slice(data);
        if stream.write_all(&request).is_err() {
            // The reader sees the end, and whoever waits with it.
            _ = stream.shutdown(Shutdown::Both);
        }
        Pending(told)
    }

    /// Has a script done, to its end.
    ///
    /// # Errors
    /// [`Exit::Unavailable`] when dom0 is gone, or the script fails: with `what` that means.
    pub fn run(&self, what: &str, script: &str, data: &[u8]) -> Result<String, Error> {
        match self.ask(script, data).wait() {
            Some(answer) => answer.well(what),
            None => Err(Error::new(Exit::Unavailable, "dom0 has ended")),
        }
    }
}

/// Hands answers on for as long as they come.
fn read(mut from: BufReader<UnixStream>, waiting: &Waiting) {
    loop {
        let mut line = String::new();
        let numbers = match from.by_ref().take(LONGEST).read_line(&mut line) {
            Ok(1..) => numbers(&line),
            _ => return,
        };
        let Some((id, status, length)) = numbers.filter(|(_, _, length)| *length <= MOST) else { return };
        let mut said = vec![];
        match from.by_ref().take(length).read_to_end(&mut said) {
            Ok(read) if read as u64 == length => {}
            _ => return,
        }
        let answer = Answer { status, said: String::from_utf8_lossy(&said).into_owned() };
        let asked = waiting.lock().unwrap_or_else(PoisonError::into_inner).as_mut().and_then(|all| all.remove(&id));
        if let Some(asked) = asked {
            _ = asked.send(answer); // nobody need wait
        }
    }
}

fn numbers(line: &str) -> Option<(u64, u8, u64)> {
    let mut words = line.strip_suffix('\n')?.split(' ');
    let numbers = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_find_who_asked_in_any_order() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let session = Session::new(ours).expect("a session");
        let (first, second) = (session.ask("one", b""), session.ask("two", b"data"));
        let expected = b"1 3 0\none2 3 4\ntwodata";
        let mut requests = vec![0; expected.len()];
        theirs.read_exact(&mut requests).expect("two requests");
        assert_eq!(requests, expected);
        theirs.write_all(b"2 7 3\nno\n1 0 0\n9 0 1\nx").expect("answers");
        assert_eq!(second.wait(), Some(Answer { status: 7, said: "no\n".into() }));
        let first = first.wait().expect("an answer");
        assert_eq!(first.well("it fails"), Ok(String::new()));
    }

    #[test]
    fn an_end_is_told_to_who_waits_and_who_asks_later() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let session = Session::new(ours).expect("a session");
        let waits = session.ask("one", b"");
        drop(theirs);
        assert_eq!(waits.wait(), None);
        assert_eq!(session.ask("two", b"").wait(), None);
        assert_eq!(session.run("it fails", "three", b"").expect_err("it is gone").message, "dom0 has ended");
    }

    #[test]
    fn a_line_of_three_numbers_begins_an_answer() {
        assert_eq!(numbers("1 0 12\n"), Some((1, 0, 12)));
        for wrong in ["", "1 0 12", "1 0\n", "1 0 12 3\n", "1 256 0\n", "x 0 0\n", "1  0 0\n"] {
            assert_eq!(numbers(wrong), None, "{wrong:?}");
        }
    }
}
