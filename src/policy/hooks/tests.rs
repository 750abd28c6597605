//! One hook of ours for each event, OpenNebula's own in none of them, and nobody else's touched.

use super::*;
use crate::model::HookId;

fn options() -> Options {
    Options {
        folder: "/usr/lib/onerescue".to_owned(),
        host_error: "-m -p 5 --hand-over".to_owned(),
        hand_over: true,
        config: None,
    }
}

/// A hook on an event as `HOST ERROR`, `VM POWEROFF LCM_INIT`.
fn hook(id: u32, name: &str, command: &str, event: &str) -> Hook {
    let words = ["RESOURCE", "STATE", "LCM_STATE"].into_iter().zip(event.split(' '));
    let mut attributes: std::collections::BTreeMap<_, _> =
        words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    attributes.insert("COMMAND".to_owned(), command.to_owned());
    Hook { id: HookId(id), name: name.to_owned(), kind: "state".to_owned(), attributes }
}

fn deeds(hooks: &[Hook], without: &[&str]) -> Vec<String> {
    let without: Vec<_> = without.iter().map(|&name| name.to_owned()).collect();
    let plan = plan(hooks, &wanted(&options()), &without).unwrap();
    plan.deeds.iter().map(ToString::to_string).collect()
}

/// The zone after these deeds.
fn carried_out(hooks: &[Hook]) -> Vec<Hook> {
    let mut next = 100;
    let mut hooks = hooks.to_vec();
    for deed in plan(&hooks, &wanted(&options()), &[]).unwrap().deeds {
        hooks.retain(|hook| deed.hook().is_none_or(|gone| gone.id != hook.id));
        if let Some(wanted) = deed.wanted() {
            let (id, name) = deed.hook().map_or((HookId(next), &wanted.name), |hook| (hook.id, &hook.name));
            let attributes = wanted.registered();
            hooks.push(Hook { id, name: name.clone(), kind: "state".to_owned(), attributes });
            next += 1;
        }
    }
    hooks
}

#[test]
fn without_any_hook_four_are_made_and_then_nothing_is_to_do() {
    assert_eq!(
        deeds(&[], &[]),
        [
            "create host_error: /usr/lib/onerescue/host_error $TEMPLATE -m -p 5 --hand-over",
            "create host_back: /usr/lib/onerescue/host_back $TEMPLATE --hand-over",
            "create vm_down_poweroff: /usr/lib/onerescue/vm_down $TEMPLATE",
            "create vm_down_unknown: /usr/lib/onerescue/vm_down $TEMPLATE",
        ]
    );
    assert_eq!(deeds(&carried_out(&[]), &[]), [""; 0]);
    let names = wanted(&options()).into_iter().map(|wanted| wanted.name).collect::<Vec<_>>();
    assert_eq!(names, NAMES);
}

#[test]
fn opennebulas_own_make_room_and_nobody_elses_do() {
    let hooks = [
        hook(0, "host_error", "ft/host_error.rb", "HOST ERROR"),
        hook(1, "autostart-host", "autostart/host", "HOST MONITORED"),
        hook(2, "autostart-vm", "autostart/vm", "VM POWEROFF LCM_INIT"),
        hook(3, "mail", "/usr/local/bin/mail_host_error", "HOST ERROR"),
        hook(4, "logged", "/usr/bin/logger host_error", "HOST ERROR"),
        hook(5, "down", "ft/vm_down", "VM ACTIVE RUNNING"),
        hook(6, "twice", "/opt/host_error", "HOST ERROR"),
    ];
    let found = deeds(&hooks, &["vm_down_unknown"]);
    let begins = [
        "replace twice (hook 6): /usr/lib/onerescue/host_error $TEMPLATE -m",
        "delete host_error (hook 0)",
        "delete autostart-host (hook 1)",
        "delete autostart-vm (hook 2)",
        "delete down (hook 5)",
        "create host_back",
        "create vm_down_poweroff",
    ];
    assert_eq!(found.len(), begins.len(), "{found:?}");
    assert!(found.iter().zip(begins).all(|(deed, begin)| deed.starts_with(begin)), "{found:?}");
    let after = carried_out(&hooks);
    assert_eq!(deeds(&after, &[]), [""; 0]);
    assert!(after.contains(&hooks[3]) && after.contains(&hooks[4]));
}

#[test]
fn the_stock_hook_is_written_over_and_never_missing() {
    let mut stock = hook(7, "host_error", "ft/host_error.rb", "HOST ERROR");
    stock.attributes.insert("TIMEOUT".to_owned(), "30".to_owned());
    stock.attributes.insert("OWNER".to_owned(), "the \"night\" shift".to_owned());
    let plan = plan(&[stock], &wanted(&options()), &[]).unwrap();
    let template = plan.deeds[0].template().unwrap();
    assert!(plan.deeds[0].to_string().starts_with("replace host_error (hook 7)"), "{}", plan.deeds[0]);
    assert!(
        template.contains("ARGUMENTS_STDIN=\"yes\"\nCOMMAND") && !template.contains("TIMEOUT"),
        "{template}"
    );
    assert!(template.contains(r#"OWNER="the \"night\" shift""#), "{template}");
}

#[test]
fn a_name_that_somebody_elses_hook_has_is_not_taken_from_it() {
    let his = hook(9, "host_back", "/usr/local/bin/greet", "HOST MONITORED");
    assert_eq!(plan(std::slice::from_ref(&his), &wanted(&options()), &[]), Err(Taken { hook: his.clone() }));
    assert!(plan(&[his], &wanted(&options()), &["host_back".to_owned()]).is_ok());
}

#[test]
fn ours_go_and_others_stay() {
    let hooks = [
        hook(0, "host_error", "ft/host_error.rb", "HOST ERROR"),
        hook(1, "ours", "/usr/bin/env /opt/vm_down", "VM ACTIVE RUNNING"),
    ];
    let plan = removal(&hooks);
    assert_eq!(plan.deeds, [Deed::Delete(hooks[1].clone())]);
    assert_eq!(plan.kept, [(hooks[0].clone(), Kept::Left)]);
}
