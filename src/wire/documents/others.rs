//! `DATASTORE`, `CLUSTER`, `VNET`, `VM_GROUP`, `DOCUMENT` and `HOOK`.

use super::Decode;
use super::fields::{attributes, comma_ids, ids, required_text, text, words};
use crate::model::{
    Cluster, ClusterId, Datastore, DatastoreId, DatastoreKind, Document, DocumentId, DocumentLock, GroupId,
    GroupPolicy, Hook, HookId, HostId, Lock, Network, NetworkId, OpenTo, Role, Sharing, VmGroup, VmId,
};
use crate::wire::xml::{Element, XmlError, shorten};

impl Decode for Datastore {
    const ROOT: &'static str = "DATASTORE";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        let attributes = attributes(element, "TEMPLATE");
        let shared = attributes.get("SHARED").map(String::as_str);
        Ok(Datastore {
            id: DatastoreId(element.required("ID")?),
            name: text(element, "NAME"),
            kind: match element.required("TYPE")? {
                0 => DatastoreKind::Image,
                1 => DatastoreKind::System,
                2 => DatastoreKind::File,
                3 => DatastoreKind::Backup,
                other => DatastoreKind::Unknown(other),
            },
            ready: element.number_of::<i64>("STATE")?.unwrap_or(0) == 0,
            tm_mad: text(element, "TM_MAD"),
            clusters: ids(element, "CLUSTERS", ClusterId)?,
            sharing: match shared {
                None => Sharing::Unsaid,
                Some(text) if text.eq_ignore_ascii_case("yes") => Sharing::Yes,
                Some(text) if text.eq_ignore_ascii_case("no") => Sharing::No,
                Some(text) => Sharing::Unclear(shorten(text)),
            },
            replica_host: attributes.get("REPLICA_HOST").map(|host| shorten(host)),
        })
    }
}

impl Decode for Cluster {
    const ROOT: &'static str = "CLUSTER";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Cluster {
            id: ClusterId(element.required("ID")?),
            name: text(element, "NAME"),
            hosts: ids(element, "HOSTS", HostId)?,
            datastores: ids(element, "DATASTORES", DatastoreId)?,
            attributes: attributes(element, "TEMPLATE"),
        })
    }
}

impl Decode for Network {
    const ROOT: &'static str = "VNET";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Network {
            id: NetworkId(element.required("ID")?),
            name: text(element, "NAME"),
            clusters: ids(element, "CLUSTERS", ClusterId)?,
        })
    }
}

impl Decode for VmGroup {
    const ROOT: &'static str = "VM_GROUP";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        let roles = element.child("ROLES").into_iter();
        Ok(VmGroup {
            id: GroupId(element.required("ID")?),
            name: text(element, "NAME"),
            roles: roles.flat_map(|roles| roles.all("ROLE")).map(role).collect::<Result<_, _>>()?,
            affined: role_sets(element, "AFFINED"),
            anti_affined: role_sets(element, "ANTI_AFFINED"),
        })
    }
}

fn role(element: &Element) -> Result<Role, XmlError> {
    Ok(Role {
        name: required_text(element, "NAME")?,
        policy: match element.text_of("POLICY") {
            None => GroupPolicy::None,
            Some(text) => match text.to_ascii_uppercase().as_str() {
                "NONE" => GroupPolicy::None,
                "AFFINED" => GroupPolicy::Affined,
                "ANTI_AFFINED" => GroupPolicy::AntiAffined,
                _ => GroupPolicy::Unknown(shorten(text)),
            },
        },
        vms: comma_ids(element, "VMS", VmId)?,
        host_affined: comma_ids(element, "HOST_AFFINED", HostId)?,
        host_anti_affined: comma_ids(element, "HOST_ANTI_AFFINED", HostId)?,
    })
}

/// `<TEMPLATE><AFFINED>a, b</AFFINED><AFFINED>c,d</AFFINED></TEMPLATE>` as lists of names.
fn role_sets(element: &Element, name: &str) -> Vec<Vec<String>> {
    element
        .child("TEMPLATE")
        .into_iter()
        .flat_map(|template| template.all(name))
        .map(|set| words(&set.text).map(str::to_owned).collect::<Vec<_>>())
        .filter(|set| !set.is_empty())
        .collect()
}

impl Decode for Document {
    const ROOT: &'static str = "DOCUMENT";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Document {
            id: DocumentId(element.required("ID")?),
            name: text(element, "NAME"),
            kind: element.required("TYPE")?,
            user: element.number_of("UID")?,
            group: element.number_of("GID")?,
            open_to: element.child("PERMISSIONS").map(open_to),
            lock: match element.child("LOCK") {
                Some(lock) => lock_of(lock)?,
                None => None,
            },
            attributes: attributes(element, "TEMPLATE"),
        })
    }
}

/// A right that is not said is not there; a text that is no number is one that is.
fn open_to(permissions: &Element) -> OpenTo {
    let given = |name| permissions.text_of(name).is_some_and(|right| right.trim() != "0");
    let others = ["GROUP_M", "GROUP_A", "OTHER_M", "OTHER_A"].into_iter().any(given);
    if others { OpenTo::Others } else { OpenTo::Nobody }
}

fn lock_of(lock: &Element) -> Result<Option<DocumentLock>, XmlError> {
    let level = lock.number_of("LOCKED")?.filter(|level| *level != 0);
    let taken_at = lock.number_of("TIME")?;
    let (owner, request) = (lock.number_of("OWNER")?, lock.number_of("REQ_ID")?);
    Ok(level.map(|level| DocumentLock { level: Lock(level), taken_at, owner, request }))
}

impl Decode for Hook {
    const ROOT: &'static str = "HOOK";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Hook {
            id: HookId(element.required("ID")?),
            name: text(element, "NAME"),
            kind: text(element, "TYPE"),
            attributes: attributes(element, "TEMPLATE"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    #[test]
    fn sharing_has_four_answers() {
        let sharing = |shared: &str| {
            let text =
                format!("<DATASTORE><ID>0</ID><TYPE>1</TYPE><TEMPLATE>{shared}</TEMPLATE></DATASTORE>");
            read::<Datastore>(&text, Limits::HOOK).unwrap().sharing
        };
        assert_eq!(sharing("<SHARED>YES</SHARED>"), Sharing::Yes);
        assert_eq!(sharing("<SHARED> no </SHARED>"), Sharing::No);
        assert_eq!(sharing("<SHARED/>"), Sharing::Unsaid);
        assert_eq!(sharing("<SHARED>1</SHARED>"), Sharing::Unclear("1".to_owned()));
    }

    #[test]
    fn a_group_keeps_every_set_and_an_unreadable_role_is_an_error() {
        let group = |vms: &str| {
            let text = format!(
                "<VM_GROUP><ID>0</ID><ROLES><ROLE><NAME>a</NAME><POLICY>STRICT</POLICY><VMS>{vms}</VMS></ROLE>\
                </ROLES><TEMPLATE><AFFINED>a, b</AFFINED><AFFINED>c,d</AFFINED><ANTI_AFFINED/></TEMPLATE></VM_GROUP>"
            );
            read::<VmGroup>(&text, Limits::HOOK)
        };
        let good = group("2, 3,").unwrap();
        assert_eq!(good.roles[0].vms, [VmId(2), VmId(3)]);
        assert_eq!(good.roles[0].policy, GroupPolicy::Unknown("STRICT".to_owned()));
        assert_eq!(good.affined, [["a", "b"], ["c", "d"]]);
        assert!(good.anti_affined.is_empty());
        assert!(group("2;3").is_err());
    }
}
