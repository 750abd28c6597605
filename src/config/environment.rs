//! The environment variables that matter, captured once.
//!
//! This is the only reader of the environment. It does not look whether what they name exists.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment of this run. An empty variable counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `ONE_LOCATION`: the root of a self-contained installation, `/srv/one`; absent for packages.
    pub one_location: Option<PathBuf>,
    /// `ONE_XMLRPC`: oned's endpoint, `http://localhost:2633/RPC2`.
    pub one_xmlrpc: Option<String>,
    /// `ONE_AUTH`: the file that holds `user:password`.
    pub one_auth: Option<PathBuf>,
    /// `HOME`: where `.one/one_auth` and `.one/one_endpoint` are looked for.
    pub home: Option<PathBuf>,
    /// `ONERESCUE_CONFIG`: the settings file.
    pub onerescue_config: Option<PathBuf>,
    /// `NOTIFY_SOCKET`: where systemd listens, if it has started this process so.
    pub notify_socket: Option<String>,
    /// `TERM=dumb`: the terminal knows no control sequence.
    pub is_dumb: bool,
    /// The person, as far as it is told: `SUDO_USER`, `USER`, `LOGNAME`, the first that is set. Anybody can set it.
    pub person: Option<String>,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn capture() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// The environment that `lookup` answers, so that a test does not need the real one.
    /// A value that is not UTF-8 counts as absent where text is needed.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let path = |name: &str| value(name).map(PathBuf::from);
        let text = |name: &str| value(name).and_then(|value| value.into_string().ok());
        Self {
            one_location: path("ONE_LOCATION"),
            one_xmlrpc: text("ONE_XMLRPC"),
            one_auth: path("ONE_AUTH"),
            home: path("HOME"),
            onerescue_config: path("ONERESCUE_CONFIG"),
            notify_socket: text("NOTIFY_SOCKET"),
            is_dumb: text("TERM").is_some_and(|term| term == "dumb"),
            person: ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(text),
        }
    }

    /// Where the settings file is when nobody names one: `$ONE_LOCATION/etc/onerescue.toml`, else
    /// `/etc/one/onerescue.toml`.
    #[must_use]
    pub fn default_settings_file(&self) -> PathBuf {
        match &self.one_location {
            Some(root) => root.join("etc/onerescue.toml"),
            None => PathBuf::from("/etc/one/onerescue.toml"),
        }
    }

    /// The log when the settings name none: `$ONE_LOCATION/var/host_error.log`, else
    /// `/var/log/one/host_error.log`.
    #[must_use]
    pub fn default_log(&self) -> PathBuf {
        self.under_location("var/host_error.log", Path::new("/var/log/one/host_error.log"))
    }

    /// Where the lock files are when the settings name no place: `$ONE_LOCATION/var`, else `/var/lock/one`.
    #[must_use]
    pub fn default_run_dir(&self) -> PathBuf {
        self.under_location("var", Path::new("/var/lock/one"))
    }

    /// The settings of OpenNebula's monitoring daemon: `$ONE_LOCATION/etc/monitord.conf`, else `/etc/one/monitord.conf`.
    #[must_use]
    pub fn monitord_conf(&self) -> PathBuf {
        self.under_location("etc/monitord.conf", Path::new("/etc/one/monitord.conf"))
    }

    /// Where the hooks' programs are: `$ONE_LOCATION/lib/onerescue`, else `/usr/lib/onerescue`.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.under_location("lib/onerescue", Path::new("/usr/lib/onerescue"))
    }

    fn under_location(&self, inside: &str, packaged: &Path) -> PathBuf {
        match &self.one_location {
            Some(root) => root.join(inside),
            None => packaged.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_counts_as_absent() {
        let environment = Environment::from_lookup(|name| match name {
            "ONE_LOCATION" => Some(OsString::new()),
            "HOME" => Some("/var/lib/one".into()),
            _ => None,
        });
        assert_eq!(environment.one_location, None);
        assert_eq!(environment.home, Some("/var/lib/one".into()));
    }

    #[test]
    fn the_person_behind_sudo_comes_first() {
        let set = |names: &'static [&'static str]| {
            Environment::from_lookup(|name| names.contains(&name).then(|| name.into())).person
        };
        assert_eq!(set(&["LOGNAME", "USER", "SUDO_USER"]).as_deref(), Some("SUDO_USER"));
        assert_eq!(set(&["LOGNAME", "USER"]).as_deref(), Some("USER"));
        assert_eq!(set(&["LOGNAME"]).as_deref(), Some("LOGNAME"));
        assert_eq!(set(&["HOME"]), None);
    }

    #[test]
    fn a_self_contained_installation_keeps_everything_under_its_root() {
        let environment = Environment { one_location: Some("/srv/one".into()), ..Environment::default() };
        assert_eq!(environment.default_settings_file(), PathBuf::from("/srv/one/etc/onerescue.toml"));
        assert_eq!(environment.default_log(), PathBuf::from("/srv/one/var/host_error.log"));
        assert_eq!(environment.default_run_dir(), PathBuf::from("/srv/one/var"));
        assert_eq!(environment.monitord_conf(), PathBuf::from("/srv/one/etc/monitord.conf"));
    }
}
