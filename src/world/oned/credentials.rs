//! Where oned is and who we are there, in the order of OpenNebula's own client.
//!
//! Reads the two files and nothing else; the environment is read in one other place. Source:
//! `src/oca/ruby/opennebula/lib/client.rb`.

use crate::config::{Config, Environment};
use crate::error::{Error, Result};
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Where a front-end's own configuration of the client lives.
const SYSTEM_HOME: &str = "/var/lib/one";
/// Where oned listens unless something else is said.
const DEFAULT_ENDPOINT: &str = "http://localhost:2633/RPC2";
/// Longer than any endpoint, password or token.
const LONGEST_FILE: u64 = 64 << 10;

/// Where to look: what the operator set, and the values of the environment that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The endpoint in the settings, before all others.
    pub endpoint: Option<String>,
    /// The file in the settings that holds `user:password`, before all others; it must be there.
    pub auth_file: Option<PathBuf>,
    /// `ONE_XMLRPC`: `http://localhost:2633/RPC2`.
    pub one_xmlrpc: Option<String>,
    /// `ONE_AUTH`: the file that holds `user:password`; passed over if it is no file.
    pub one_auth: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
}

impl Places {
    /// What the settings name, and the environment's values after that.
    #[must_use]
    pub fn new(config: &Config, environment: &Environment) -> Self {
        Self {
            endpoint: config.oned.endpoint.clone(),
            auth_file: config.oned.auth_file.clone(),
            one_xmlrpc: environment.one_xmlrpc.clone(),
            one_auth: environment.one_auth.clone(),
            home: environment.home.clone(),
        }
    }
}

/// `user:password` or `user:token`. It is the first parameter of every call and appears nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Session(String);

impl Session {
    /// The session string of a user, `oneadmin:password`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the wire only.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Prints as `(redacted)`.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

/// Where oned is and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `http://localhost:2633/RPC2`.
    pub endpoint: String,
    /// Who we are.
    pub session: Session,
}

impl Credentials {
    /// Look in OpenNebula's order. The endpoint: the settings, `ONE_XMLRPC`, `~/.one/one_endpoint`,
    /// `/var/lib/one/.one/one_endpoint`, `http://localhost:2633/RPC2`. The session: the settings, the file
    /// that `ONE_AUTH` names, `~/.one/one_auth`, `/var/lib/one/.one/one_auth`.
    ///
    /// # Errors
    /// [`Error::Credentials`] if there is no session, [`Error::File`] if a file is there but cannot be read,
    /// [`Error::Instead`] for an endpoint that is no plain `http://` or `https://` address.
    pub fn find(places: &Places) -> Result<Credentials> {
        Self::find_with(places, Path::new(SYSTEM_HOME))
    }

    fn find_with(places: &Places, system_home: &Path) -> Result<Credentials> {
        let homes: Vec<&Path> = places.home.as_deref().into_iter().chain([system_home]).collect();
        let in_homes =
            |name: &str| -> Vec<PathBuf> { homes.iter().map(|home| home.join(".one").join(name)).collect() };
        Ok(Credentials {
            endpoint: endpoint(places, &in_homes("one_endpoint"))?,
            session: session(places, in_homes("one_auth"))?,
        })
    }
}

fn endpoint(places: &Places, files: &[PathBuf]) -> Result<String> {
    let said = [&places.endpoint, &places.one_xmlrpc];
    let said = said.into_iter().flatten().map(|text| text.trim());
    let endpoint = match said.into_iter().find(|text| !text.is_empty()) {
        Some(endpoint) => endpoint.to_owned(),
        None => first_file(files)?.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
    };
    let address = endpoint.strip_prefix("http://").or(endpoint.strip_prefix("https://"));
    // A password in an address would be shown wherever the address is.
    if address.is_none_or(|address| address.contains('@')) {
        return Err(Error::instead(
            "the endpoint of oned must be http://… or https://… without a password",
            "correct ONE_XMLRPC, or ~/.one/one_endpoint",
        ));
    }
    Ok(endpoint)
}

fn session(places: &Places, mut files: Vec<PathBuf>) -> Result<Session> {
    if let Some(file) = &places.auth_file {
        return user_and_password(Some(read(file)?), std::slice::from_ref(file));
    }
    if let Some(file) = &places.one_auth {
        files.insert(0, file.clone());
    }
    user_and_password(first_file(&files)?, &files)
}

