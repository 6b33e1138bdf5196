//! One harness: every service over the in-memory ports, its machines, and what is remembered of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use aegis_approval::Approval;
use aegis_callback::Callback;
use aegis_contracts::agent::Role;
use aegis_deadlines::Deadlines;
use aegis_engine::api::Authorization;
use aegis_engine::apply::Engine;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::keys::KeyRing;
use aegis_engine::stored::Known;
use aegis_intake::Intake;
use aegis_relay::Relay;
use aegis_testkit::memory::{Faults, Lineage, MemoryPorts};
use aegis_workflow::{FLOW_VERSION, Rules};

use crate::bell::Bell;
use crate::dice::Dice;
use crate::executor::Stage;
use crate::faults::DrawnFaults;
use crate::faults::Sessions;
use crate::lock;
use crate::observed::Observed;
use crate::table::SharedTable;
use crate::time::{BEGINNING, VirtualClock};
use crate::trace::Trace;

/// The machine at work has died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

pub struct Services {
    pub intake: Arc<Intake>,
    pub approval: Arc<Approval>,
    pub callback: Arc<Callback>,
    pub dispatchers: BTreeMap<Role, Arc<Dispatcher>>,
    pub relay: Arc<Relay>,
    pub deadlines: Arc<Deadlines>,
}

/// How agents and people behave where no fault makes them do otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// As chance has it.
    Drawn,
    /// Every agent is done within seconds, one person approves, over HTTP, within a minute.
    Brisk,
}

pub struct Harness {
    pub dice: Arc<Dice>,
    pub clock: Arc<VirtualClock>,
    pub faults: Arc<DrawnFaults>,
    pub trace: Arc<Trace>,
    pub stage: Stage,
    /// Rings when something was written, sent or published.
    pub bell: Bell,
    pub ports: MemoryPorts,
    pub services: Services,
    pub observed: Mutex<Observed>,
    /// From when on the services are replaced by a newer version, one machine after the other.
    pub deployed_from: Option<Duration>,
    pub manners: Manners,
    flow_version: Arc<AtomicU16>,
}

/// How long a deployment takes, while old and new code run side by side.
const ROLLOUT: Duration = Duration::from_secs(300);

impl Harness {
    pub fn of(seed: u64, told: bool) -> Arc<Self> {
        Self::with(seed, told, Manners::Drawn, Sessions::default())
    }

    pub fn with(seed: u64, told: bool, manners: Manners, sessions: Sessions) -> Arc<Self> {
        let dice = Arc::new(Dice::of(seed));
        let clock = Arc::new(VirtualClock::default());
        let trace = Arc::new(Trace::new(told));
        let faults = Arc::new(DrawnFaults::over(
            dice.clone(),
            clock.clone(),
            trace.clone(),
            sessions,
        ));
        let ports = MemoryPorts::under(Arc::new(Faults::under(faults.clone())), BEGINNING);
        let flow_version = Arc::new(AtomicU16::new(FLOW_VERSION));
        let services = services(&ports, &clock, &faults, &flow_version);
        let deploys = dice.chance(0.3) && manners == Manners::Drawn;
        let deployed_from = deploys.then(|| dice.time(Duration::ZERO, Duration::from_secs(3600)));
        Arc::new(Self {
            dice,
            clock,
            faults,
            trace,
            stage: Stage::default(),
            bell: Bell::default(),
            ports,
            services,
            observed: Mutex::default(),
            deployed_from,
            manners,
            flow_version,
        })
    }

    pub fn tell(&self, line: impl FnOnce() -> String) {
        self.trace.tell(self.clock.true_now(), line);
    }

    pub fn observed<T>(&self, look: impl FnOnce(&mut Observed) -> T) -> T {
        look(&mut lock(&self.observed))
    }

