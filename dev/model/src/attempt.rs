//! Attempts, as the model names them: by the place of their step in the flow, so that messages are a few bytes.

use std::fmt;

use aegis_contracts::flow::{Flow, Name};

/// Most entries that a flow of a scenario may have.
pub const PLACES: usize = 4;

/// One piece of agent work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// Of the step in the flow, from 0.
    pub place: u8,
    /// From 1.
    pub number: u32,
}

impl Attempt {
    /// Of a step of `flow`: what the state and its commands name is there.
    pub fn of(flow: &Flow, step: &Name, number: u32) -> Self {
        Self {
            place: place(flow, step),
            number,
        }
    }

    /// As the decisions name it. `None`: the flow has no step there.
    pub fn real(self, flow: &Flow) -> Option<aegis_workflow::Attempt> {
        let step = flow.steps.get(usize::from(self.place))?.as_step()?;
        Some(aegis_workflow::Attempt {
            step: step.step.clone(),
            attempt: self.number,
        })
    }

    /// A number of its own for every attempt.
    pub fn code(self) -> u64 {
        u64::from(self.place) << 32 | u64::from(self.number) << 16
    }
}

/// Where `name` stands in `flow`, which has it.
pub fn place(flow: &Flow, name: &Name) -> u8 {
    let place = flow.place(name).and_then(|place| u8::try_from(place).ok());
    place.unwrap_or(u8::MAX)
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} of entry {}", self.number, self.place + 1)
    }
}
