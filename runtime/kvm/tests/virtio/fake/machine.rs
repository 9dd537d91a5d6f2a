//! The machine: memory, ports, interrupts, and where devices are.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use mirage_kvm::virtio::{Interrupt, Machine, Memory, Message, Registers, Trigger};

use super::device::Device;
use super::memory::Ram;
use super::pci::{self, Function};

/// Where the slots of a microvm are.
pub const SLOTS: u64 = 0xfeb0_0000;

/// A machine. Clones are the same.
#[derive(Clone, Default)]
pub struct Fake(Rc<Inner>);

#[derive(Default)]
pub struct Inner {
    pub ram: Ram,
    /// How many pages may still be had.
    pages: Cell<Option<usize>>,
    spare: Cell<usize>,
    /// Devices, where their registers begin, and how many bytes there are.
    mapped: RefCell<Vec<(u64, usize, Device)>>,
    pub functions: RefCell<Vec<Function>>,
    has_bus: Cell<bool>,
    port: Cell<u32>,
    lines: RefCell<Vec<(u32, Raised)>>,
    messages: RefCell<Vec<Raised>>,
    most_messages: Cell<usize>,
    is_silent: Cell<bool>,
}

impl Fake {
    pub fn new() -> Self {
        let fake = Self::default();
        fake.0.most_messages.set(16);
        fake
    }

    /// There are `pages` of memory, and as many of them to spare.
    pub fn limit(&self, pages: usize, spare: usize) {
        self.0.pages.set(Some(pages));
        self.0.spare.set(spare);
    }

    /// How many interrupts by messages there can be.
    pub fn limit_messages(&self, most: usize) {
        self.0.most_messages.set(most);
    }

    /// There are no interrupts at all.
    pub fn silence(&self) {
        self.limit_messages(0);
        self.0.is_silent.set(true);
    }

    /// Takes everything out of the machine: what is left of it goes when its drivers have.
    pub fn unplug(&self) {
        self.0.mapped.borrow_mut().clear();
        self.0.functions.borrow_mut().clear();
    }

    pub fn ram(&self) -> &Ram {
        &self.0.ram
    }

    /// A device whose registers are in memory.
    pub fn plug(&self, address: u64, line: u32, device: &Device) {
        self.0.mapped.borrow_mut().push((address, 0x200, device.clone()));
        device.wire_line(self.line_of(line));
    }

    /// A device on the PCI bus.
    pub fn plug_pci(&self, function: Function) {
        self.0.has_bus.set(true);
        let mut mapped = self.0.mapped.borrow_mut();
        let window = pci::WINDOW as usize;
        function.windows().for_each(|base| mapped.push((base, window, function.virtio.clone())));
        drop(mapped);
        function.virtio.wire_messages(self.clone(), function.line);
        self.0.functions.borrow_mut().push(function);
    }

    pub fn line_of(&self, line: u32) -> Raised {
        let mut lines = self.0.lines.borrow_mut();
        if let Some((_, raised)) = lines.iter().find(|known| known.0 == line) {
            return raised.clone();
        }
        lines.push((line, Raised::default()));
        lines.last().expect("a line").1.clone()
    }

    /// A message was written.
    pub fn message(&self, data: u32) {
        if let Some(raised) = self.0.messages.borrow().get(data as usize) {
            raised.raise();
        }
    }

    /// Whether a device of the bus raises interrupts by messages.
    pub fn has_messages(&self, device: &Device) -> bool {
        self.0.functions.borrow().iter().any(|function| function.virtio.is(device) && function.has_messages())
    }

    /// The device at a physical address, and where in its registers that is; of one on the bus, the address.
    fn find(&self, address: u64) -> Option<(Device, u64)> {
        let mapped = self.0.mapped.borrow();
        let (start, length, device) =
            mapped.iter().find(|(start, length, _)| (*start..*start + *length as u64).contains(&address))?;
        Some((
            device.clone(),
            if *length == pci::WINDOW as usize { pci::REGISTERS + address % pci::WINDOW } else { address - start },
        ))
    }
}

impl Machine for Fake {
    type Registers = Mapped;
    type Interrupt = Raised;

