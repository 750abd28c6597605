//! `one.host.*` and `one.hostpool.info`.

use super::{Args, Done, bad_parameter, int, missing, text};
use crate::model::HostId;
use crate::sim::cloud::Cloud;
use crate::sim::render;
use crate::sim::spec::HostSpec;
use crate::sim::state::State;
use crate::sim::template::Template;

pub(super) fn read(state: &State, _verb: &str, object: &str, args: &Args<'_>) -> Done {
    if object == "hostpool" {
        return text(render::host_pool(state));
    }
    let id = args.id(0, "host")?;
    let host = state.hosts.get(&HostId(id)).ok_or_else(|| missing("host", id.into()))?;
    text(render::host(state, host))
}

impl Cloud {
    pub(super) fn host_write(&mut self, verb: &str, args: &Args<'_>) -> Done {
        if verb == "allocate" {
            let host = self.add_host(HostSpec::new(args.text(0)?));
            return int(host.0);
        }
        let id = args.id(0, "host")?;
        if !self.state.hosts.contains_key(&HostId(id)) {
            return Err(missing("host", id.into()));
        }
        if verb == "status" {
            let status = args.int(1)?;
            if !(0..=2).contains(&status) {
                return Err(bad_parameter("Wrong status code"));
            }
            self.host_status(HostId(id), status);
            return int(id);
        }
        let new = Template::parse(args.text(1)?).map_err(bad_parameter)?;
        let append = args.int_or(2, 0)? == 1;
        if let Some(host) = self.state.hosts.get_mut(&HostId(id)) {
            if !append {
                host.template = Template::default();
            }
            host.template.merge(new);
        }
        int(id)
    }
}
