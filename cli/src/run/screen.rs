//! Where progress is drawn: rows that move on a terminal, plain lines elsewhere. Standard error
//! only, so that standard output has nothing but the result.

use std::io::IsTerminal as _;

use aegis_contracts::view::WorkflowView;

use super::bars::Bars;
use crate::client::changes;
use aegis_terminal::text::{clock, now};

pub struct Screen {
    /// None where standard error is no terminal.
    bars: Option<Bars>,
    /// Rows that move. They have no room for each branch of a step.
    moves: bool,
    all: bool,
}

impl Screen {
    /// `all`: each branch of a step is told.
    pub fn new(all: bool) -> Self {
        Self {
            bars: None,
            moves: !all && std::io::stderr().is_terminal(),
            all,
        }
    }

    pub fn show(&mut self, before: Option<&WorkflowView>, view: &WorkflowView) {
        if self.moves {
            self.bars.get_or_insert_with(Bars::new).show(view);
            return;
        }
        // How it ended is said in full behind it.
        for line in changes::told(before, view, self.all) {
            errln!("{}  {}", clock(now()), line.text);
        }
    }

    /// Leaves what is drawn as it is, so that other text can follow. The next `show` begins anew.
    pub fn rest(&mut self) {
        if let Some(bars) = self.bars.take() {
            bars.rest();
        }
    }

    pub fn note(&mut self, text: &str) {
        self.rest();
        errln!("{text}");
    }
}
