//! The steps of the flow that ships.

use std::fmt;

use aegis_contracts::attempt::Attempt;
use aegis_contracts::flow::Name;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Research,
    Analyze,
    Write,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Research, Self::Analyze, Self::Write];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Research => "research",
            Self::Analyze => "analyze",
            Self::Write => "write",
        }
    }

    /// Who works on it.
    pub const fn agent(self) -> &'static str {
        match self {
            Self::Research => "researcher",
            Self::Analyze => "analyst",
            Self::Write => "writer",
        }
    }

    /// The artifact that it must write.
    pub const fn artifact(self) -> &'static str {
        match self {
            Self::Research => "evidence.json",
            Self::Analyze => "analysis.json",
            Self::Write => "report.md",
        }
    }

    pub fn name(self) -> Name {
        self.as_str().parse().unwrap_or_else(|_| Name::unreadable())
    }

    pub fn attempt(self, attempt: u32) -> Attempt {
        Attempt {
            step: self.name(),
            branch: None,
            attempt,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
