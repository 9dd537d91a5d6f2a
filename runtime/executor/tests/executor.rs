//! Whose turn it is, and who wakes when.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mirage::Spawn as _;
use mirage::time::Instant;
use mirage_executor::{Executor, Timers};

type Log = Rc<RefCell<Vec<u32>>>;

/// Gives way once.
async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn tasks_take_turns_in_the_order_they_were_woken() {
    let executor = Executor::new();
    let log = Log::default();
    for task in 0..3 {
        let log = Rc::clone(&log);
        executor.spawner().spawn(async move {
            log.borrow_mut().push(task);
            give_way().await;
            log.borrow_mut().push(task + 10);
        });
    }
    assert!(!executor.run_ready(100));
    assert_eq!(*log.borrow(), [0, 1, 2, 10, 11, 12]);
}

#[test]
fn a_task_that_always_wants_a_turn_does_not_get_all_of_them() {
    let executor = Executor::new();
    executor.spawner().spawn(async {
        loop {
            give_way().await;
        }
    });
    assert!(executor.run_ready(50), "some are ready still");
}

#[test]
fn a_break_changes_nobodys_turn() {
    let executor = Executor::new();
    let log = Log::default();
    for task in 0..3 {
        let log = Rc::clone(&log);
        executor.spawner().spawn(async move {
            log.borrow_mut().push(task);
            give_way().await;
            log.borrow_mut().push(task + 10);
        });
    }
    assert!(executor.run_ready(2));
    assert!(executor.run_ready(2));
    assert_eq!(*log.borrow(), [0, 1, 2, 10]);
    assert!(!executor.run_ready(100));
    assert_eq!(*log.borrow(), [0, 1, 2, 10, 11, 12]);
}

#[test]
fn more_tasks_than_any_queue_was_made_for() {
    let executor = Executor::new();
    let log = Log::default();
    for task in 0..5000 {
        let log = Rc::clone(&log);
        executor.spawner().spawn(async move { log.borrow_mut().push(task) });
    }
    assert!(!executor.run_ready(usize::MAX));
    assert!(log.borrow().iter().copied().eq(0..5000));
}

#[test]
fn dropping_a_started_task_ends_it() {
    let executor = Executor::new();
    let log = Log::default();
    let inner = Rc::clone(&log);
    let task = executor.start(async move {
        std::future::pending::<()>().await;
        inner.borrow_mut().push(1);
    });
    executor.run_ready(10);
    assert_eq!(Rc::strong_count(&log), 2);
    drop(task);
    executor.run_ready(10);
    assert_eq!(Rc::strong_count(&log), 1, "what it held is let go");
}

#[test]
fn a_task_may_be_woken_by_another_thread() {
    let executor = Executor::new();
    let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
    let done = Rc::new(RefCell::new(false));
    let inner = Rc::clone(&done);
    let mut first = true;
    let task = executor.start(std::future::poll_fn(move |context| {
        if std::mem::take(&mut first) {
            sender.send(context.waker().clone()).unwrap();
            return Poll::Pending;
        }
        *inner.borrow_mut() = true;
        Poll::Ready(())
    }));
    executor.run_ready(10);
    let waker = receiver.recv().unwrap();
    std::thread::spawn(move || waker.wake()).join().unwrap();
    executor.run_ready(10);
    assert!(*done.borrow() && task.is_finished());
}

fn at(seconds: u64) -> Instant {
    Instant::START + Duration::from_secs(seconds)
}

#[test]
fn sleepers_wake_by_their_deadlines_and_then_by_their_order() {
    let (executor, timers, log) = (Executor::new(), Timers::default(), Log::default());
    for (name, deadline) in [(0, 5), (1, 2), (2, 5), (3, 9)] {
        let (timers, log) = (timers.clone(), Rc::clone(&log));
        executor.spawner().spawn(async move {
            timers.sleep_until(at(deadline)).await;
            log.borrow_mut().push(name);
        });
    }
    executor.run_ready(10);
    assert_eq!(timers.next(), Some(at(2)));
    timers.fire(at(1));
    executor.run_ready(10);
    assert!(log.borrow().is_empty(), "nobody wakes early");
    timers.fire(at(5));
    executor.run_ready(10);
    assert_eq!(*log.borrow(), [1, 0, 2]);
    assert_eq!(timers.next(), Some(at(9)));
}

#[test]
fn a_sleep_that_is_dropped_is_forgotten() {
    let timers = Timers::default();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut sleep = pin!(timers.sleep_until(at(3)));
        assert_eq!(timers.next(), None, "nobody waits before they wait");
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(timers.next(), Some(at(3)));
    }
    assert_eq!(timers.next(), None);
}
