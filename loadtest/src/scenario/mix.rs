//! What each workflow is put through, and how it must end.

use aegis_contracts::view::Status;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Started and approved over the API.
    Plain,
    /// Each request is sent twice at once.
    Duplicate,
    /// Started and approved by events on the bus.
    Event,
    /// The same, each event put there twice.
    DuplicateEvent,
    /// Approved late.
    Late,
    /// Rejected.
    Reject,
    /// Changes are requested once, then approved.
    Revise,
    /// Cancelled at any moment before its decision.
    Cancel,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Duplicate,
        Self::Event,
        Self::DuplicateEvent,
        Self::Late,
        Self::Reject,
        Self::Revise,
        Self::Cancel,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Duplicate => "duplicate",
            Self::Event => "event",
            Self::DuplicateEvent => "duplicate event",
            Self::Late => "late",
            Self::Reject => "reject",
            Self::Revise => "revise",
            Self::Cancel => "cancel",
        }
    }

    /// How often changes are asked for.
    pub const fn revisions(self) -> u32 {
        matches!(self, Self::Revise) as u32
    }

    pub const fn demands(self) -> Status {
        match self {
            Self::Reject => Status::Rejected,
            Self::Cancel => Status::Cancelled,
            _ => Status::Completed,
        }
    }

    /// How often each of its requests is sent.
    pub const fn times(self) -> usize {
        match self {
            Self::Duplicate | Self::DuplicateEvent => 2,
            _ => 1,
        }
    }

    pub const fn is_by_event(self) -> bool {
        matches!(self, Self::Event | Self::DuplicateEvent)
    }
}

/// Shares, of whatever their sum is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    pub plain: u32,
    pub duplicate: u32,
    pub event: u32,
    pub duplicate_event: u32,
    pub late: u32,
    pub reject: u32,
    pub revise: u32,
    pub cancel: u32,
}

impl Mix {
    /// Where a scenario has none.
    pub(super) fn plain() -> Self {
        Self {
            plain: 1,
            ..Self::default()
        }
    }

    fn share(&self, kind: Kind) -> i64 {
        i64::from(match kind {
            Kind::Plain => self.plain,
            Kind::Duplicate => self.duplicate,
            Kind::Event => self.event,
            Kind::DuplicateEvent => self.duplicate_event,
            Kind::Late => self.late,
            Kind::Reject => self.reject,
            Kind::Revise => self.revise,
            Kind::Cancel => self.cancel,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        Kind::ALL.into_iter().all(|kind| self.share(kind) == 0)
    }

    /// Kinds in turn, each as often as its share says and as far apart as that allows: smooth weighted round robin.
    pub(super) fn turns(self) -> impl Iterator<Item = Kind> {
        let shares = Kind::ALL.map(|kind| self.share(kind));
        let sum: i64 = shares.iter().sum();
        let mut credit = [0_i64; Kind::ALL.len()];
        std::iter::repeat_with(move || {
            let mut next = 0;
            for (index, share) in shares.iter().enumerate() {
                credit[index] += share;
                if credit[index] > credit[next] {
                    next = index;
                }
            }
            credit[next] -= sum;
            Kind::ALL[next]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_share_everywhere() {
        let mix = Mix {
            plain: 90,
            duplicate: 10,
            ..Mix::default()
        };
        let kinds: Vec<Kind> = mix.turns().take(100).collect();
        for ten in kinds.chunks(10) {
            let of = |kind| ten.iter().filter(|k| **k == kind).count();
            assert_eq!((of(Kind::Plain), of(Kind::Duplicate)), (9, 1));
        }
        assert!(Mix::plain().turns().take(20).all(|k| k == Kind::Plain));
    }
}
