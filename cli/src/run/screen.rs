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
    is_terminal: bool,
}

impl Screen {
    pub fn new() -> Self {
        Self {
            bars: None,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    pub fn show(&mut self, before: Option<&WorkflowView>, view: &WorkflowView) {
        if self.is_terminal {
            self.bars.get_or_insert_with(Bars::new).show(view);
            return;
        }
        // How it ended is said in full behind it.
        for line in changes::folded_lines(before, view) {
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
