//! CLUSTER, DATASTORE, `VM_GROUP`, DOCUMENT and HOOK, and their pools, newest first where oned does so.

use super::Xml;
use crate::model::{ClusterId, GroupId};
use crate::sim::state::{Cluster, Datastore, Document, Group, Hook, Network, State};

pub(crate) fn cluster(state: &State, id: ClusterId, cluster: &Cluster) -> String {
    Xml::document("CLUSTER", |xml| cluster_body(xml, state, id, cluster))
}

pub(crate) fn cluster_pool(state: &State) -> String {
    Xml::document("CLUSTER_POOL", |xml| {
        for (id, cluster) in state.clusters.iter().rev() {
            xml.element("CLUSTER", |xml| cluster_body(xml, state, *id, cluster));
        }
    })
}

fn cluster_body(xml: &mut Xml, state: &State, id: ClusterId, cluster: &Cluster) {
    xml.plain("ID", id.0);
    xml.plain("NAME", &cluster.name);
    xml.element("HOSTS", |xml| {
        for host in state.hosts.values().filter(|host| host.cluster == id) {
            xml.plain("ID", host.id.0);
        }
    });
    xml.element("DATASTORES", |xml| {
        for datastore in state.datastores.values().filter(|datastore| datastore.clusters.contains(&id)) {
            xml.plain("ID", datastore.id.0);
        }
    });
    xml.element("VNETS", |xml| {
        for network in state.networks.values().filter(|network| network.clusters.contains(&id)) {
            xml.plain("ID", network.id);
        }
    });
    xml.template("TEMPLATE", &cluster.template);
}

pub(crate) fn datastore(datastore: &Datastore) -> String {
    Xml::document("DATASTORE", |xml| datastore_body(xml, datastore))
}

pub(crate) fn datastore_pool(state: &State) -> String {
    Xml::document("DATASTORE_POOL", |xml| {
        for datastore in state.datastores.values().rev() {
            xml.element("DATASTORE", |xml| datastore_body(xml, datastore));
        }
    })
}

fn datastore_body(xml: &mut Xml, datastore: &Datastore) {
    xml.plain("ID", datastore.id.0);
    xml.owner();
    xml.plain("NAME", &datastore.name);
    xml.permissions(1);
    xml.cdata("DS_MAD", &datastore.ds_mad);
    xml.cdata("TM_MAD", &datastore.tm_mad);
    xml.cdata("BASE_PATH", format_args!("/var/lib/one/datastores/{}", datastore.id.0));
    xml.plain("TYPE", datastore.kind);
    xml.plain("DISK_TYPE", 0);
    xml.plain("STATE", u8::from(datastore.disabled));
    xml.element("CLUSTERS", |xml| {
        for cluster in &datastore.clusters {
            xml.plain("ID", cluster.0);
        }
    });
    xml.plain("TOTAL_MB", 4_796_800);
    xml.plain("FREE_MB", 3_333_260);
    xml.plain("USED_MB", 1_429_920);
    xml.element("IMAGES", |_| {});
    xml.template("TEMPLATE", &datastore.template);
}

pub(crate) fn network(network: &Network) -> String {
    Xml::document("VNET", |xml| network_body(xml, network))
}

pub(crate) fn network_pool(state: &State) -> String {
    Xml::document("VNET_POOL", |xml| {
        for network in state.networks.values().rev() {
            xml.element("VNET", |xml| network_body(xml, network));
        }
    })
}

/// Source: `src/vnm/VirtualNetwork.cc`, `to_xml_extended`.
fn network_body(xml: &mut Xml, network: &Network) {
    xml.plain("ID", network.id);
    xml.owner();
    xml.plain("NAME", &network.name);
    xml.permissions(1);
    xml.element("CLUSTERS", |xml| {
        for cluster in &network.clusters {
            xml.plain("ID", cluster.0);
        }
    });
    xml.cdata("BRIDGE", format_args!("onebr{}", network.id));
    xml.cdata("BRIDGE_TYPE", "linux");
    xml.plain("STATE", 1);
    xml.plain("PREV_STATE", 1);
    xml.empty("PARENT_NETWORK_ID");
    xml.cdata("VN_MAD", "bridge");
    for name in ["PHYDEV", "VLAN_ID", "OUTER_VLAN_ID"] {
        xml.empty(name);
    }
    for name in ["VLAN_ID_AUTOMATIC", "OUTER_VLAN_ID_AUTOMATIC", "USED_LEASES"] {
        xml.plain(name, 0);
    }
    for name in ["VROUTERS", "UPDATED_VMS", "OUTDATED_VMS", "UPDATING_VMS", "ERROR_VMS"] {
        xml.element(name, |_| {});
    }
    xml.template("TEMPLATE", &network.template);
    xml.element("AR_POOL", |_| {});
}

pub(crate) fn group(id: GroupId, group: &Group) -> String {
    Xml::document("VM_GROUP", |xml| group_body(xml, id, group))
}

pub(crate) fn group_pool(state: &State) -> String {
    Xml::document("VM_GROUP_POOL", |xml| {
        for (id, group) in state.groups.iter().rev() {
            xml.element("VM_GROUP", |xml| group_body(xml, *id, group));
        }
    })
}

fn group_body(xml: &mut Xml, id: GroupId, group: &Group) {
    xml.plain("ID", id.0);
    xml.owner();
    xml.plain("NAME", &group.name);
    xml.permissions(0);
    xml.lock(group.lock);
    xml.element("ROLES", |xml| {
        for role in &group.roles {
            let mut attributes = role.attributes.clone();
            if !role.vms.is_empty() {
                let ids: Vec<String> = role.vms.iter().map(|vm| vm.0.to_string()).collect();
                attributes.insert("VMS".to_owned(), ids.join(","));
            }
            xml.element("ROLE", |xml| {
                for (name, value) in attributes {
                    xml.cdata(&name, value);
                }
            });
        }
    });
    xml.template("TEMPLATE", &group.template);
}

pub(crate) fn document(document: &Document) -> String {
    Xml::document("DOCUMENT", |xml| document_body(xml, document))
}

pub(crate) fn document_pool<'a>(documents: impl Iterator<Item = &'a Document>) -> String {
    Xml::document("DOCUMENT_POOL", |xml| {
        for document in documents {
            xml.element("DOCUMENT", |xml| document_body(xml, document));
        }
    })
}

fn document_body(xml: &mut Xml, document: &Document) {
    xml.plain("ID", document.id);
    xml.owner_of(document.owner.0, &document.owner.1);
    xml.plain("NAME", &document.name);
    xml.plain("TYPE", document.kind);
    xml.rights(document.rights);
    xml.lock(document.lock);
    xml.template("TEMPLATE", &document.template);
}

pub(crate) fn hook(hook: &Hook) -> String {
    Xml::document("HOOK", |xml| {
        hook_body(xml, hook);
        xml.element("HOOKLOG", |_| {});
    })
}

pub(crate) fn hook_pool(state: &State) -> String {
    Xml::document("HOOK_POOL", |xml| {
        for hook in state.hooks.values().rev() {
            xml.element("HOOK", |xml| hook_body(xml, hook));
        }
    })
}

fn hook_body(xml: &mut Xml, hook: &Hook) {
    xml.plain("ID", hook.id);
    xml.plain("NAME", &hook.name);
    xml.plain("TYPE", &hook.kind);
    xml.lock(hook.lock);
    xml.template("TEMPLATE", &hook.template);
}
