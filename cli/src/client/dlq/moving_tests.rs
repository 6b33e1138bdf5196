//! Moving letters loses none, whenever it is interrupted.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use aegis_aws::client::error::CallError;
use aegis_aws::client::queues::QueueMessage;

use super::places::{Place, WayBack};
use super::queues::Queues;
use super::take::find;
use super::{discard, redrive};

const SOURCE: &str = "source";
const DEAD: &str = "dead";
const LETTERS: usize = 23;

/// Two queues in memory. After `calls_left` calls everything fails: the program was ended there.
struct Memory {
    queues: RefCell<BTreeMap<&'static str, Vec<(QueueMessage, bool)>>>,
    calls_left: Cell<usize>,
    next_id: Cell<usize>,
}

impl Memory {
    fn with_letters(count: usize) -> Self {
        let memory = Self {
            queues: RefCell::default(),
            calls_left: Cell::new(usize::MAX),
            next_id: Cell::new(0),
        };
        for number in 0..count {
            memory.add(DEAD, &format!("letter {number}"));
        }
        memory
    }

    fn add(&self, queue: &'static str, body: &str) {
        let id = format!("m{}", self.next_id.replace(self.next_id.get() + 1));
        let message = QueueMessage {
            receipt: id.clone(),
            id,
            body: body.to_owned(),
            attributes: BTreeMap::new(),
            sent_at_millis: None,
            receive_count: 1,
        };
        let mut queues = self.queues.borrow_mut();
        queues.entry(queue).or_default().push((message, false));
    }

    fn called(&self) -> Result<(), CallError> {
        match self.calls_left.get().checked_sub(1) {
            Some(left) => {
                self.calls_left.set(left);
                Ok(())
            }
            None => Err(CallError::saying("any", None, "interrupted")),
        }
    }

    fn change<T>(
        &self,
        url: &str,
        change: impl FnOnce(&mut Vec<(QueueMessage, bool)>) -> T,
    ) -> Result<T, CallError> {
        self.called()?;
        let key = if url == DEAD { DEAD } else { SOURCE };
        Ok(change(self.queues.borrow_mut().entry(key).or_default()))
    }

    /// The next start: calls work again, and what was hidden is seen again.
    fn later(&self) {
        self.calls_left.set(usize::MAX);
        for (_, hidden) in self.queues.borrow_mut().values_mut().flatten() {
            *hidden = false;
        }
    }

    fn bodies(&self, queue: &str) -> Vec<String> {
        let queues = self.queues.borrow();
        let found = queues.get(queue).into_iter().flatten();
        let mut bodies: Vec<_> = found.map(|(message, _)| message.body.clone()).collect();
        bodies.sort();
        bodies
    }

    fn hidden(&self) -> usize {
        let queues = self.queues.borrow();
        queues
            .values()
            .flatten()
            .filter(|(_, hidden)| *hidden)
            .count()
    }
}

impl Queues for Memory {
    async fn receive(&self, url: &str, _: Duration) -> Result<Vec<QueueMessage>, CallError> {
        self.change(url, |queue| {
            let seen = queue.iter_mut().filter(|(_, hidden)| !hidden).take(10);
            seen.map(|(message, hidden)| {
                *hidden = true;
                message.clone()
            })
            .collect()
        })
    }

    async fn send(&self, url: &str, body: &str) -> Result<(), CallError> {
        self.called()?;
        assert_eq!(url, SOURCE);
        self.add(SOURCE, body);
        Ok(())
    }

    async fn delete(&self, url: &str, receipt: &str) -> Result<(), CallError> {
        self.change(url, |queue| {
            queue.retain(|(message, _)| message.receipt != receipt);
        })
    }

    async fn put_back(&self, url: &str, receipt: &str) -> Result<(), CallError> {
        self.change(url, |queue| {
            for (message, hidden) in queue {
                *hidden &= message.receipt != receipt;
            }
        })
    }
}

fn place(way_back: WayBack) -> Place {
    Place {
        name: "intake".to_owned(),
        url: DEAD.to_owned(),
        way_back,
    }
}

fn owned() -> Place {
    place(WayBack::Queue(SOURCE.to_owned()))
}

#[tokio::test]
async fn a_redrive_moves_every_letter_once() {
    let memory = Memory::with_letters(LETTERS);
    let moved = redrive::each(&memory, &owned(), LETTERS).await;
    assert_eq!((moved.count, moved.kept.len()), (LETTERS, 0));
    assert_eq!(memory.bodies(SOURCE).len(), LETTERS);
    assert_eq!(memory.bodies(DEAD), Vec::<String>::new());
}

#[tokio::test]
async fn a_redrive_interrupted_at_any_call_loses_nothing() {
    let whole = Memory::with_letters(LETTERS).bodies(DEAD);
    for calls in 0.. {
        let memory = Memory::with_letters(LETTERS);
        memory.calls_left.set(calls);
        let moved = redrive::each(&memory, &owned(), LETTERS).await;
        let mut found = [memory.bodies(SOURCE), memory.bodies(DEAD)].concat();
        found.sort();
        let (doubled, before) = (found.len() - LETTERS, calls);
        assert!(doubled <= 1, "{doubled} twice after {before} calls");
        found.dedup();
        assert_eq!(found, whole, "after {calls} calls");
        memory.later();
        let rest = memory.bodies(DEAD).len();
        let again = redrive::each(&memory, &owned(), rest).await;
        assert_eq!(again.count, rest);
        let mut arrived = memory.bodies(SOURCE);
        arrived.dedup();
        assert_eq!(arrived, whole, "repeated after {calls} calls");
        if moved.error.is_none() {
            return;
        }
    }
}

#[tokio::test]
async fn what_goes_nowhere_stays_and_can_be_seen_again() {
    let memory = Memory::with_letters(3);
    let moved = redrive::each(&memory, &place(WayBack::Nowhere("no way back")), 3).await;
    assert_eq!((moved.count, moved.kept.len()), (0, 3));
    assert_eq!(moved.kept[0].reason, "no way back");
    assert_eq!((memory.bodies(DEAD).len(), memory.hidden()), (3, 0));
}

#[tokio::test]
async fn what_arrives_meanwhile_is_left_alone() {
    let memory = Memory::with_letters(LETTERS);
    let moved = redrive::each(&memory, &owned(), 4).await;
    assert_eq!((moved.count, memory.hidden()), (4, 0));
    let dropped = discard::each(&memory, &owned(), 5).await.unwrap();
    assert_eq!((dropped, memory.hidden()), (5, 0));
    assert_eq!(memory.bodies(DEAD).len(), LETTERS - 9);
}

#[tokio::test]
async fn one_is_found_and_the_others_are_put_back() {
    let memory = Memory::with_letters(LETTERS);
    let found = find(&memory, DEAD, "m17").await.unwrap().unwrap();
    assert_eq!((found.body.as_str(), memory.hidden()), ("letter 17", 1));
    assert_eq!(find(&memory, DEAD, "nobody").await.unwrap(), None);
    assert_eq!(memory.bodies(DEAD).len(), LETTERS);
}
