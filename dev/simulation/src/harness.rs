//! One harness: every service over the in-memory ports, its machines, and what is remembered of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use aegis_approval::Approval;
use aegis_callback::Callback;
use aegis_contracts::flow::Name;
use aegis_deadlines::Deadlines;
use aegis_engine::api::Authorization;
use aegis_engine::apply::Engine;
use aegis_engine::dispatch::Dispatcher;
use aegis_engine::keys::KeyRing;
use aegis_intake::Intake;
use aegis_relay::Relay;
use aegis_testkit::memory::{Faults, Lineage, MemoryPorts, Row};
use aegis_workflow::{Rules, STATE_VERSION, Workflow};

use crate::bell::Bell;
use crate::dice::Dice;
use crate::executor::Stage;
use crate::faults::DrawnFaults;
use crate::faults::Sessions;
use crate::flows::{AGENTS, Edition, definition, flows};
use crate::intake::IntakeProcess;
use crate::lock;
use crate::observed::{Observed, Session};
use crate::table::SharedTable;
use crate::time::{BEGINNING, VirtualClock};
use crate::trace::Trace;

/// The machine at work has died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Died;

/// What one deployment runs.
pub struct Services {
    pub edition: Edition,
    /// The newest state that it knows, and on which it starts workflows.
    pub state_version: u16,
    pub intake: Arc<IntakeProcess>,
    pub approval: Arc<Approval>,
    pub callback: Arc<Callback>,
    pub dispatchers: BTreeMap<&'static Name, Arc<Dispatcher>>,
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
    pub deployment: Option<Deployment>,
    pub manners: Manners,
    state_version: Arc<AtomicU16>,
    worn_out: Arc<Mutex<BTreeSet<Session>>>,
}

