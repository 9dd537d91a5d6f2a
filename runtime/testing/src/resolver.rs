//! Names from a table.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::rc::Rc;

use crate::signal::Signal;

/// A resolver that knows the names it was told. All clones are one table.
#[derive(Clone, Default)]
pub struct Resolver {
    names: Rc<RefCell<BTreeMap<String, Option<Vec<IpAddr>>>>>,
    changed: Signal,
}

impl Resolver {
    /// Adds a name, or changes its addresses.
    pub fn add(&self, name: &str, addresses: impl IntoIterator<Item = impl Into<IpAddr>>) {
        let addresses = addresses.into_iter().map(Into::into).collect();
        self.names.borrow_mut().insert(name.to_owned(), Some(addresses));
        self.changed.notify();
    }

    /// Has nobody answer for a name, until it is added.
    pub fn silent(&self, name: &str) {
        self.names.borrow_mut().insert(name.to_owned(), None);
    }
}

impl mirage::Resolver for Resolver {
    type Error = Unknown;

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unknown> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        let answer = self.changed.until(|| match self.names.borrow().get(name) {
            Some(None) => None,
            Some(Some(addresses)) => Some(addresses.clone()),
            None => Some(Vec::new()),
        });
        let addresses = answer.await;
        if addresses.is_empty() { Err(Unknown(name.to_owned())) } else { Ok(addresses) }
    }
}

/// A name nobody added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has no address", self.0)
    }
}

impl std::error::Error for Unknown {}
