//! Where oned is and who we are there, in the order of OpenNebula's own client.
//!
//! Reads the two files and nothing else; the environment is read in one other place. Source:
//! `src/oca/ruby/opennebula/lib/client.rb`.

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

/// The values of the environment that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `ONE_XMLRPC`: `http://localhost:2633/RPC2`.
    pub one_xmlrpc: Option<String>,
    /// `ONE_AUTH`: the path of a file that holds `user:password`.
    pub one_auth: Option<String>,
    /// `HOME`.
    pub home: Option<String>,
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
    /// Look in OpenNebula's order. The endpoint: `ONE_XMLRPC`, `~/.one/one_endpoint`,
    /// `/var/lib/one/.one/one_endpoint`, `http://localhost:2633/RPC2`. The session: the file that `ONE_AUTH`
    /// names, `~/.one/one_auth`, `/var/lib/one/.one/one_auth`.
    ///
    /// # Errors
    /// [`Error::Credentials`] if there is no session, [`Error::File`] if a file is there but cannot be read,
    /// [`Error::Usage`] for an endpoint that is no plain `http://` or `https://` address.
    pub fn find(places: &Places) -> Result<Credentials> {
        Self::find_with(places, Path::new(SYSTEM_HOME))
    }

    fn find_with(places: &Places, system_home: &Path) -> Result<Credentials> {
        let home = said(places.home.as_ref()).map(Path::new);
        let homes: Vec<&Path> = home.into_iter().chain([system_home]).collect();
        let in_homes = |name: &str| homes.iter().map(|home| home.join(".one").join(name)).collect();

        let endpoint = match said(places.one_xmlrpc.as_ref()) {
            Some(endpoint) => endpoint.to_owned(),
            None => first_file(in_homes("one_endpoint"))?.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
        };
        let address = endpoint
            .strip_prefix("http://")
            .or(endpoint.strip_prefix("https://"));
        // A password in an address would be shown wherever the address is.
        if address.is_none_or(|address| address.contains('@')) {
            return Err(Error::Usage(
                "the endpoint of oned must be http://… or https://… without a password; look at \
                 ONE_XMLRPC and ~/.one/one_endpoint"
                    .to_owned(),
            ));
        }

        let mut files: Vec<PathBuf> = in_homes("one_auth");
        if let Some(file) = said(places.one_auth.as_ref()) {
            files.insert(0, PathBuf::from(file));
        }
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let tried = names.join(", ");
        match first_file(files)? {
            Some(text) if text.contains(':') => Ok(Credentials {
                endpoint,
                session: Session(text),
            }),
            Some(_) | None => Err(Error::Credentials { tried }),
        }
    }
}

/// A value that is set, and not to nothing.
fn said(value: Option<&String>) -> Option<&str> {
    value.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// The text of the first path that is a file, without white space around it.
fn first_file(paths: Vec<PathBuf>) -> Result<Option<String>> {
    let Some(path) = paths.into_iter().find(|path| path.is_file()) else {
        return Ok(None);
    };
    match read(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(source) => Err(Error::File {
            doing: "read",
            path,
            source,
        }),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
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

        fn write(&self, path: &str, text: &str) -> String {
            let path = self.directory.path().join(path);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        }

        fn find(&self, one_xmlrpc: Option<&str>, one_auth: Option<String>) -> Result<Credentials> {
            let places = Places {
                one_xmlrpc: one_xmlrpc.map(str::to_owned),
                one_auth,
                home: Some(self.directory.path().join("user").display().to_string()),
            };
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
        assert_eq!(session(Some("/nowhere/auth".to_owned())).reveal(), "user:token");
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
    fn a_session_is_never_printed_and_an_empty_file_is_none() {
        let homes = Homes::new();
        homes.write("user/.one/one_auth", "oneadmin:secret");
        assert!(!format!("{:?}", homes.find(None, None)).contains("secret"));
        homes.write("user/.one/one_auth", "\n");
        assert!(matches!(homes.find(None, None), Err(Error::Credentials { .. })));
    }
}
