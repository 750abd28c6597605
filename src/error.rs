//! One error for everything that can fail outside the procedure itself.
//!
//! A text says what was attempted and on which object, never its cause: causes are joined once, by
//! [`Error::chain`]. Every error carries one instruction, [`Error::advice`].

pub use crate::model::Refusal;
use crate::model::{DeviceName, HostId};
use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

/// Short for `std::result::Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a text is not a document that we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// More bytes than the limit.
    #[error("more than {0} bytes")]
    TooLong(usize),
    /// Elements nested too deeply.
    #[error("elements nested deeper than {0}")]
    TooDeep(usize),
    /// More elements than the limit.
    #[error("more than {0} elements")]
    TooMany(usize),
    /// A document type, which no OpenNebula document has.
    #[error("a DOCTYPE at byte {0}")]
    DocType(u64),
    /// Broken mark-up; the position is in bytes.
    #[error("{what} at byte {at}")]
    Syntax {
        /// What is wrong.
        what: String,
        /// Where.
        at: u64,
    },
    /// The text ended inside an element, or before the first one.
    #[error("the document is cut off")]
    Truncated,
    /// Another root than expected.
    #[error("the root is <{found}>, not <{expected}>")]
    Root {
        /// What the document has.
        found: String,
        /// What the caller needs.
        expected: String,
    },
    /// A field holds something that is not its type.
    #[error("<{field}> is \"{text}\"")]
    Field {
        /// The element's name.
        field: String,
        /// Its text, shortened.
        text: String,
    },
    /// A field that must be there is absent or empty.
    #[error("<{0}> is missing")]
    Missing(String),
    /// oned has the object and cannot give it: a text in it is no UTF-8, as a rule.
    #[error("oned cannot give it: {0}")]
    Withheld(String),
}

/// What was attempted, on which object, and why it failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hook's input is not what OpenNebula hands a hook.
    #[error("the hook's input cannot be read: {0}")]
    HookCall(String),
    /// The XML inside the hook's input is not a HOST document.
    #[error("the hook's template is not a HOST document")]
    HookDocument(#[source] XmlError),
    /// The options contradict each other, or one is missing.
    #[error("{0}")]
    Usage(String),
    /// The settings file cannot be used. The text has the line.
    #[error("the settings in {file} cannot be used: {why}")]
    Settings {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line where there is one.
        why: String,
    },
    /// No credentials for oned.
    #[error("no credentials for oned were found in {tried}")]
    Credentials {
        /// The places that were looked at.
        tried: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {path}")]
    File {
        /// `read`, `write`, `lock` …
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// oned gave no usable answer to a call that reads.
    #[error("{} {method}", if matches!(source, OnedError::Refused { .. }) { "oned refused" } else { "oned did not answer" })]
    Oned {
        /// For example `one.host.info`.
        method: String,
        /// The cause.
        source: OnedError,
    },
    /// What cannot be done as it was asked: what was named is not there, as a rule.
    #[error("{what}")]
    Instead {
        /// What is not there, or does not work.
        what: String,
        /// What to do instead: the command that lists what there is.
        advice: String,
    },
    /// No host of this name or id.
    #[error("there is no host \"{0}\"")]
    NoHost(String),
    /// No fence device is declared for this host.
    #[error("no fence device is declared for {host}, {name}, in {file}")]
    FenceNotConfigured {
        /// The host.
        host: HostId,
        /// Its name in OpenNebula.
        name: String,
        /// The settings file.
        file: PathBuf,
    },
    /// The settings know this host's id under another name, so their device may be another machine's.
    #[error("{host} is {name} in OpenNebula but {declared} in {file}")]
    FenceWrongHost {
        /// The host.
        host: HostId,
        /// Its name in OpenNebula.
        name: String,
        /// Its name in the settings.
        declared: String,
        /// The settings file.
        file: PathBuf,
    },
    /// A `[[host]]` for many hosts does not come to devices for this one.
    #[error("no fence device is used for {host}, {name}, by {file}: {why}")]
    FencePattern {
        /// The host.
        host: HostId,
        /// Its name in OpenNebula.
        name: String,
        /// The settings file.
        file: PathBuf,
        /// What is wrong, with the table and its line.
        why: String,
    },
    /// A fence device cannot be used at all: its program or a secret of it.
    #[error("fence device \"{device}\" of {host} cannot be used: {why}")]
    FenceDevice {
        /// The device.
        device: DeviceName,
        /// The host.
        host: HostId,
        /// What is wrong, with the file.
        why: String,
    },
    /// The simulated cloud or its scenario file cannot be used.
    #[error("the scenario cannot be used: {0}")]
    Scenario(String),
}

/// Why a call of oned has no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnedError {
    /// The request provably did not leave: resolving or connecting failed.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have been executed: deadline, reset, cut-off reply, a leader that did not answer.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// oned answered with an error of its own.
    #[error("{text} (code {code:#x})")]
    Refused {
        /// What kind of refusal.
        kind: Refusal,
        /// oned's number, for example 2048.
        code: i64,
        /// oned's text, for example `[one.vm.migrate] User [0] : VM is locked. [6].`
        text: String,
    },
    /// oned does not know the method, or not with these parameters (an XML-RPC fault).
    #[error("{text} (fault {code})")]
    Fault {
        /// -506 is a method that is not defined.
        code: i64,
        /// The fault's text.
        text: String,
    },
    /// The reply is not what the method returns.
    #[error("a reply that cannot be read: {0}")]
    Reply(XmlError),
}

impl Error {
    /// What cannot be done as it was asked, and what to do instead.
    pub(crate) fn instead(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Instead { what: what.into(), advice: advice.into() }
    }

    /// The one thing to do next: a command to run or a setting to check.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::HookCall(_) | Self::HookDocument(_) => {
                "by hand: `host_error --host NAME -m`; as a hook, `onehook show` must have ARGUMENTS=\"$TEMPLATE -m -p 5\" \
                 and ARGUMENTS_STDIN=\"yes\""
                    .to_owned()
            }
            Self::Usage(_) => "run the same command with --help alone: it names every option".to_owned(),
            Self::Settings { file, .. } => format!("correct {}", file.display()),
            Self::Credentials { .. } => {
                "run as oneadmin, or set ONE_AUTH to a file that holds `user:password`".to_owned()
            }
            Self::File { path, .. } => {
                format!("check that {} exists, that oneadmin may use it, and that nobody else may write it", path.display())
            }
            Self::Oned { source, .. } => source.advice(),
            Self::Instead { advice, .. } => advice.clone(),
            Self::NoHost(_) => "run `onehost list` and give one of its ids or names".to_owned(),
            Self::FenceNotConfigured { host, name, file } => lines_to_add(*host, name, file),
            Self::FenceWrongHost { host, file, .. } => format!(
                "check which machine the devices of id = {} in {} power off, then correct the entry",
                host.0,
                file.display()
            ),
            Self::FencePattern { host, name, file, .. } => format!(
                "correct that in {}, or add a `[[host]]` with id = {} and name = {name:?}, which wins over a pattern",
                file.display(),
                host.0
            ),
            Self::FenceDevice { device, .. } => {
                format!("correct that, or [device.{device}] in the settings file, as the user who runs this")
            }
            Self::Scenario(_) => "correct the scenario file; examples/ has one to start from".to_owned(),
        }
    }

    /// The exit code of the executable; the table is in the README.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Instead { .. } | Self::NoHost(_) | Self::Scenario(_) => 2,
            Self::HookCall(_) | Self::HookDocument(_) => 3,
            Self::Settings { .. } | Self::File { .. } => 4,
            Self::Credentials { .. } | Self::Oned { .. } => 5,
            Self::FenceNotConfigured { .. }
            | Self::FenceWrongHost { .. }
            | Self::FencePattern { .. }
            | Self::FenceDevice { .. } => 6,
        }
    }

    /// What failed and each cause, once: `oned did not answer one.host.info: not sent: connection refused`.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// The lines of the settings file that declare a fence device for a host.
