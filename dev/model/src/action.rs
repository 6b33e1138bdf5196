//! What can happen next, in words that a counterexample is told in.

use std::fmt;

use crate::attempt::Attempt;
use crate::message::Message;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Deliver(Message),
    DeliverTwice(Message),
    Lose(Message),
    /// No session is free: the dispatcher says so and lets the command go.
    Throttle(Message),
    /// The handler takes the message and is overtaken before it writes, or before it invokes.
    DeliverSlowly(Message),
    /// Handlers are named by their place in the state.
    Send(usize, Message),
    LoseSend(usize, Message),
    CrashBeforeSend(usize, Message),
    Stop(usize),
    CrashBeforeStop(usize),
    Invoke(usize, Message),
    Note(usize, Message),
    CrashBeforeNote(usize, Message),
    Write(usize),
    AgentSucceeds(Attempt),
    AgentFails {
        of: Attempt,
        transient: bool,
    },
    AgentDies(Attempt),
    AgentBeats(Attempt),
    /// Until something is due, since nothing else happens.
    TimePasses,
    /// Until something is due, although something is on its way or at work.
    TooLate,
    /// Until a redelivered message may send again.
    SecondsPass,
    Outage,
    Sweep,
    SweepSlowly,
    SweepEarly,
    Wish(Message),
}

impl Action {
    /// Whether it happens by itself, sooner or later: no fault, no race, no person.
    pub fn is_ordinary(self) -> bool {
        match self {
            Self::Deliver(_)
            | Self::Send(..)
            | Self::Stop(_)
            | Self::Invoke(..)
            | Self::Note(..)
            | Self::Write(_)
            | Self::AgentSucceeds(_)
            | Self::AgentBeats(_)
            | Self::TimePasses
            | Self::SecondsPass
            | Self::Sweep => true,
            Self::DeliverTwice(_)
            | Self::Lose(_)
            | Self::Throttle(_)
            | Self::DeliverSlowly(_)
            | Self::LoseSend(..)
            | Self::CrashBeforeSend(..)
            | Self::CrashBeforeStop(_)
            | Self::CrashBeforeNote(..)
            | Self::AgentFails { .. }
            | Self::AgentDies(_)
            | Self::TooLate
            | Self::Outage
            | Self::SweepSlowly
            | Self::SweepEarly
            | Self::Wish(_) => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deliver(message) => write!(f, "{message} is delivered"),
            Self::DeliverTwice(message) => write!(f, "{message} is delivered, and stays"),
            Self::Lose(message) => write!(f, "{message} is lost"),
            Self::Throttle(message) => write!(f, "{message} finds no free session"),
            Self::DeliverSlowly(message) => {
                write!(f, "{message} is taken by a handler that dawdles")
            }
            Self::Send(_, command) => write!(f, "{command} is sent"),
            Self::LoseSend(_, command) => write!(f, "{command} is lost as it is sent"),
            Self::CrashBeforeSend(_, command) => write!(f, "crash before {command} is sent"),
            Self::Stop(_) => f.write_str("the stops that are owed are sent"),
            Self::CrashBeforeStop(_) => f.write_str("crash before the stops are sent"),
            Self::Invoke(_, command) => write!(f, "the agent is invoked by {command}"),
            Self::Note(_, command) => write!(f, "the dispatch by {command} is noted"),
            Self::CrashBeforeNote(_, command) => {
                write!(f, "crash before the dispatch by {command} is noted")
            }
            Self::Write(_) => f.write_str("the handler that dawdled writes"),
            Self::AgentSucceeds(of) => write!(f, "{of} completes its work"),
            Self::AgentFails {
                of,
                transient: true,
            } => write!(f, "{of} fails, another one may help"),
            Self::AgentFails { of, .. } => write!(f, "{of} fails for good"),
            Self::AgentDies(of) => write!(f, "{of} dies silently"),
            Self::AgentBeats(of) => write!(f, "{of} reports progress"),
            Self::TimePasses => f.write_str("time passes until something is due"),
            Self::TooLate => f.write_str("all is slow, until something is due"),
            Self::SecondsPass => f.write_str("some seconds pass"),
            Self::Outage => f.write_str("the sweep is down for an hour"),
            Self::Sweep => f.write_str("the sweep comes by"),
            Self::SweepSlowly => f.write_str("a sweep loads the workflow and dawdles"),
            Self::SweepEarly => f.write_str("the sweep comes by too early"),
            Self::Wish(message) => write!(f, "a person sends {message}"),
        }
    }
}