    /// Work on one machine: it has a clock and a version of the code of its own, and may die. What it sends carries
    /// `lineage`.
    pub async fn on_a_machine<T>(
        &self,
        lineage: Lineage,
        work: impl Future<Output = T>,
    ) -> Result<T, Died> {
        let skew = self.drawn_skew();
        let code = self.drawn_code();
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|context| {
            self.clock.set_skew(skew);
            self.run_as(code);
            self.ports.queues.run_as(lineage.clone());
            let polled = work.as_mut().poll(context);
            self.clock.set_skew(0);
            self.run_as(self.newest_code());
            match polled {
                Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
                Poll::Pending if self.faults.take_death() => Poll::Ready(Err(Died)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    fn drawn_skew(&self) -> i64 {
        if !self
            .faults
            .strikes("machines with a wrong clock", self.faults.rates.clock_wrong)
        {
            return 0;
        }
        // Mostly seconds; now and then a machine has lost its time.
        let most = if self.dice.chance(0.1) {
            600_000
        } else {
            3_000
        };
        let size = i64::try_from(self.dice.between(0, most)).unwrap_or(0);
        if self.dice.chance(0.5) { size } else { -size }
    }

    fn drawn_code(&self) -> u16 {
        let Some(from) = self.deployed_from else {
            return FLOW_VERSION;
        };
        let since = self.clock.true_now().since(BEGINNING);
        if since < from {
            FLOW_VERSION
        } else if since < from + ROLLOUT && self.dice.chance(0.5) {
            self.trace.count("handlers of old code beside new code");
            FLOW_VERSION
        } else {
            FLOW_VERSION + 1
        }
    }

    /// What a reader outside of all machines knows.
    fn newest_code(&self) -> u16 {
        FLOW_VERSION + u16::from(self.deployed_from.is_some())
    }

    fn run_as(&self, flow_version: u16) {
        self.flow_version.store(flow_version, Ordering::Relaxed);
        self.ports.table.read_as(Known {
            flow_version,
            ..Known::default()
        });
    }
}

/// Those of every deployment, but for reminders: no approval of these seeds waits for a day.
pub fn rules() -> Rules {
    Rules {
        approval_reminder: Duration::from_secs(30 * 60),
        ..Rules::default()
    }
}

fn services(
    ports: &MemoryPorts,
    clock: &Arc<VirtualClock>,
    faults: &Arc<DrawnFaults>,
    flow_version: &Arc<AtomicU16>,
) -> Services {
    let engine = Engine {
        rules: rules(),
        table: Arc::new(SharedTable {
            table: ports.table.clone(),
            faults: faults.clone(),
            flow_version: flow_version.clone(),
            seen_due: Mutex::default(),
        }),
        commands: ports.queues.clone(),
        clock: clock.clone(),
    };
    let keys = |may_create| {
        let ring = KeyRing::new(ports.keys.clone(), clock.clone(), may_create);
        Arc::new(ring)
    };
    let dispatcher = |role| {
        let dispatcher = Dispatcher {
            engine: engine.clone(),
            runtime: ports.runtime.clone(),
            keys: keys(role == Role::Researcher),
            role,
            callback_api_url: "http://callbacks.simulated".to_owned(),
        };
        (role, Arc::new(dispatcher))
    };
    Services {
        intake: Arc::new(Intake {
            engine: engine.clone(),
            artifacts: ports.artifacts.clone(),
            api_url: "https://api.example/stage".to_owned(),
            authorization: Authorization::None.into(),
            approval_timeout: Duration::from_secs(24 * 3600),
            report_url_valid: Duration::from_secs(900),
            allowed_sources: Vec::new(),
        }),
        approval: Arc::new(Approval {
            engine: engine.clone(),
            artifacts: ports.artifacts.clone(),
            authorization: Authorization::None,
            readers: Authorization::None,
            operators: Authorization::None,
            keys: keys(false),
            api_url: "http://api.simulated".to_owned(),
            approver_sources: vec!["*".to_owned()],
        }),
        callback: Arc::new(Callback {
            engine: engine.clone(),
            artifacts: ports.artifacts.clone(),
            keys: keys(false),
        }),
        dispatchers: Role::ALL.into_iter().map(dispatcher).collect(),
        relay: Arc::new(Relay {
            bus: ports.bus.clone(),
            dead_letters: ports.dead_letters.clone(),
        }),
        deadlines: Arc::new(Deadlines {
            engine,
            artifacts: ports.artifacts.clone(),
            dead_letters: ports.dead_letters.clone(),
        }),
    }
}