fn lines_to_add(host: HostId, name: &str, file: &Path) -> String {
    format!(
        "add these lines to {}, with the host's own device and address:\n\
         [device.ipmi]\n\
         driver = \"agent\"\n\
         agent = \"fence_ipmilan\"\n\
         params = {{ lanplus = \"1\", username = \"fence\" }}\n\
         secrets = {{ password = \"/etc/one/secrets/bmc-{{host}}\" }}\n\
         [[host]]\n\
         id = {}\n\
         name = {name:?}\n\
         devices = [\"ipmi\"]\n\
         [host.params.ipmi]\n\
         ip = \"ADDRESS\"",
        file.display(),
        host.0
    )
}

/// The fault of a method that oned does not know. Source: xmlrpc-c's registry.
pub(crate) const NOT_DEFINED: i64 = -506;

/// What to do with an object that oned cannot give.
const MEND: &str = "an object that it names has a text that is no UTF-8, as a rule: `onehost show`, `onevm show` and \
    `onedatastore show` fail for it too; replace its template (`onevm update ID FILE`) or correct it with \
    `onedb change-body`";

impl OnedError {
    /// The endpoint's certificate is not accepted. Asking again does not change that.
    #[must_use]
    pub fn is_untrusted(&self) -> bool {
        matches!(self, Self::NotSent(why) | Self::Unknown(why) if why.contains("certificate"))
    }

    /// The one thing to do next.
    #[must_use]
    pub fn advice(&self) -> String {
        let text = match self {
            _ if self.is_untrusted() => {
                "add the certificate's authority to the system's, or name its file in SSL_CERT_FILE"
            }
            Self::NotSent(_) | Self::Unknown(_) => {
                "check that oned runs (`systemctl status opennebula`) and that ONE_XMLRPC points to it, then run \
                 this again"
            }
            Self::Refused { kind: Refusal::Authentication, .. } => {
                "check the credentials: `oneuser show` with the same ONE_AUTH must work"
            }
            Self::Refused { kind: Refusal::Authorization, .. } => {
                "run as oneadmin, or unlock the object that it names: `onevm unlock ID`"
            }
            Self::Refused { .. } => "look into /var/log/one/oned.log",
            Self::Fault { code, .. } if *code != NOT_DEFINED => MEND,
            Self::Reply(XmlError::Withheld(_)) => MEND,
            Self::Fault { .. } | Self::Reply(_) => {
                "check that ONE_XMLRPC ends in /RPC2 and points to an oned between 5.12 and 7.5"
            }
        };
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_says_each_cause_once() {
        let source = OnedError::NotSent("connection refused".to_owned());
        let error = Error::Oned { method: "one.host.info".to_owned(), source };
        assert_eq!(error.chain(), "oned did not answer one.host.info: not sent: connection refused");
    }
}
