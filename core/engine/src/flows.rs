//! The flows that this process knows.
//!
//! A workflow is pinned to the definition that it started with. The table keeps each definition that was ever used on a
//! stage, so that a workflow goes on by it whatever a deployment drops or rolls back.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use aegis_contracts::flow::{Fault, Flow, FlowId, Name};
use aegis_workflow::Pinned;

use crate::error::PortError;
use crate::ports::{Table, Write};

#[derive(Debug, Default)]
pub struct Flows {
    /// The newest version of each flow that this code was deployed with.
    newest: BTreeMap<Name, Pinned>,
    deployed: Vec<Pinned>,
    known: RwLock<HashMap<FlowId, Pinned>>,
}

/// Why a folder of flows cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("{0}: {1}")]
    File(String, String),
    #[error("{} stands in two files", .0)]
    Twice(String),
}

impl Flows {
    /// # Errors
    /// A version that is there twice.
    pub fn new(flows: Vec<Flow>) -> Result<Self, Unusable> {
        let deployed: Vec<Pinned> = flows.into_iter().map(Pinned::new).collect();
        let mut newest: BTreeMap<Name, Pinned> = BTreeMap::new();
        let mut versions = std::collections::BTreeSet::new();
        for flow in &deployed {
            if !versions.insert((flow.flow.clone(), flow.version)) {
                return Err(Unusable::Twice(format!("{}/{}", flow.flow, flow.version)));
            }
            let later = newest.get(&flow.flow);
            if later.is_none_or(|known| known.version < flow.version) {
                newest.insert(flow.flow.clone(), flow.clone());
            }
        }
        let known = deployed
            .iter()
            .map(|flow| (flow.id().clone(), flow.clone()));
        Ok(Self {
            known: RwLock::new(known.collect()),
            newest,
            deployed,
        })
    }

    /// Reads `<folder>/<flow>/<version>.json`.
    ///
    /// # Errors
    /// The first file that is no definition, or is not where its name and version say.
    pub fn read(folder: &Path) -> Result<Self, Unusable> {
        Self::new(read_folder(folder)?)
    }

    /// The definition with which new workflows of a flow start.
    pub fn newest(&self, flow: &Name) -> Option<&Pinned> {
        self.newest.get(flow)
    }

    /// The newest definition of each flow, by name.
    pub fn all(&self) -> impl Iterator<Item = &Pinned> {
        self.newest.values()
    }

    /// Every version that this code was deployed with.
    pub fn deployed(&self) -> &[Pinned] {
        &self.deployed
    }

    /// Keeps every deployed definition in the table.
    ///
    /// # Errors
    /// Permanent, if a version was used here with another definition: a version that is in use never changes. Else of
    /// the table.
    pub async fn register(&self, table: &dyn Table) -> Result<(), PortError> {
        for flow in &self.deployed {
            let id = flow.id();
            let mut kept = table.flow(&id.flow, id.version).await?;
            if kept.is_none() && table.keep_flow(flow).await? == Write::Conflict {
                kept = table.flow(&id.flow, id.version).await?;
            }
            if kept.is_some_and(|kept| kept.id != *id) {
                return Err(PortError::Permanent(format!(
                    "flows/{}/{}.json was changed after it was used here: put the change into a new version",
                    id.flow, id.version
                )));
            }
        }
        Ok(())
    }

    fn known(&self, id: &FlowId) -> Option<Pinned> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(id).cloned()
    }

    /// The definition of `id`, which stands in the table if this code was not deployed with it.
    ///
    /// # Errors
    /// Transient, if newer code wrote it; permanent, if nobody kept it. Else of the table.
    pub async fn find(&self, table: &dyn Table, id: &FlowId) -> Result<Pinned, PortError> {
        if let Some(flow) = self.known(id) {
            return Ok(flow);
        }
        let missing = || PortError::Permanent(format!("no definition of the flow {id} is kept"));
        let kept = table.flow(&id.flow, id.version).await?;
        let kept = kept.filter(|kept| kept.id == *id).ok_or_else(missing)?;
        let flow = Flow::parse(kept.definition.as_bytes()).map_err(|faults| {
            PortError::Transient(format!(
                "this code cannot read the flow {id}: {}",
                told(&faults)
            ))
        })?;
        let flow = Pinned::new(flow);
        if flow.id() != id {
            let what = format!("the definition that is kept for {id} is another one");
            return Err(PortError::Permanent(what));
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.clone(), flow.clone());
        Ok(flow)
    }
}

/// The definitions `<folder>/<flow>/<version>.json`.
///
/// # Errors
/// As [`Flows::read`].
pub fn read_folder(folder: &Path) -> Result<Vec<Flow>, Unusable> {
    let mut flows = Vec::new();
    for named in entries(folder)? {
        if !named.is_dir() {
            continue;
        }
        for file in entries(&named)? {
            if file.extension().is_some_and(|ending| ending == "json") {
                flows.push(read_file(&named, &file)?);
            }
        }
    }
    Ok(flows)
}

/// In the order of their names.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, Unusable> {
    let failed =
        |error: std::io::Error| Unusable::File(folder.display().to_string(), error.to_string());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let paths: Result<Vec<_>, _> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    let mut paths = paths.map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn read_file(folder: &Path, file: &Path) -> Result<Flow, Unusable> {
    let failed = |why: String| Unusable::File(file.display().to_string(), why);
    let bytes = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let flow = Flow::parse(&bytes).map_err(|faults| failed(told(&faults)))?;
    let place = folder.file_name().zip(file.file_stem());
    let expected = format!("{}/{}.json", flow.flow, flow.version);
    let fits = place.is_some_and(|(name, version)| {
        name == flow.flow.as_str() && version == flow.version.to_string().as_str()
    });
    if fits {
        Ok(flow)
    } else {
        Err(failed(format!("says of itself that it is {expected}")))
    }
}

fn told(faults: &[Fault]) -> String {
    let faults: Vec<String> = faults.iter().map(Fault::to_string).collect();
    faults.join("; ")
}