    fn dma(&self, pages: usize) -> Option<Memory> {
        if let Some(left) = self.0.pages.get() {
            self.0.pages.set(Some(left.checked_sub(pages)?));
        }
        Some(self.0.ram.share(pages))
    }

    fn spare(&self, pages: usize) -> Option<Memory> {
        self.0.spare.set(self.0.spare.get().checked_sub(pages)?);
        self.dma(pages)
    }

    fn map(&self, address: u64, length: usize) -> Option<Mapped> {
        let is_memory = self.0.ram.is_shared(address, 1) || address < 0xc000_0000;
        (!is_memory).then(|| Mapped { machine: self.clone(), address, length })
    }

    fn read_port(&self, port: u16) -> u32 {
        let selected = self.0.port.get();
        match port {
            _ if !self.0.has_bus.get() => u32::MAX,
            0xcf8 => selected,
            0xcfc => pci::read(&self.0.functions.borrow(), selected),
            _ => u32::MAX,
        }
    }

    fn write_port(&self, port: u16, value: u32) {
        match port {
            0xcf8 => self.0.port.set(value),
            0xcfc => pci::write(&mut self.0.functions.borrow_mut(), self.0.port.get(), value),
            _ => {}
        }
    }

    fn lines(&self) -> u32 {
        48
    }

    fn line(&self, line: u32, _: Trigger) -> Option<Raised> {
        (line < self.lines() && !self.0.is_silent.get()).then(|| self.line_of(line))
    }

    fn message(&self) -> Option<(Raised, Message)> {
        let mut messages = self.0.messages.borrow_mut();
        if messages.len() == self.0.most_messages.get() {
            return None;
        }
        messages.push(Raised::default());
        let data = messages.len() as u32 - 1;
        Some((messages.last()?.clone(), Message { address: 0xfee0_0000, data }))
    }
}

/// Registers of whatever device is there; nobody is where there is none.
pub struct Mapped {
    machine: Fake,
    address: u64,
    length: usize,
}

impl Mapped {
    fn read(&self, offset: usize, size: usize) -> u32 {
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.length) && offset.is_multiple_of(size);
        match inside.then(|| self.machine.find(self.address + offset as u64)).flatten() {
            Some((device, at)) => device.read(at, size),
            None => u32::MAX >> (32 - 8 * size),
        }
    }

    fn write(&self, offset: usize, size: usize, value: u32) {
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.length) && offset.is_multiple_of(size);
        if let Some((device, at)) = inside.then(|| self.machine.find(self.address + offset as u64)).flatten() {
            device.write(&self.machine, at, size, value);
        }
    }
}

impl Registers for Mapped {
    fn length(&self) -> usize {
        self.length
    }

    fn read8(&self, offset: usize) -> u8 {
        self.read(offset, 1) as u8
    }

    fn read16(&self, offset: usize) -> u16 {
        self.read(offset, 2) as u16
    }

    fn read32(&self, offset: usize) -> u32 {
        self.read(offset, 4)
    }

    fn write8(&self, offset: usize, value: u8) {
        self.write(offset, 1, value.into());
    }

    fn write16(&self, offset: usize, value: u16) {
        self.write(offset, 2, value.into());
    }

    fn write32(&self, offset: usize, value: u32) {
        self.write(offset, 4, value);
    }
}

/// An interrupt.
#[derive(Clone, Default)]
pub struct Raised(Rc<(Cell<bool>, RefCell<Vec<Waker>>)>);

impl Raised {
    pub fn raise(&self) {
        self.0.0.set(true);
        self.0.1.borrow_mut().drain(..).for_each(Waker::wake);
    }
}

impl Interrupt for Raised {
    fn poll_raised(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.0.0.replace(false) {
            return Poll::Ready(());
        }
        self.0.1.borrow_mut().push(context.waker().clone());
        Poll::Pending
    }
}

/// Polls once; tells also how to find out how often the task was woken since.
pub fn poll<T>(poll: impl FnOnce(&mut Context<'_>) -> T) -> (T, Box<dyn Fn() -> usize>) {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let polled = poll(&mut Context::from_waker(&Waker::from(count.clone())));
    (polled, Box::new(move || count.0.load(Ordering::Relaxed)))
}
