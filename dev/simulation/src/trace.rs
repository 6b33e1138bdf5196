//! What happened, counted always and told when asked for.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aegis_contracts::time::Timestamp;

use crate::lock;
use crate::time::BEGINNING;

/// How often each thing happened, by its name.
pub type Tally = BTreeMap<&'static str, u64>;

#[derive(Debug)]
pub struct Trace {
    tally: Mutex<Tally>,
    lines: Option<Mutex<Vec<String>>>,
}

impl Trace {
    pub fn new(told: bool) -> Self {
        Self {
            tally: Mutex::default(),
            lines: told.then(Mutex::default),
        }
    }

    pub fn count(&self, what: &'static str) {
        *lock(&self.tally).entry(what).or_default() += 1;
    }

    pub fn tell(&self, at: Timestamp, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let since = at.since(BEGINNING);
            let (hours, rest) = (since.as_secs() / 3600, since.as_secs() % 3600);
            let time = format!(
                "{hours:3}:{:02}:{:02}.{:03}",
                rest / 60,
                rest % 60,
                since.subsec_millis()
            );
            lock(lines).push(format!("{time}  {}", line()));
        }
    }

    pub fn tally(&self) -> Tally {
        lock(&self.tally).clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines
            .as_ref()
            .map(|lines| lock(lines).clone())
            .unwrap_or_default()
    }
}
