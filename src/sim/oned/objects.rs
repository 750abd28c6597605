//! Clusters, datastores, virtual networks, and reading VM groups.

use super::{Args, Done, Fail, bad_parameter, int, missing, text};
use crate::model::{ClusterId, DatastoreId, GroupId};
use crate::sim::build_objects::driver_attributes;
use crate::sim::cloud::Cloud;
use crate::sim::render;
use crate::sim::spec::DatastoreSpec;
use crate::sim::state::State;
use crate::sim::template::Template;

pub(super) fn read(state: &State, object: &str, args: &Args<'_>) -> Done {
    match object {
        "clusterpool" => text(render::cluster_pool(state)),
        "datastorepool" => text(render::datastore_pool(state)),
        "vmgrouppool" => text(render::group_pool(state)),
        "vnpool" => text(render::network_pool(state)),
        "vn" => {
            let id = args.id(0, "virtual network")?;
            let network = state.networks.get(&id).ok_or_else(|| missing("virtual network", id.into()))?;
            text(render::network(network))
        }
        "cluster" => {
            let id = args.id(0, "cluster")?;
            let cluster = state.clusters.get(&ClusterId(id)).ok_or_else(|| missing("cluster", id.into()))?;
            text(render::cluster(state, ClusterId(id), cluster))
        }
        "datastore" => {
            let id = args.id(0, "datastore")?;
            let datastore =
                state.datastores.get(&DatastoreId(id)).ok_or_else(|| missing("datastore", id.into()))?;
            text(render::datastore(datastore))
        }
        _ => {
            let id = args.id(0, "vm group")?;
            let group = state.groups.get(&GroupId(id)).ok_or_else(|| missing("vm group", id.into()))?;
            text(render::group(GroupId(id), group))
        }
    }
}

impl Cloud {
    pub(super) fn object_write(&mut self, object: &str, verb: &str, args: &Args<'_>) -> Done {
        match (object, verb) {
            ("datastore", "allocate") => self.datastore_allocate(args),
            ("datastore", _) => self.datastore_update(args),
            ("cluster", "allocate") => int(self.add_cluster(args.text(0)?).0),
            ("cluster", _) => {
                let id = args.id(0, "cluster")?;
                let new = parse(args, 1)?;
                let append = args.int_or(2, 0)? == 1;
                let cluster = self.state.clusters.get_mut(&ClusterId(id));
                let cluster = cluster.ok_or_else(|| missing("cluster", id.into()))?;
                if !append {
                    cluster.template = Template::default();
                }
                cluster.template.merge(new);
                int(id)
            }
            ("vmgroup", "allocate") => self.group_allocate(args),
            _ => self.group_change(verb, args),
        }
    }

    fn datastore_allocate(&mut self, args: &Args<'_>) -> Done {
        let mut template = parse(args, 0)?;
        let cluster = args.int_or(1, 0)?;
        let name = template.get("NAME").unwrap_or_default().to_owned();
        template.remove("NAME");
        let kind = match template.get("TYPE") {
            Some("SYSTEM_DS") => 1,
            Some("FILE_DS") => 2,
            Some("BACKUP_DS") => 3,
            _ => 0,
        };
        let mut spec = DatastoreSpec::system(&name, template.get("TM_MAD").unwrap_or_default());
        spec.kind = kind;
        spec.clusters = vec![ClusterId(u32::try_from(cluster).unwrap_or(0))];
        let last = self.state.datastores.keys().next_back().map_or(0, |id| id.0);
        let id = DatastoreId((last + 1).max(100));
        self.insert_datastore(id, spec, template);
        int(id.0)
    }

    /// The client's SHARED does not last: oned takes it from the transfer driver, as recorded.
    fn datastore_update(&mut self, args: &Args<'_>) -> Done {
        let id = args.id(0, "datastore")?;
        let new = parse(args, 1)?;
        let append = args.int_or(2, 0)? == 1;
        let version = self.version;
        let datastore = self.state.datastores.get_mut(&DatastoreId(id));
        let datastore = datastore.ok_or_else(|| missing("datastore", id.into()))?;
        if !append {
            datastore.template = Template::default();
        }
        datastore.template.merge(new);
        let mut spec = DatastoreSpec::system(&datastore.name, &datastore.tm_mad);
        spec.kind = datastore.kind;
        datastore.template.merge(driver_attributes(version, &spec));
        int(id)
    }
}

pub(super) fn parse(args: &Args<'_>, at: usize) -> Result<Template, Fail> {
    Template::parse(args.text(at)?).map_err(bad_parameter)
}
