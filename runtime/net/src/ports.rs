//! Ports and who has them.

use alloc::rc::Rc;
use alloc::vec::Vec;

use crate::Error;

/// Those that are taken, in their order. Looked at for a datagram or a new connection, changed seldom: a list is quick
/// enough, and much less code than a tree.
pub struct Ports<P>(Vec<(u16, Rc<P>)>);

impl<P> Default for Ports<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<P> Ports<P> {
    fn place(&self, number: u16) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |(number, _)| *number)
    }

    /// Whether somebody has it.
    pub fn is_taken(&self, number: u16) -> bool {
        self.place(number).is_ok()
    }

    /// Who has it.
    pub fn find(&self, number: u16) -> Option<Rc<P>> {
        self.place(number).ok().and_then(|place| self.0.get(place)).map(|(_, port)| Rc::clone(port))
    }

    /// Gives it to `port`.
    ///
    /// # Errors
    /// [`Error::InUse`] when somebody has it.
    pub fn add(&mut self, number: u16, port: P) -> Result<Rc<P>, Error> {
        let Err(place) = self.place(number) else { return Err(Error::InUse(number)) };
        let port = Rc::new(port);
        self.0.insert(place, (number, Rc::clone(&port)));
        Ok(port)
    }

    /// Nobody has it any longer.
    pub fn remove(&mut self, number: u16) {
        if let Ok(place) = self.place(number) {
            self.0.remove(place);
        }
    }
}
