//! A simulated cloud: oned's own rules, the machines below it, and every fault in between.
//!
//! It implements effects and faults only. Nothing in here decides anything about a recovery: production code is
//! tested against it through two doors, in memory ([`SimTransport`]) and on a loopback port ([`Server`]).
//! Time jumps; there is no wall clock and no randomness except a small generator with a fixed seed.
//!
//! Source of the rules: OpenNebula's sources and exchanges recorded from live front-ends (`tests/corpus`).

mod audit;
mod build;
mod build_objects;
mod build_topology;
mod build_vm;
mod capacity;
mod cloud;
mod device;
mod drivers;
mod election;
mod equipment;
mod event;
mod faults;
mod file;
mod file_objects;
mod forgery;
mod front;
mod guest;
mod hardware;
mod inside;
mod life;
mod monitor;
mod numa;
mod observer;
mod oned;
mod people;
mod physics;
mod queue;
mod render;
mod requirements;
mod scenario;
mod scenario_objects;
mod scenario_service;
mod scheduler;
mod seen;
mod server;
mod spec;
mod sshd;
mod standpoint;
mod state;
mod steps;
mod strike;
mod table;
mod template;
mod timings;
mod torn;
mod transport;
mod version;
mod witness;
mod words;
mod world;

pub use audit::{Quiet, audit, audit_deeds, audit_quiet, audit_tend, audit_watch};
pub use cloud::{Carried, Change, Cloud, EPOCH, Happening};
pub use device::{Behaviour, SimDevice};
pub use event::Event;
pub use faults::{Fault, FaultRule};
pub use forgery::Forgery;
pub use guest::Guest;
pub use physics::{Breach, Death, Power};
pub use scenario::{Job, Scenario, Then};
pub use seen::{Looked, Seen, Tended};
pub use server::{Clock, Server};
pub use spec::{DatastoreSpec, DiskSpec, HostSpec, NumaSpec, PciSpec, VmSpec};
pub use sshd::Sshd;
pub use template::{Attribute, Template};
pub use timings::{Driver, Stage, Timings};
pub use torn::Left;
pub use transport::{CallRecord, Outcome, SimTransport};
pub use version::Version;
pub use witness::{Consul, Honesty};
pub use world::SimWorld;
