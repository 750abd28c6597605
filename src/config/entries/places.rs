//! The addresses that a scan asks: an address or a name, a range, a network, or a file of them.

use crate::section::check_address;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// So many addresses at most are asked at once.
pub(crate) const MOST: usize = 1024;

/// Where a controller may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// An address or a name: `10.8.0.11`, `bmc-kvm1`, `fe80::1`.
    pub(crate) host: String,
    /// Of Redfish over TCP and of IPMI over UDP, where it is not 443 and 623.
    pub(crate) port: Option<u16>,
    /// The SHA-256 of its certificate, where somebody has said it.
    pub(crate) fingerprint: Option<String>,
}

impl Place {
    fn at(host: &str) -> Self {
        Self { host: host.to_owned(), port: None, fingerprint: None }
    }

    /// As it stands in a URL: `[fe80::1]`.
    pub(crate) fn for_url(&self) -> String {
        if self.port.is_none() && self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// Every address once, in the order in which they were given. `read` reads a file.
///
/// # Errors
/// Which word is none of them, and why; or that they are too many.
pub(crate) fn places(
    words: &[String],
    read: impl Fn(&str) -> Result<String, String>,
) -> Result<Vec<Place>, String> {
    let mut places: Vec<Place> = Vec::new();
    let mut add = |more: Vec<Place>| {
        for place in more {
            if let Some(other) =
                places.iter_mut().find(|other| (&other.host, other.port) == (&place.host, place.port))
            {
                if other.fingerprint.is_some()
                    && place.fingerprint.is_some()
                    && other.fingerprint != place.fingerprint
                {
                    return Err(format!("{place} has two fingerprints"));
                }
                other.fingerprint = other.fingerprint.take().or(place.fingerprint);
            } else if places.len() == MOST {
                return Err(format!("these are more than {MOST} addresses: scan one part after the other"));
            } else {
                places.push(place);
            }
        }
        Ok(())
    };
    for word in words {
        match several(word) {
            Some(found) => add(found?)?,
            None if word.contains('/') => {
                for (number, line) in read(word)?.lines().enumerate() {
                    let found =
                        line_of_a_file(line).map_err(|why| format!("{word}, line {}: {why}", number + 1))?;
                    add(found)?;
                }
            }
            None => add(vec![one(word)?])?,
        }
    }
    Ok(places)
}

/// `10.8.0.11`, or with the fingerprint of the certificate behind a blank. Comments begin with `#`.
fn line_of_a_file(line: &str) -> Result<Vec<Place>, String> {
    let line = line.split('#').next().unwrap_or_default();
    let words: Vec<_> = line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => Ok(Vec::new()),
        [word] => several(word).unwrap_or_else(|| Ok(vec![one(word)?])),
        [word, fingerprint] => Ok(vec![Place { fingerprint: Some((*fingerprint).to_owned()), ..one(word)? }]),
        _ => Err("it is not an address, and behind it at most the fingerprint of its certificate".to_owned()),
    }
}

/// A network or a range; nothing if the word is neither.
fn several(word: &str) -> Option<Result<Vec<Place>, String>> {
    if let Some((address, bits)) = word.split_once('/') {
        let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        return Some(network(address, bits).map_err(|why| format!("{word}: {why}")));
    }
    let (first, last) = word.split_once('-')?;
    let first: IpAddr = first.parse().ok()?;
    let last = last.parse().ok().or_else(|| {
        let begin = word.split_once('-')?.0.rsplit_once('.')?.0;
        format!("{begin}.{last}").parse::<IpAddr>().ok()
    });
    let range = last.ok_or_else(|| "its end is no address".to_owned()).and_then(|last| range(first, last));
    Some(range.map_err(|why| format!("{word}: {why}")))
}

/// Without the first and the last address of an IPv4 network, which are no machine's.
fn network(address: IpAddr, bits: u32) -> Result<Vec<Place>, String> {
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    let free = width.checked_sub(bits).ok_or("its length is none of a network")?;
    if free > MOST.ilog2() + 1 {
        return Err(format!("it has more than {MOST} addresses: scan one part after the other"));
    }
    let (begin, size) = (number(address) >> free << free, 1u128 << free);
    let ends = u128::from(address.is_ipv4() && size > 2);
    range(like(address, begin + ends), like(address, begin + (size - 1) - ends))
}

fn range(first: IpAddr, last: IpAddr) -> Result<Vec<Place>, String> {
    let (from, to) = (number(first), number(last));
    if first.is_ipv4() != last.is_ipv4() || from > to {
        return Err("its end comes before its begin".to_owned());
    }
    if to - from >= MOST as u128 {
        return Err(format!("it has more than {MOST} addresses: scan one part after the other"));
    }
    Ok((from..=to).map(|number| Place::at(&like(first, number).to_string())).collect())
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn like(address: IpAddr, number: u128) -> IpAddr {
    match address {
        IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(number).into(),
    }
}

/// `10.8.0.11`, `bmc-kvm1`, `fe80::1`, and with a port `10.8.0.11:8443`, `[fe80::1]:8443`.
fn one(word: &str) -> Result<Place, String> {
    if word.parse::<Ipv6Addr>().is_ok() {
        return Ok(Place::at(word));
    }
    let (host, port) = match word.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (word, None),
    };
    // What has an @ may hold a secret.
    let shown = if word.contains('@') { "what has an @".to_owned() } else { format!("{word:?}") };
    let refuse = || format!("{shown} is no address; a file is given as a path, ./bmcs");
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or_else(refuse)).transpose()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if word.contains('@') || (host.contains(':') && host.parse::<Ipv6Addr>().is_err()) {
        return Err(refuse());
    }
    check_address("--scan", host).map_err(|_| refuse())?;
    Ok(Place { port, ..Place::at(host) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let file = |path: &str| match path {
            "./bmcs" => Ok("# rack 1\n10.8.0.9 aa:bb # old\n\n10.8.0.20-21\nbmc-kvm1:8443\n".to_owned()),
            path => Err(format!("{path} is not there")),
        };
        let told = |place: &Place| format!("{place}{}", place.fingerprint.as_deref().unwrap_or_default());
        Ok(places(&words, file)?.iter().map(told).collect())
    }

    #[test]
    fn each_form_is_its_addresses() {
        assert_eq!(
            read(&["10.8.0.1", "10.8.0.1", "bmc-kvm1", "fe80::1"]).unwrap(),
            ["10.8.0.1", "bmc-kvm1", "fe80::1"]
        );
        assert_eq!(read(&["10.8.0.5:8443", "[fe80::1]:8443"]).unwrap(), ["10.8.0.5:8443", "[fe80::1]:8443"]);
        assert_eq!(read(&["10.8.0.5/30"]).unwrap(), ["10.8.0.5", "10.8.0.6"]);
        assert_eq!(read(&["10.8.0.5/31", "10.8.0.9/32"]).unwrap(), ["10.8.0.4", "10.8.0.5", "10.8.0.9"]);
        assert_eq!(
            read(&["10.8.0.254-10.8.1.1"]).unwrap(),
            ["10.8.0.254", "10.8.0.255", "10.8.1.0", "10.8.1.1"]
        );
        assert_eq!(read(&["10.8.0.1-3"]).unwrap(), ["10.8.0.1", "10.8.0.2", "10.8.0.3"]);
        assert_eq!(read(&["fe80::/127"]).unwrap(), ["fe80::", "fe80::1"]);
        assert_eq!(read(&["10.8.0.0/22"]).unwrap().len(), 1022);
        let file = ["10.8.0.9aa:bb", "10.8.0.20", "10.8.0.21", "bmc-kvm1:8443"];
        assert_eq!(read(&["./bmcs"]).unwrap(), file);
        assert_eq!(read(&["10.8.0.9", "./bmcs"]).unwrap(), file);
    }

    #[test]
    fn what_is_no_address_or_too_many_is_refused() {
        for (words, why) in [
            (&["10.8.0.0/21"][..], "10.8.0.0/21: it has more than 1024"),
            (&["10.8.0.0/0"], "more than 1024"),
            (&["fe80::/64"], "more than 1024"),
            (&["10.8.0.0/33"], "its length is none"),
            (&["10.8.0.0-10.8.4.0"], "more than 1024"),
            (&["10.8.0.0/22", "10.9.0.0/29"], "more than 1024 addresses"),
            (&["10.8.0.9-1"], "its end comes before"),
            (&["10.8.0.9-x"], "its end is no address"),
            (&["10.8.0.9-fe80::1"], "its end comes before"),
            (&["root@10.8.0.9"], "is no address"),
            (&["-oProxyCommand=x"], "is no address"),
            (&["10.8.0.9:0"], "is no address"),
            (&["a:b:c"], "is no address"),
            (&["a b"], "is no address"),
            (&["/nowhere"], "/nowhere is not there"),
        ] {
            let found = read(words).unwrap_err();
            assert!(found.contains(why), "{words:?}: {found}");
        }
    }
}
