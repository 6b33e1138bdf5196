//! What holds between the parts of a definition.

use std::collections::{BTreeMap, BTreeSet};

use garde::Validate;

use super::{
    AgentStep, ApprovalStep, Entry, Fault, Flow, MAX_BRANCHES, MAX_STEPS, MAX_TITLE, Name,
};
use crate::artifact::is_artifact_name;
use crate::text::{self, Lines};

/// Bounds of an agent step's settings, with the words for them.
const RETRIES: (u32, u32) = (0, 19);
const TIMEOUT_MINUTES: (u32, u32) = (1, 480);
const HEARTBEAT_SECONDS: (u32, u32) = (30, 3600);

pub(super) fn check(flow: &Flow) -> Vec<Fault> {
    let mut faults = Vec::new();
    if flow.version == 0 {
        faults.push(Fault::at("version", "counts from 1"));
    }
    let title = flow.title.chars().count();
    if text::is_blank(&flow.title) || title > MAX_TITLE {
        let reason = format!("must have 1 to {MAX_TITLE} characters");
        faults.push(Fault::at("title", reason));
    } else if let Err(refused) = text::check(&flow.title, Lines::One) {
        faults.push(Fault::at("title", refused.to_string()));
    }
    if flow.steps.is_empty() || flow.steps.len() > MAX_STEPS {
        let reason = format!(
            "must have 1 to {MAX_STEPS} entries, it has {}",
            flow.steps.len()
        );
        faults.push(Fault::at("steps", reason));
        return faults;
    }
    let mut seen = BTreeSet::new();
    let mut written = BTreeMap::new();
    for (index, entry) in flow.steps.iter().enumerate() {
        let place = format!("steps[{index}]");
        let earlier = Earlier { flow, index };
        if let Entry::Approval(approval) = entry {
            if !seen.insert(&approval.approval) {
                faults.push(taken(&approval.approval, format!("{place}.approval")));
            }
            approval_step(approval, &earlier, &place, &mut faults);
        }
        for (number, step) in entry.steps().iter().enumerate() {
            let place = match entry {
                Entry::Parallel(_) => format!("{place}.parallel[{number}]"),
                Entry::Step(_) | Entry::Approval(_) => place.clone(),
            };
            if !seen.insert(&step.step) {
                faults.push(taken(&step.step, format!("{place}.step")));
            }
            agent_step(step, &earlier, &place, &mut faults);
            fan_out(step, &earlier, &place, &mut faults);
            if matches!(entry, Entry::Parallel(_)) && step.each.is_some() {
                let reason = "a step in `parallel` has no branches: give it an entry of its own";
                faults.push(Fault::at(format!("{place}.each"), reason));
            }
            if let Some(other) = written.insert(&step.writes, &step.step) {
                let reason = format!("`{}` is what `{other}` writes", step.writes);
                faults.push(Fault::at(format!("{place}.writes"), reason));
            }
        }
    }
    match flow.step(&flow.result) {
        None => {
            let reason = format!("no step is called `{}`", flow.result);
            faults.push(Fault::at("result", reason));
        }
        Some(step) if step.each.is_some() => {
            let reason = format!("`{}` {MANY}", flow.result);
            faults.push(Fault::at("result", reason));
        }
        Some(_) => {}
    }
    faults
}

/// Why a step with branches cannot stand where one artifact is meant.
const MANY: &str = "has branches, and so as many artifacts: name a step that gathers them";

fn taken(name: &Name, place: String) -> Fault {
    Fault::at(place, format!("`{name}` is the name of an earlier one"))
}

/// What stands before an entry.
struct Earlier<'a> {
    flow: &'a Flow,
    index: usize,
}

impl Earlier<'_> {
    /// The place of an agent step before the entry, or why the name is none.
    fn step(&self, name: &Name) -> Result<usize, String> {
        match self.flow.place(name) {
            Some(place) if place < self.index => match self.flow.steps.get(place) {
                Some(Entry::Step(_) | Entry::Parallel(_)) => Ok(place),
                Some(Entry::Approval(_)) | None => {
                    Err(format!("`{name}` is an approval, which writes nothing"))
                }
            },
            Some(place) if place == self.index => Err(format!(
                "`{name}` is this entry itself, or runs at the same time"
            )),
            Some(_) => Err(format!("`{name}` comes later")),
            None => Err(format!("no earlier step is called `{name}`")),
        }
    }

    /// An approval between the step at `place` and the entry.
    fn approval_after(&self, place: usize) -> Option<&Name> {
        let between = self.flow.steps.get(place..self.index).unwrap_or_default();
        let mut approvals = between.iter().filter_map(Entry::as_approval);
        approvals.next().map(|approval| &approval.approval)
    }
}

