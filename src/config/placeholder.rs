//! `{host}`, `{id}`, `{n}` and `{n+100}` in the parameters of devices: what differs from host to host.

use crate::model::HostId;

/// The text for this host; nothing if `{n}` stands in it and the name has no number at its end, or one that is too large.
///
/// `{n}` is a number, so kvm012 is 12: many programs read 10.8.0.012 as octal, and that is the address of kvm10's controller.
pub(super) fn filled(text: &str, id: HostId, name: &str) -> Option<String> {
    let text = text.replace("{id}", &id.0.to_string());
    let mut parts = text.split("{n");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}').and_then(|(more, rest)| Some((added(more)?, rest))) {
            Some((more, rest)) => {
                filled.push_str(&number(name)?.checked_add(more)?.to_string());
                filled.push_str(rest);
            }
            None => filled.extend(["{n", part]),
        }
    }
    // Last, so that nothing in a name is filled.
    Some(filled.replace("{host}", name))
}

/// What is in braces and is none of them.
pub(super) fn unknown(text: &str) -> Option<&str> {
    let mut inside =
        text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(inside, _)| inside);
    inside.find(|inside| {
        !matches!(*inside, "host" | "id") && inside.strip_prefix('n').and_then(added).is_none()
    })
}

/// Does anything in it differ from host to host?
pub(super) fn differs(text: &str) -> bool {
    text.contains('{') && unknown(text).is_none()
}

/// What `{n+100}` adds to the number: 100.
fn added(more: &str) -> Option<u64> {
    if more.is_empty() {
        return Some(0);
    }
    let digits = more.strip_prefix('+')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The digits at the end of a name.
fn number(name: &str) -> Option<u64> {
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits = digits.rsplit(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_digits_at_the_end_of_the_name() {
        let cases = [
            ("10.8.0.{n}", "kvm12", Some("10.8.0.12")),
            ("10.8.0.{n+100}", "kvm12", Some("10.8.0.112")),
            ("10.8.0.{n}", "kvm012", Some("10.8.0.12")),
            ("{n}/{n+1}/{id}/{host}", "rack2-node7", Some("7/8/3/rack2-node7")),
            ("bmc-{host}", "gateway", Some("bmc-gateway")),
            ("{n}", "gateway", None),
            ("{n}", "7gateway", None),
            ("{n}", "kvm99999999999999999999", None),
            ("{n+18446744073709551615}", "kvm1", None),
            ("{n-1}{n+x}{n", "gateway", Some("{n-1}{n+x}{n")),
            ("{host}", "{id}{n}7", Some("{id}{n}7")),
        ];
        for (text, name, expected) in cases {
            assert_eq!(filled(text, HostId(3), name).as_deref(), expected, "{text} of {name}");
        }
    }

    #[test]
    fn what_is_in_braces_and_means_nothing_is_found() {
        for text in ["{host}{id}{n}{n+100}", "plain", "{", "}{"] {
            assert_eq!(unknown(text), None, "{text}");
        }
        for (text, expected) in [("{id}{name}", "name"), ("{n-1}", "n-1"), ("{n+}", "n+"), ("{n+1x}", "n+1x")]
        {
            assert_eq!(unknown(text), Some(expected), "{text}");
        }
    }
}
