//! oned's XML-RPC methods: parameters, rights, checks and texts as oned has them. The effects are in `life`.
//!
//! Deliberately absent: quotas, ACLs and users, but for the one of the session, who may do everything but pass a lock.

mod action;
mod args;
mod document;
mod groups;
mod hook;
mod host;
mod migrate;
mod objects;
mod recover;
mod system;
mod vm;

use super::cloud::{Carried, Cloud};
use super::state::{LockInfo, State};
use super::version::Version;
use crate::wire::xmlrpc::{Call, Reply, Value};
pub(crate) use args::{
    Args, Done, Fail, bad_action, bad_parameter, fault, int, missing, refused, text, wrong_type,
};
use std::time::Duration;

/// What a method needs of the front-end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Any server answers from its own copy, which may be old.
    Anywhere,
    /// The leader; followers forward.
    Leader,
}

const READS: [&str; 19] = [
    "one.host.info",
    "one.hostpool.info",
    "one.vm.info",
    "one.vmpool.info",
    "one.vmpool.infoextended",
    "one.clusterpool.info",
    "one.cluster.info",
    "one.datastorepool.info",
    "one.datastore.info",
    "one.vnpool.info",
    "one.vn.info",
    "one.vmgrouppool.info",
    "one.vmgroup.info",
    "one.documentpool.info",
    "one.document.info",
    "one.hookpool.info",
    "one.hook.info",
    "one.zone.info",
    "one.user.info",
];
const LOCAL: [&str; 3] = ["one.zone.raftstatus", "one.system.version", "one.system.config"];
const LEADER: [&str; 39] = [
    "one.vmpool.infoset",
    "one.host.update",
    "one.host.status",
    "one.vm.allocate",
    "one.vm.deploy",
    "one.vm.action",
    "one.vm.migrate",
    "one.vm.recover",
    "one.vm.update",
    "one.vm.exec",
    "one.vm.lock",
    "one.vm.unlock",
    "one.vm.rename",
    "one.vm.vmgroupadd",
    "one.vm.vmgroupdel",
    "one.datastore.allocate",
    "one.datastore.update",
    "one.cluster.allocate",
    "one.cluster.update",
    "one.vmgroup.allocate",
    "one.vmgroup.lock",
    "one.vmgroup.unlock",
    "one.document.allocate",
    "one.document.update",
    "one.document.lock",
    "one.document.unlock",
    "one.document.delete",
    "one.document.chmod",
    "one.document.rename",
    "one.hook.allocate",
    "one.hook.update",
    "one.hook.delete",
    "one.hook.lock",
    "one.hook.unlock",
    "one.host.allocate",
    "one.vmgroup.delete",
    "one.vmgroup.rename",
    "one.vmgroup.roleadd",
    "one.vmgroup.update",
];

fn place(version: Version, method: &str) -> Option<Place> {
    if method == "one.vmpool.infoset" && version < Version::V6_0 {
        return None;
    }
    if method == "one.vm.exec" && version < Version::V7_2 {
        return None;
    }
    if groups::since(method).is_some_and(|first| version < first) {
        return None;
    }
    if READS.contains(&method) || LOCAL.contains(&method) {
        return Some(Place::Anywhere);
    }
    LEADER.contains(&method).then_some(Place::Leader)
}

impl Cloud {
    /// Answer one call on one front-end, at this moment. A front-end that is down answers nothing, so ask
    /// [`Cloud::is_up`] first; here it gives a fault.
    pub fn call(&mut self, server: usize, call: &Call) -> Reply {
        let method = call.method.as_str();
        match self.answer(server, call) {
            Ok(value) => Reply::Value(Value::Array(vec![Value::Bool(true), value, Value::Int(0)])),
            Err(Fail::Fault { code, text }) => Reply::Fault { code, text },
            Err(Fail::Refused { code, text, id }) => Reply::Value(Value::Array(vec![
                Value::Bool(false),
                Value::Text(format!("[{method}] {text}")),
                Value::Int(code),
                Value::Int(id),
                Value::Long(-1),
            ])),
        }
    }

    /// Does only the leader do this?
    pub(crate) fn is_for_leader(&self, method: &str) -> bool {
        place(self.version, method) == Some(Place::Leader)
    }

    /// How much longer than a read this method takes now.
    pub(crate) fn write_time(&self, method: &str) -> Duration {
        let elected = self.front.term > 1 && self.front.leader.is_some();
        let writes = self.is_for_leader(method) && method != "one.vmpool.infoset";
        if elected && writes { self.timings.write_after_election } else { Duration::ZERO }
    }