fn agent_step(step: &AgentStep, earlier: &Earlier<'_>, place: &str, faults: &mut Vec<Fault>) {
    let mut read = BTreeSet::new();
    for (index, name) in step.reads.iter().enumerate() {
        let place = format!("{place}.reads[{index}]");
        if let Err(reason) = earlier.step(name) {
            faults.push(Fault::at(place, reason));
        } else if !read.insert(name) {
            faults.push(Fault::at(place, format!("`{name}` is read already")));
        }
    }
    if !is_artifact_name(&step.writes) {
        let reason = "must be a file name of at most 128 letters, digits, `.`, `_` and `-`, a letter or digit first";
        faults.push(Fault::at(format!("{place}.writes"), reason));
    }
    for (field, value, (least, most)) in [
        ("retries", step.retries, RETRIES),
        ("timeout_minutes", step.timeout_minutes, TIMEOUT_MINUTES),
        (
            "heartbeat_seconds",
            step.heartbeat_seconds,
            HEARTBEAT_SECONDS,
        ),
    ] {
        if value.is_some_and(|value| value < least || value > most) {
            let reason = format!("must be from {least} to {most}");
            faults.push(Fault::at(format!("{place}.{field}"), reason));
        }
    }
}

/// What belongs to a step with `each`.
fn fan_out(step: &AgentStep, earlier: &Earlier<'_>, place: &str, faults: &mut Vec<Fault>) {
    let bounds = [
        ("max", step.max, 1, MAX_BRANCHES),
        ("may_fail", step.may_fail, 0, MAX_BRANCHES),
        ("at_once", step.at_once, 1, MAX_BRANCHES),
    ];
    let Some(each) = &step.each else {
        for (field, value, ..) in bounds {
            if value.is_some() {
                faults.push(Fault::at(
                    format!("{place}.{field}"),
                    "goes with `each` only",
                ));
            }
        }
        return;
    };
    if let Err(reason) = earlier.step(each) {
        faults.push(Fault::at(format!("{place}.each"), reason));
    } else if earlier
        .flow
        .step(each)
        .is_some_and(|over| over.each.is_some())
    {
        let reason =
            format!("`{each}` has branches itself: one step has to say how many there are");
        faults.push(Fault::at(format!("{place}.each"), reason));
    }
    if step.max.is_none() {
        let reason = format!("must say how many branches there are at most, up to {MAX_BRANCHES}");
        faults.push(Fault::at(format!("{place}.max"), reason));
    }
    for (field, value, least, most) in bounds {
        if value.is_some_and(|value| value < least || value > most) {
            let reason = format!("must be from {least} to {most}");
            faults.push(Fault::at(format!("{place}.{field}"), reason));
        }
    }
    if let (Some(max), Some(may_fail)) = (step.max, step.may_fail)
        && may_fail >= max
    {
        let reason = format!("must be less than `max`, which is {max}");
        faults.push(Fault::at(format!("{place}.may_fail"), reason));
    }
}

fn approval_step(
    approval: &ApprovalStep,
    earlier: &Earlier<'_>,
    place: &str,
    faults: &mut Vec<Fault>,
) {
    if let Err(reason) = earlier.step(&approval.shows) {
        faults.push(Fault::at(format!("{place}.shows"), reason));
    } else if earlier
        .flow
        .step(&approval.shows)
        .is_some_and(|step| step.each.is_some())
    {
        let reason = format!("`{}` {MANY}", approval.shows);
        faults.push(Fault::at(format!("{place}.shows"), reason));
    }
    let redo = approval.redo.as_ref().map(|name| earlier.step(name));
    let search = approval
        .search_again
        .as_ref()
        .map(|name| earlier.step(name));
    if let (Some(Ok(redo)), Ok(shown)) = (&redo, earlier.step(&approval.shows))
        && *redo > shown
    {
        let reason = format!(
            "lies after `{}`, which would be shown again as it is",
            approval.shows
        );
        faults.push(Fault::at(format!("{place}.redo"), reason));
    }
    if redo.is_none() && approval.policy.max_revisions.is_some() {
        let place = format!("{place}.max_revisions");
        faults.push(Fault::at(place, "goes with `redo` only"));
    }
    if redo.is_none() && search.is_some() {
        let place = format!("{place}.search_again");
        faults.push(Fault::at(place, "goes with `redo` only"));
        return;
    }
    let back = [("redo", redo.clone()), ("search_again", search)];
    for (field, target) in back {
        let place = format!("{place}.{field}");
        match target {
            None => {}
            Some(Err(reason)) => faults.push(Fault::at(place, reason)),
            Some(Ok(target)) => {
                if let Some(between) = earlier.approval_after(target) {
                    let reason = format!(
                        "lies before the approval `{between}`, which would have to be asked for again"
                    );
                    faults.push(Fault::at(place, reason));
                } else if field == "search_again"
                    && matches!(&redo, Some(Ok(redo)) if target > *redo)
                {
                    faults.push(Fault::at(place, "must not lie after `redo`"));
                }
            }
        }
    }
    if let Err(report) = approval.policy.validate() {
        for (path, error) in report.iter() {
            let path = path.to_string();
            let separator = if path.is_empty() { "" } else { "." };
            faults.push(Fault::at(
                format!("{place}{separator}{path}"),
                error.to_string(),
            ));
        }
    }
}
