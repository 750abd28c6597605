//! A service of OneFlow put into a cloud: its document, and what its VMs say of it.
//!
//! Source: `src/flow/lib/models/{service,role,vmrole}.rb`, `src/oca/ruby/opennebula/document_json.rb`. Deliberately
//! absent: OneFlow's server, which would set the service to WARNING and do nothing else.

use super::cloud::Cloud;
use super::file_objects::{Service, ServiceRole};
use super::words::Names;
use crate::model::{SERVICE_TYPE, VmId};
use serde_json::{Value, json};

pub(super) fn add(cloud: &mut Cloud, service: &Service, names: &Names) -> Result<(), String> {
    let roles = service.roles.iter().map(|role| of(role, names)).collect::<Result<Vec<_>, _>>()?;
    let mut body = json!({
        "name": service.name, "description": "", "state": 2, "start_time": 1_795_165_000, "log": [],
        "ready_status_gate": service.ready_status_gate, "roles": roles.iter().map(|(role, _)| role).collect::<Vec<_>>(),
    });
    if let (Some(deployment), Some(body)) = (&service.deployment, body.as_object_mut()) {
        body.insert("deployment".to_owned(), json!(deployment));
    }
    let body = service.body.clone().unwrap_or_else(|| body.to_string());
    let kind = service.kind.unwrap_or(SERVICE_TYPE);
    let id = cloud.add_document(&service.name, kind, &[("BODY", &body)]);
    for (role, (_, vms)) in service.roles.iter().zip(&roles) {
        for vm in vms {
            cloud.set_user_attribute(*vm, "SERVICE_ID", &id.0.to_string());
            cloud.set_user_attribute(*vm, "ROLE_NAME", &role.name);
        }
    }
    Ok(())
}

fn of(role: &ServiceRole, names: &Names) -> Result<(Value, Vec<VmId>), String> {
    let vms = role.vms.iter().map(|name| names.vm(name)).collect::<Result<Vec<VmId>, _>>()?;
    let node = |(vm, name): (&VmId, &String)| json!({"deploy_id": vm.0, "vm_info": {"VM": {"ID": vm.0.to_string(), "NAME": name}}});
    let mut value = json!({
        "name": role.name, "cardinality": vms.len(), "type": "vm", "template_id": 0, "state": 2,
        "last_vmname": vms.len(), "nodes": vms.iter().zip(&role.vms).map(node).collect::<Vec<_>>(),
    });
    if let (false, Some(value)) = (role.parents.is_empty(), value.as_object_mut()) {
        value.insert("parents".to_owned(), json!(role.parents));
    }
    Ok((value, vms))
}