/// The services are replaced by newer ones, one machine after the other.
pub struct Deployment {
    pub services: Services,
    /// Since the beginning.
    from: Duration,
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
        let state_version = Arc::new(AtomicU16::new(STATE_VERSION));
        let worn_out = Arc::default();
        let shop = Shop {
            ports: &ports,
            clock: &clock,
            faults: &faults,
            trace: &trace,
            state_version: &state_version,
            worn_out: &worn_out,
        };
        let services = shop.services(Edition::First, STATE_VERSION, None);
        let deploys = dice.chance(0.4) && manners == Manners::Drawn;
        let deployment = deploys.then(|| {
            let from = dice.time(Duration::ZERO, Duration::from_secs(3600));
            let (edition, version) = match dice.below(3) {
                0 => (Edition::Next, STATE_VERSION + 1),
                1 => (Edition::Next, STATE_VERSION),
                _ => (Edition::Edited, STATE_VERSION),
            };
            let before = Some(services.intake.clone());
            Deployment {
                services: shop.services(edition, version, before),
                from,
            }
        });
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
            deployment,
            manners,
            state_version,
            worn_out,
        })
    }

    /// Whether the stop of the session was sent as often as it may be.
    pub fn has_worn_out(&self, session: &Session) -> bool {
        lock(&self.worn_out).contains(session)
    }

    pub fn tell(&self, line: impl FnOnce() -> String) {
        self.trace.tell(self.clock.true_now(), line);
    }

    pub fn observed<T>(&self, look: impl FnOnce(&mut Observed) -> T) -> T {
        look(&mut lock(&self.observed))
    }

    /// Work on one machine: it has a clock and a version of the code of its own, and may die. What it sends carries
    /// `lineage`.
    pub async fn on_a_machine<W: Future>(
        &self,
        lineage: Lineage,
        work: impl FnOnce(&Services) -> W,
    ) -> Result<W::Output, Died> {
        let skew = self.drawn_skew();
        let services = self.drawn_services();
        let mut work = std::pin::pin!(work(services));
        std::future::poll_fn(|context| {
            self.clock.set_skew(skew);
            self.run_as(services.state_version);
            self.ports.queues.run_as(lineage.clone());
            let polled = work.as_mut().poll(context);
            self.clock.set_skew(0);
            self.run_as(self.newest_state());
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

    fn drawn_services(&self) -> &Services {
        let Some(Deployment { services, from }) = &self.deployment else {
            return &self.services;
        };
        let since = self.clock.true_now().since(BEGINNING);
        // An edit is one only after the definition was used.
        let early = services.edition == Edition::Edited && !self.services.intake.has_started();
        if since < *from || early {
            &self.services
        } else if since < *from + ROLLOUT && self.dice.chance(0.5) {
            self.trace.count("handlers of old code beside new code");
            &self.services
        } else {
            services
        }
    }

    /// What a reader outside of all machines knows.
    fn newest_state(&self) -> u16 {
        let deployed = self.deployment.as_ref();
        deployed.map_or(STATE_VERSION, |deployed| deployed.services.state_version)
    }

    fn run_as(&self, state_version: u16) {
        self.state_version.store(state_version, Ordering::Relaxed);
        self.ports.table.read_as(state_version);
    }

    /// What is stored of a workflow, with the definition that its state names.
    ///
    /// # Errors
    /// Why nobody can read it.
    pub fn workflow(&self, row: &Row) -> Result<Workflow, String> {
        let stored = row.workflow().map_err(|error| error.to_string())?;
        let id = stored.flow.clone();
        let flow = definition(&id).ok_or_else(|| format!("there was never a flow {id}"))?;
        stored.with_flow(flow.clone())
    }
}

/// Those of every deployment, but for reminders: no approval of these seeds waits for a day.
pub fn rules() -> Rules {
    Rules {
        approval_reminder: Duration::from_secs(30 * 60),
        ..Rules::default()
    }
}

/// What services are made of.
struct Shop<'a> {
    ports: &'a MemoryPorts,
    clock: &'a Arc<VirtualClock>,
    faults: &'a Arc<DrawnFaults>,
    trace: &'a Arc<Trace>,
    state_version: &'a Arc<AtomicU16>,
    worn_out: &'a Arc<Mutex<BTreeSet<Session>>>,
}

impl Shop<'_> {
    /// `before`: the intake that these replace.
    fn services(
        &self,
        edition: Edition,
        state_version: u16,
        before: Option<Arc<IntakeProcess>>,
    ) -> Services {
        let dispatcher = |agent: &'static Name| {
            let dispatcher = Dispatcher {
                engine: self.engine(edition),
                runtime: self.ports.runtime.clone(),
                keys: self.keys(true),
                agent: agent.clone(),
                callback_api_url: "http://callbacks.simulated".to_owned(),
            };
            (agent, Arc::new(dispatcher))
        };
        let intake = Intake {
            engine: self.engine(edition),
            artifacts: self.ports.artifacts.clone(),
            api_url: "https://api.example/stage".to_owned(),
            authorization: Authorization::None.into(),
            approval_timeout: Duration::from_secs(24 * 3600),
            result_url_valid: Duration::from_secs(900),
            bucket: "bucket".to_owned(),
        };
        Services {
            edition,
            state_version,
            intake: Arc::new(IntakeProcess::new(intake, before, self.trace.clone())),
            approval: Arc::new(Approval {
                engine: self.engine(edition),
                artifacts: self.ports.artifacts.clone(),
                authorization: Authorization::None,
                readers: Authorization::None,
                operators: Authorization::None,
                keys: self.keys(false),
                api_url: "http://api.simulated".to_owned(),
                approver_sources: vec!["*".to_owned()],
            }),
            callback: Arc::new(Callback {
                engine: self.engine(edition),
                artifacts: self.ports.artifacts.clone(),
                keys: self.keys(false),
            }),
            dispatchers: AGENTS.iter().map(dispatcher).collect(),
            relay: Arc::new(Relay {
                bus: self.ports.bus.clone(),
                dead_letters: self.ports.dead_letters.clone(),
            }),
            deadlines: Arc::new(Deadlines {
                engine: self.engine(edition),
                artifacts: self.ports.artifacts.clone(),
                dead_letters: self.ports.dead_letters.clone(),
            }),
        }
    }

    /// Of one process: each knows the flows of its own.
    fn engine(&self, edition: Edition) -> Engine {
        Engine {
            rules: rules(),
            table: Arc::new(SharedTable {
                table: self.ports.table.clone(),
                faults: self.faults.clone(),
                state_version: self.state_version.clone(),
                seen_due: Mutex::default(),
                worn_out: self.worn_out.clone(),
            }),
            commands: self.ports.queues.clone(),
            clock: self.clock.clone(),
            flows: Arc::new(flows(edition)),
        }
    }

    fn keys(&self, may_create: bool) -> Arc<KeyRing> {
        let (keys, clock) = (self.ports.keys.clone(), self.clock.clone());
        Arc::new(KeyRing::new(keys, clock, may_create))
    }
}
