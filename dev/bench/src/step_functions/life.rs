//! One workflow's times, and what of them passed where.

use std::time::{Duration, Instant};

use aegis_contracts::agent::Role;

use super::timeline::{Notes, What};

/// In the order in which a workflow meets them.
pub const PARTS: [&str; 12] = [
    "start, until the researcher has its task",
    "the researcher's claim and artifact",
    "its report is taken",
    "until the analyst has its task",
    "the analyst's claim and artifact",
    "its report is taken ",
    "the decision is taken",
    "until the writer has its task",
    "the writer's claim and artifact",
    "its report is taken  ",
    "until the end is noted",
    "all",
];

#[derive(Debug)]
pub struct Life {
    pub began: Instant,
    /// The decision was answered.
    pub decided: Instant,
    pub ended: Instant,
    pub notes: Notes,
}

impl Life {
    pub fn took(&self) -> Duration {
        self.ended - self.began
    }

    /// One of [`PARTS`], in milliseconds. A task that arrives before the answer to what caused it counts negative.
    pub fn part(&self, index: usize) -> f64 {
        let at = |what| self.notes.get(&what).map_or(self.began, |(at, _)| *at);
        let role = |role| {
            [
                at(What::Invoked(role)),
                at(What::Worked(role)),
                at(What::Taken(role)),
            ]
        };
        let [researcher, analyst, writer] = Role::ALL.map(role);
        let moments = [
            self.began,
            researcher[0],
            researcher[1],
            researcher[2],
            analyst[0],
            analyst[1],
            analyst[2],
            self.decided,
            writer[0],
            writer[1],
            writer[2],
            self.ended,
        ];
        match (moments.get(index), moments.get(index + 1)) {
            (Some(from), Some(to)) => signed(*from, *to),
            _ => signed(self.began, self.ended),
        }
    }
}

fn signed(from: Instant, to: Instant) -> f64 {
    let forward = to.saturating_duration_since(from).as_secs_f64();
    (forward - from.saturating_duration_since(to).as_secs_f64()) * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_make_the_whole() {
        let began = Instant::now();
        let at = |ms: u64| began + Duration::from_millis(ms);
        let mut notes = Notes::new();
        for (index, role) in Role::ALL.into_iter().enumerate() {
            let first = 100 * (index as u64 + 1);
            for (offset, what) in [What::Invoked(role), What::Worked(role), What::Taken(role)]
                .into_iter()
                .enumerate()
            {
                notes.insert(what, (at(first + 10 * offset as u64), String::new()));
            }
        }
        // The writer was there before the answer to the decision.
        let life = Life {
            began,
            decided: at(305),
            ended: at(400),
            notes,
        };
        let parts: Vec<f64> = (0..PARTS.len())
            .map(|index| life.part(index).round())
            .collect();
        assert_eq!(
            parts,
            [
                100.0, 10.0, 10.0, 80.0, 10.0, 10.0, 85.0, -5.0, 10.0, 10.0, 80.0, 400.0
            ]
        );
        assert_eq!(parts[..11].iter().sum::<f64>(), parts[11]);
    }
}
