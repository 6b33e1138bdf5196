//! One harness: every port, a clock that stands still, and faults to order.

use std::sync::Arc;

use aegis_contracts::time::Timestamp;
use aegis_workflow::Rules;

use super::{
    Faults, ManualClock, MemoryArtifacts, MemoryBus, MemoryDeadLetters, MemoryKeys, MemoryQueues,
    MemoryRuntime, MemoryTable,
};
use crate::flow::flows;
use aegis_engine::apply::Engine;
use aegis_engine::keys::KeyRing;

#[derive(Clone)]
pub struct MemoryPorts {
    pub faults: Arc<Faults>,
    pub clock: Arc<ManualClock>,
    pub table: Arc<MemoryTable>,
    pub queues: Arc<MemoryQueues>,
    pub bus: Arc<MemoryBus>,
    pub dead_letters: Arc<MemoryDeadLetters>,
    pub artifacts: Arc<MemoryArtifacts>,
    pub runtime: Arc<MemoryRuntime>,
    pub keys: Arc<MemoryKeys>,
}

impl MemoryPorts {
    pub fn at(now: Timestamp) -> Self {
        Self::under(Arc::new(Faults::default()), now)
    }

    pub fn under(faults: Arc<Faults>, now: Timestamp) -> Self {
        Self {
            clock: Arc::new(ManualClock::at(now)),
            table: Arc::new(MemoryTable::new(faults.clone())),
            queues: Arc::new(MemoryQueues::new(faults.clone())),
            bus: Arc::new(MemoryBus::new(faults.clone())),
            dead_letters: Arc::new(MemoryDeadLetters::new(faults.clone())),
            artifacts: Arc::new(MemoryArtifacts::new(faults.clone())),
            runtime: Arc::new(MemoryRuntime::new(faults.clone())),
            keys: Arc::new(MemoryKeys::new(faults.clone())),
            faults,
        }
    }

    pub fn engine(&self, rules: Rules) -> Engine {
        Engine {
            rules,
            table: self.table.clone(),
            commands: self.queues.clone(),
            clock: self.clock.clone(),
            flows: Arc::new(flows()),
        }
    }

    /// The keys as one process holds them.
    pub fn key_ring(&self, may_create: bool) -> Arc<KeyRing> {
        let ring = KeyRing::new(self.keys.clone(), self.clock.clone(), may_create);
        Arc::new(ring)
    }
}
