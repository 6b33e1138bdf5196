//! Attempts, as the model names them: by the place of their entry in the flow and a number for each piece of it, so that
//! messages are a few bytes.

use std::fmt;

use aegis_contracts::attempt::Attempt as Named;
use aegis_contracts::flow::{AgentStep, Entry, Flow, Name};

/// Most entries that a flow of a scenario may have.
pub const PLACES: usize = 4;
/// Most pieces of work that an entry of it may have.
pub const PIECES: usize = 3;

/// One piece of agent work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// Of the entry in the flow, from 0.
    pub place: u8,
    /// Which of the steps that run at once, or which branch, from 0.
    pub piece: u8,
    /// From 1.
    pub number: u32,
}

impl Attempt {
    /// Of a step of `flow`: what the state and its commands name is there.
    pub fn of(flow: &Flow, named: &Named) -> Self {
        Self::at(flow, &named.step, named.branch, named.attempt)
    }

    pub fn at(flow: &Flow, step: &Name, branch: Option<u32>, number: u32) -> Self {
        let place = place(flow, step);
        let piece = match branch {
            Some(branch) => usize::try_from(branch.saturating_sub(1)).ok(),
            None => steps(flow, place).iter().position(|one| one.step == *step),
        };
        let piece = piece.and_then(|piece| u8::try_from(piece).ok());
        Self {
            place,
            piece: piece.unwrap_or(u8::MAX),
            number,
        }
    }

    /// As the decisions name it. `None`: the flow has no such piece there.
    pub fn real(self, flow: &Flow) -> Option<Named> {
        let (step, branch) = match steps(flow, self.place) {
            [one] if one.each.is_some() => (one, Some(u32::from(self.piece) + 1)),
            steps => (steps.get(usize::from(self.piece))?, None),
        };
        Some(Named {
            step: step.step.clone(),
            branch,
            attempt: self.number,
        })
    }

    /// A number of its own for every attempt.
    pub fn code(self) -> u64 {
        let (place, piece) = (u64::from(self.place), u64::from(self.piece));
        piece << 40 | place << 32 | u64::from(self.number) << 16
    }

    /// Whether it is an attempt of the same piece.
    pub fn is_of_same_piece(self, other: Self) -> bool {
        (self.place, self.piece) == (other.place, other.piece)
    }
}

fn steps(flow: &Flow, place: u8) -> &[AgentStep] {
    let entry = flow.steps.get(usize::from(place));
    entry.map(Entry::steps).unwrap_or_default()
}

/// Where `name` stands in `flow`, which has it.
pub fn place(flow: &Flow, name: &Name) -> u8 {
    let place = flow.place(name).and_then(|place| u8::try_from(place).ok());
    place.unwrap_or(u8::MAX)
}

/// All pieces of an entry, one bit each: an approval is one piece. As many items are found as the flow allows.
pub fn pieces(entry: &Entry) -> u8 {
    let count = match entry.steps() {
        [] => 1,
        [AgentStep { max: Some(max), .. }] => *max as usize,
        steps => steps.len(),
    };
    u8::try_from((1u32 << count) - 1).unwrap_or(u8::MAX)
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, piece, place) = (self.number, self.piece + 1, self.place + 1);
        write!(f, "attempt {number} of piece {piece} of entry {place}")
    }
}
