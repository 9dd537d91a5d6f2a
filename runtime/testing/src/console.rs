//! A console in memory.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

use crate::signal::Signal;

/// A console whose output can be read and whose input can be typed. All clones are one console.
#[derive(Clone, Default)]
pub struct Console {
    screen: Rc<RefCell<Screen>>,
    changed: Signal,
}

#[derive(Default)]
struct Screen {
    output: Vec<u8>,
    typed: VecDeque<u8>,
    hung_up: bool,
}

impl Console {
    /// All that was written, bytes that are not UTF-8 replaced.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.screen.borrow().output).into_owned()
    }

    /// The lines written so far; one that is not ended yet is the last.
    pub fn lines(&self) -> Vec<String> {
        self.output().lines().map(str::to_owned).collect()
    }

    /// Waits until a line is there that `wanted` wants, and returns it.
    pub async fn wait_for_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.changed.until(|| self.lines().into_iter().find(|line| wanted(line))).await
    }

    /// Types text.
    pub fn type_in(&self, text: &str) {
        self.screen.borrow_mut().typed.extend(text.bytes());
        self.changed.notify();
    }

    /// Ends the input.
    pub fn hang_up(&self) {
        self.screen.borrow_mut().hung_up = true;
        self.changed.notify();
    }
}

impl mirage::Console for Console {
    type Error = Infallible;

    async fn write(&self, bytes: &[u8]) -> Result<(), Infallible> {
        self.screen.borrow_mut().output.extend_from_slice(bytes);
        self.changed.notify();
        Ok(())
    }

    async fn read(&self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let length = self
            .changed
            .until(|| {
                let mut screen = self.screen.borrow_mut();
                let length = screen.typed.len().min(buffer.len());
                buffer.iter_mut().zip(screen.typed.drain(..length)).for_each(|(to, typed)| *to = typed);
                (length > 0 || screen.hung_up || buffer.is_empty()).then_some(length)
            })
            .await;
        Ok(length)
    }
}
