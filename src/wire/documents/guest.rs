//! The guest inside a VM, from the VM's document.
//!
//! Its probes put the agent's answers into `MONITORING`, where `guestagent.conf` of the host enables that: `VM_QEMU_PING` is `{}` when
//! the agent has answered, and libvirt's error when not; older probes wrote the whole answer, `{"return":{}}`. Source:
//! `src/im_mad/remotes/lib/kvm.rb`. Whatever cannot be read is not known: no VM is held by it.

use crate::model::text::cut_chars;
use crate::model::{Executed, Guest};
use crate::wire::xml::Element;

/// The most addresses of one VM.
const MOST: usize = 64;

/// The most characters of a command that is compared.
const LONGEST: usize = 4096;

pub(super) fn guest(vm: &Element, last: &Element) -> Guest {
    let none = Element::default();
    let template = vm.child("TEMPLATE").unwrap_or(&none);
    let monitoring = vm.child("MONITORING").unwrap_or(&none);
    let time =
        |element: &Element, name| element.number_of::<i64>(name).ok().flatten().filter(|time| *time > 0);
    Guest {
        addresses: addresses(template),
        began: time(last, "RSTIME"),
        monitored: time(monitoring, "TIMESTAMP"),
        agent: agent(monitoring),
        executed: template.all("QEMU_GA_EXEC").next().map(executed),
    }
}

fn addresses(template: &Element) -> Vec<core::net::IpAddr> {
    // One without a network has what its owner has typed.
    let leased = |nic: &&Element| nic.number_of::<u32>("NETWORK_ID").ok().flatten().is_some();
    let nics = template.all("NIC").chain(template.all("NIC_ALIAS")).filter(leased);
    let of = |nic: &Element| {
        ["IP", "IP6", "IP6_GLOBAL", "IP6_ULA"]
            .into_iter()
            .filter_map(|name| nic.text_of(name)?.trim().parse().ok())
            .collect()
    };
    nics.flat_map(|nic| -> Vec<core::net::IpAddr> { of(nic) }).take(MOST).collect()
}

fn agent(monitoring: &Element) -> Option<bool> {
    if let Some(text) = monitoring.text_of("VM_QEMU_PING") {
        let said: String = text.chars().filter(|c| !c.is_whitespace()).take(40).collect();
        return Some(said == "{}" || said == r#"{"return":{}}"#);
    }
    monitoring.text_of("GUEST_IP_ADDRESSES").filter(|text| !text.trim().is_empty()).map(|_| true)
}

fn executed(last: &Element) -> Executed {
    let text = |name| cut_chars(last.text_of(name).unwrap_or_default(), LONGEST);
    Executed {
        command: text("COMMAND"),
        status: text("STATUS"),
        code: last.number_of("RETURN_CODE").ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Guest, Vm};
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    fn guest(body: &str) -> Guest {
        let text = format!(
            "<VM><ID>1</ID><STATE>3</STATE><LCM_STATE>3</LCM_STATE>{body}\
             <USER_TEMPLATE><HA_READY>AGENT</HA_READY></USER_TEMPLATE></VM>"
        );
        read::<Vm>(&text, Limits::REPLY).unwrap().guest
    }

    #[test]
    fn addresses_of_interfaces_and_aliases_in_their_order() {
        let read = guest(
            "<TEMPLATE><NIC><NETWORK_ID>0</NETWORK_ID><IP>10.0.0.7</IP><IP6_LINK>fe80::1</IP6_LINK><IP6_ULA>fd00::7</IP6_ULA></NIC><NIC><NETWORK_ID>0</NETWORK_ID><IP>no</IP></NIC><NIC><IP>10.0.0.9</IP></NIC>\
             <NIC_ALIAS><NETWORK_ID>1</NETWORK_ID><IP>10.0.0.8</IP></NIC_ALIAS></TEMPLATE>",
        );
        let texts: Vec<_> = read.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.7", "fd00::7", "10.0.0.8"]);
    }

    #[test]
    fn the_agent_has_answered_by_what_the_probes_write() {
        let pinged =
            |text: &str| guest(&format!("<MONITORING><TIMESTAMP>9</TIMESTAMP>{text}</MONITORING>")).agent;
        assert_eq!(pinged("<VM_QEMU_PING><![CDATA[{}]]></VM_QEMU_PING>"), Some(true));
        assert_eq!(pinged("<VM_QEMU_PING><![CDATA[{\"return\": {}}]]></VM_QEMU_PING>"), Some(true));
        let error = "<VM_QEMU_PING><![CDATA[error: Guest agent is not responding]]></VM_QEMU_PING>";
        assert_eq!(pinged(error), Some(false));
        assert_eq!(pinged("<VM_QEMU_PING>QEMU Guest Agent monitoring disabled</VM_QEMU_PING>"), Some(false));
        let both = format!("{error}<GUEST_IP_ADDRESSES>10.0.0.7</GUEST_IP_ADDRESSES>");
        assert_eq!(pinged(&both), Some(false));
        assert_eq!(pinged("<GUEST_IP_ADDRESSES>10.0.0.7</GUEST_IP_ADDRESSES>"), Some(true));
        assert_eq!(pinged(""), None);
    }

    #[test]
    fn a_vm_that_says_nothing_about_its_readiness_has_no_guest() {
        let text = "<VM><ID>1</ID><STATE>3</STATE><TEMPLATE><NIC><NETWORK_ID>0</NETWORK_ID><IP>10.0.0.7</IP></NIC></TEMPLATE></VM>";
        assert!(read::<Vm>(text, Limits::REPLY).unwrap().guest.is_unknown());
    }
}