fn user_and_password(text: Option<String>, tried: &[PathBuf]) -> Result<Session> {
    match text {
        Some(text) if text.contains(':') => Ok(Session(text)),
        Some(_) | None => {
            let tried: Vec<String> = tried.iter().map(|file| file.display().to_string()).collect();
            Err(Error::Credentials { tried: tried.join(", ") })
        }
    }
}

/// The text of the first path that is a file.
fn first_file(paths: &[PathBuf]) -> Result<Option<String>> {
    let file = paths.iter().find(|path| path.is_file());
    file.map(|path| read(path)).transpose()
}

/// The text of a file, without white space around it.
fn read(path: &Path) -> Result<String> {
    let text = || -> io::Result<String> {
        let mut text = String::new();
        File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
        Ok(text.trim().to_owned())
    };
    text().map_err(|source| Error::File { doing: "read", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Homes {
        directory: tempfile::TempDir,
    }

    impl Homes {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            for home in ["user/.one", "system/.one"] {
                fs::create_dir_all(directory.path().join(home)).unwrap();
            }
            Self { directory }
        }

        fn write(&self, path: &str, text: &str) -> PathBuf {
            let path = self.directory.path().join(path);
            fs::write(&path, text).unwrap();
            path
        }

        fn find(&self, one_xmlrpc: Option<&str>, one_auth: Option<PathBuf>) -> Result<Credentials> {
            self.find_in(Places { one_xmlrpc: one_xmlrpc.map(str::to_owned), one_auth, ..Places::default() })
        }

        fn find_in(&self, mut places: Places) -> Result<Credentials> {
            places.home = Some(self.directory.path().join("user"));
            Credentials::find_with(&places, &self.directory.path().join("system"))
        }
    }

    #[test]
    fn the_session_is_looked_for_in_opennebulas_order() {
        let homes = Homes::new();
        assert!(matches!(homes.find(None, None), Err(Error::Credentials { .. })));
        homes.write("system/.one/one_auth", "oneadmin:a:b\n");
        let session = |one_auth| homes.find(None, one_auth).unwrap().session;
        assert_eq!(session(None).reveal(), "oneadmin:a:b");
        homes.write("user/.one/one_auth", "user:token");
        assert_eq!(session(None).reveal(), "user:token");
        let file = homes.write("auth", "other:x");
        assert_eq!(session(Some(file)).reveal(), "other:x");
        assert_eq!(session(Some(PathBuf::from("/nowhere/auth"))).reveal(), "user:token");
    }

    #[test]
    fn the_endpoint_is_looked_for_in_opennebulas_order() {
        let homes = Homes::new();
        homes.write("system/.one/one_auth", "oneadmin:x");
        let endpoint = |said| homes.find(said, None).unwrap().endpoint;
        assert_eq!(endpoint(None), DEFAULT_ENDPOINT);
        homes.write("system/.one/one_endpoint", "http://system/RPC2\n");
        assert_eq!(endpoint(Some("")), "http://system/RPC2");
        homes.write("user/.one/one_endpoint", "http://user/RPC2");
        assert_eq!(endpoint(None), "http://user/RPC2");
        assert_eq!(endpoint(Some("https://said/RPC2")), "https://said/RPC2");
        for bad in ["localhost:2633", "http://user:secret@host/RPC2"] {
            let error = homes.find(Some(bad), None).unwrap_err().chain();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_settings_come_first_and_their_file_must_be_there() {
        let homes = Homes::new();
        homes.write("user/.one/one_auth", "user:token");
        let set = |file: PathBuf| {
            homes.find_in(Places {
                endpoint: Some("http://set/RPC2".to_owned()),
                auth_file: Some(file),
                one_xmlrpc: Some("http://said/RPC2".to_owned()),
                ..Places::default()
            })
        };
        let found = set(homes.write("set", "set:x")).unwrap();
        assert_eq!(found.endpoint, "http://set/RPC2");
        assert_eq!(found.session.reveal(), "set:x");
        assert!(matches!(set(PathBuf::from("/nowhere/auth")), Err(Error::File { .. })));
    }

    #[test]
    fn a_session_is_never_printed_and_an_empty_file_is_none() {
        let homes = Homes::new();
        homes.write("user/.one/one_auth", "oneadmin:secret");
        assert!(!format!("{:?}", homes.find(None, None)).contains("secret"));
        homes.write("user/.one/one_auth", "\n");
        assert!(matches!(homes.find(None, None), Err(Error::Credentials { .. })));
    }
}