    fn answer(&mut self, server: usize, call: &Call) -> Done {
        let method = call.method.as_str();
        if !self.is_up(server) {
            return Err(fault(-500, "this front-end is down"));
        }
        let place = place(self.version, method)
            .ok_or_else(|| fault(-506, &format!("Method '{method}' not defined")))?;
        let (session, args) =
            call.params.split_first().ok_or_else(|| fault(-501, "Not enough parameters"))?;
        let session = session.as_text().ok_or_else(|| wrong_type("string"))?;
        if session != self.session {
            return Err(refused(0x0100, "User couldn't be authenticated, aborting call."));
        }
        let args = Args(args);
        if LOCAL.contains(&method) {
            return self.local(server, method);
        }
        self.refresh_monitoring();
        if place == Place::Anywhere {
            return self.read(self.shown_by(server), method, &args);
        }
        if let Some(text) = self.no_leader() {
            return Err(refused(0x2000, text));
        }
        if method == "one.vmpool.infoset" {
            let leader = self.front.leader.unwrap_or(server);
            return vm::infoset(self.version, self.shown_by(leader), &args);
        }
        let done = self.write(method, &args);
        if done.is_ok() {
            self.carried_out.push(Carried { at: self.now, call: deed(call) });
            self.front.log_index += i64::from(!self.front.is_solo());
            self.front.remember(self.now, self.timings.follower_lag, &self.state);
        }
        done
    }

    fn read(&self, state: &State, method: &str, args: &Args<'_>) -> Done {
        let (object, verb) = split(method);
        match object {
            "host" | "hostpool" => host::read(state, verb, object, args),
            "vm" | "vmpool" => vm::read(self.version, state, object, verb, args),
            "document" | "documentpool" | "hook" | "hookpool" => document::read(state, object, args),
            "zone" => self.zone(args),
            "user" => self.user(args),
            _ => objects::read(state, object, args),
        }
    }

    fn write(&mut self, method: &str, args: &Args<'_>) -> Done {
        let (object, verb) = split(method);
        match (object, verb) {
            ("host", _) => self.host_write(verb, args),
            ("vm", "migrate") => self.vm_migrate(args),
            ("vm", "deploy") => self.vm_deploy(args),
            ("vm", "recover") => self.vm_recover(args),
            ("vm", "action") => self.vm_action(args),
            ("vm", "vmgroupadd") => self.vm_group_join(args),
            ("vm", "vmgroupdel") => self.vm_group_leave(args),
            ("vm", _) => self.vm_write(verb, args),
            ("document", _) => self.document_write(verb, args),
            ("hook", _) => self.hook_write(verb, args),
            _ => self.object_write(object, verb, args),
        }
    }

    /// `lock(id, level, test)` on any object. The text of a refusal is the time of the lock that is there.
    pub(crate) fn lock(&mut self, old: Option<LockInfo>, args: &Args<'_>) -> Result<Option<LockInfo>, Fail> {
        let level = args.int(1)?;
        let test = args.flag_or(2, false)?;
        // 4 is "all", which oned keeps as its strictest level, 1.
        let level = match level {
            1..=3 => level,
            4 => 1,
            _ => return Err(bad_parameter("Wrong lock level specified")),
        };
        if let Some(held) = old.filter(|_| test) {
            return Err(bad_action(held.time.to_string()));
        }
        let (time, request) = (self.epoch(), self.request_id());
        Ok(Some(LockInfo { level, time, request }))
    }
}

/// Rights that an operation needs. Source: `VM_ADMIN_OPERATIONS` and its like in `oned.conf`.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    Manage = 2,
    Admin = 4,
}

/// A lock stops every operation of its level and above, whoever asks.
pub(crate) fn check_lock(lock: Option<LockInfo>, right: Right, noun: &str, id: u32) -> Result<(), Fail> {
    match lock {
        Some(lock) if lock.level <= right as i64 => {
            Err(refused(0x0200, format!("User [0] : {noun} is locked. [{id}].")))
        }
        _ => Ok(()),
    }
}

/// `one.vm.migrate 3 2`: the method, and what is short of its first two parameters.
fn deed(call: &Call) -> String {
    let word = |value: &Value| match value {
        Value::Int(number) | Value::Long(number) => format!(" {number}"),
        Value::Text(text) if text.len() < 32 => format!(" {text}"),
        Value::Text(_) | Value::Bool(_) | Value::Array(_) | Value::Struct(_) => String::new(),
    };
    let words = call.params.iter().skip(1).take(2).map(word);
    std::iter::once(call.method.clone()).chain(words).collect()
}

fn split(method: &str) -> (&str, &str) {
    let name = method.strip_prefix("one.").unwrap_or(method);
    name.split_once('.').unwrap_or((name, ""))
}
