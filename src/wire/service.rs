//! The services of OneFlow, in the JSON of their documents' `BODY`.
//!
//! Shape: `{"name":"shop","deployment":"straight","state":2,"roles":[{"name":"web","cardinality":2,"parents":["db"],
//! "nodes":[{"deploy_id":41,…}]}]}`. Fields that are not needed are passed over. It is written by OneFlow's server, but
//! as its own owner's document: any of its users may write anything there, so nothing is trusted and all is bounded.
//! Source: `src/flow/lib/models/{service,role,vmrole}.rb`, `src/oca/ruby/opennebula/document_json.rb`. oned encrypts the
//! body only where `DOCUMENT_ENCRYPTED_ATTR` of oned.conf says so; then it cannot be read here.

use crate::model::text::cut_chars;
use crate::model::{Deployment, Document, SERVICE_TYPE, Service, ServiceRole, VmId};
use serde::Deserialize;

/// The most bytes of a body. Each VM of a service takes about 300.
const LONGEST: usize = 4 << 20;

/// The most roles, and the most parents of one.
const MOST: usize = 1000;

#[derive(Deserialize)]
struct Body {
    deployment: Option<String>,
    /// OneFlow takes a flag; whatever else somebody writes there is none.
    #[serde(default)]
    ready_status_gate: serde_json::Value,
    #[serde(default)]
    roles: Option<Vec<Role>>,
}

#[derive(Deserialize)]
struct Role {
    name: String,
    #[serde(default)]
    parents: Option<Vec<String>>,
    #[serde(default)]
    nodes: Option<Vec<Node>>,
}

#[derive(Deserialize)]
struct Node {
    /// -1, or absent, before it is made.
    deploy_id: Option<i64>,
}

/// The service in a document.
///
/// # Errors
/// A text if it is no service, too large, or its body is not what OneFlow writes.
pub fn read(document: Document) -> Result<Service, String> {
    if document.kind != SERVICE_TYPE {
        return Err(format!(
            "its document has the type {}, and a service's has {SERVICE_TYPE}",
            document.kind
        ));
    }
    let body = document.attributes.get("BODY").ok_or("its document has no BODY")?;
    if body.len() > LONGEST {
        return Err(format!("its BODY has {} bytes, more than {LONGEST}", body.len()));
    }
    let body: Body = serde_json::from_str(body)
        .map_err(|error| format!("its BODY is not what OneFlow writes, in line {}", error.line()))?;
    let roles = body.roles.unwrap_or_default();
    let parents = |role: &Role| role.parents.as_ref().map_or(0, Vec::len);
    if roles.len() > MOST || roles.iter().any(|role| parents(role) > MOST) {
        return Err(format!("it has more than {MOST} roles or parents of one"));
    }
    let deployment = match body.deployment.as_deref() {
        Some("straight") => Deployment::Straight,
        Some(_) | None => Deployment::AtOnce,
    };
    let gate = body.ready_status_gate == serde_json::Value::Bool(true);
    let roles = roles.into_iter().map(role).collect();
    Ok(Service { id: document.id, name: document.name, deployment, gate, roles })
}

fn role(role: Role) -> ServiceRole {
    let Role { name, parents, nodes } = role;
    let id = |node: Node| u32::try_from(node.deploy_id?).ok().map(VmId);
    ServiceRole {
        name: cut_chars(&name, LONGEST_NAME),
        parents: parents.unwrap_or_default().iter().map(|name| cut_chars(name, LONGEST_NAME)).collect(),
        vms: nodes.unwrap_or_default().into_iter().filter_map(id).collect(),
    }
}

/// The most characters of a role's name that are kept.
const LONGEST_NAME: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DocumentId;
    use crate::wire::xml::Limits;

    fn service(kind: i64, body: &str) -> Result<Service, String> {
        let text = format!(
            "<DOCUMENT><ID>12</ID><NAME>shop</NAME><TYPE>{kind}</TYPE><TEMPLATE><BODY><![CDATA[{body}]]></BODY></TEMPLATE>\
             </DOCUMENT>"
        );
        read(crate::wire::documents::read(&text, Limits::REPLY).unwrap())
    }

    #[test]
    fn as_oneflow_writes_it() {
        let read = service(
            100,
            r#"{"name":"shop","deployment":"straight","description":"","roles":[
            {"name":"db","cardinality":1,"type":"vm","template_id":0,"nodes":[{"deploy_id":41,"vm_info":{"VM":{"ID":"41"}}}],
             "state":2,"last_vmname":1},
            {"name":"web","cardinality":2,"parents":["db"],"nodes":[{"deploy_id":42},{"deploy_id":-1},{}]}],
            "ready_status_gate":false,"state":2,"start_time":1795165000,"log":[]}"#,
        )
        .unwrap();
        assert_eq!((read.id, read.name.as_str()), (DocumentId(12), "shop"));
        assert_eq!(read.deployment, Deployment::Straight);
        assert_eq!(
            read.roles[0],
            ServiceRole { name: "db".to_owned(), parents: vec![], vms: vec![VmId(41)] }
        );
        assert_eq!(
            (&read.roles[1].parents[..], &read.roles[1].vms[..]),
            (&["db".to_owned()][..], &[VmId(42)][..])
        );
    }

    #[test]
    fn what_is_not_needed_may_be_missing() {
        let empty = service(100, "{}").unwrap();
        assert_eq!((empty.deployment, empty.roles.len()), (Deployment::AtOnce, 0));
        let none =
            service(100, r#"{"deployment":"none","roles":[{"name":"a","parents":null,"nodes":null}]}"#)
                .unwrap();
        assert_eq!((none.deployment, none.roles[0].vms.len()), (Deployment::AtOnce, 0));
    }

    #[test]
    fn whatever_else_is_written_there_is_an_error() {
        let deep = format!("{{\"roles\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let long = format!("{{\"name\":\"{}\"}}", "x".repeat(LONGEST));
        let many = format!("{{\"roles\":[{}]}}", vec![r#"{"name":"a"}"#; MOST + 1].join(","));
        for body in ["", "x", "[]", "{", r#"{"roles":{}}"#, r#"{"roles":[{}]}"#, &deep, &long, &many] {
            assert!(service(100, body).is_err(), "{}", body.get(..60).unwrap_or(body));
        }
        assert!(service(101, "{}").unwrap_err().contains("type 101"));
        assert!(service(100, r#"{"roles":[{"name":"a","parents":"db"}]}"#).is_err());
    }
}
