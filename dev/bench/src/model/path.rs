//! The steps of a path, ready to be walked.

use super::inputs::{Inputs, Side, Step};
use super::latency::Latency;

/// A step with names looked up.
pub struct Path<'a> {
    pub hops: Vec<(&'a str, Latency)>,
    pub function: bool,
    pub queue: usize,
    pub aside: bool,
}

/// And how many queues invoke functions.
pub fn ways(inputs: &Inputs, side: Side) -> (Vec<Path<'_>>, usize) {
    let steps = inputs.paths.get(&side).map_or(&[][..], Vec::as_slice);
    // The first stands for whoever needs no queue.
    let mut queues: Vec<Option<&str>> = vec![None];
    let mut ways = Vec::new();
    for step in steps {
        let name = step.queue.as_deref();
        let queue = queues
            .iter()
            .position(|known| *known == name)
            .unwrap_or_else(|| {
                queues.push(name);
                queues.len() - 1
            });
        let Step {
            function, aside, ..
        } = *step;
        let hops = step.hops.iter().filter_map(|name| {
            let (name, hop) = inputs.hops.get_key_value(name)?;
            Some((name.as_str(), hop.latency))
        });
        ways.push(Path {
            hops: hops.collect(),
            function,
            queue,
            aside,
        });
    }
    (ways, queues.len())
}
