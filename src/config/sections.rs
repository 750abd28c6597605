//! Settings that are no rules: how the world is reached, and where files are.

use super::Environment;
use crate::policy::reconcile::ReconcileRules;
use crate::section::{
    MILLISECOND, SECOND, absolute, addresses, folders, maybe, minutes, number, path_or_none, program,
    program_or_none, seconds, section, split, table, time, web, words,
};
use crate::wire::record;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// What stands before the first section.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Paths {
        /// The log. Default: `$ONE_LOCATION/var/host_error.log` for a self-contained installation, else this.
        pub log: PathBuf = Environment::default().default_log(), absolute;
        /// Where the lock file of each host is; nobody but oneadmin or root may write there. Default: `$ONE_LOCATION/var`,
        /// else this.
        pub run_dir: PathBuf = Environment::default().default_run_dir(), absolute;
    }
}

section! {
    /// `[oned]`: how oned is called.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OnedSettings {
        /// Default: `ONE_XMLRPC`, `~/.one/one_endpoint`, `/var/lib/one/.one/one_endpoint`, then this.
        ///
        /// `http://localhost:2633/RPC2`
        pub endpoint: Option<String> = None, maybe(web);
        /// A file with `user:password`. Default: `ONE_AUTH`, `~/.one/one_auth`, `/var/lib/one/.one/one_auth`.
        pub auth_file: Option<PathBuf> = None, maybe(absolute);
        /// The end of one call.
        pub deadline: Duration = seconds(30), time(SECOND, minutes(10));
        /// The end of connecting.
        pub connect: Duration = seconds(5), time(MILLISECOND, minutes(10));
        /// How often a call that only reads is tried.
        pub reads: u32 = 5, number(1, 100);
    }
}

section! {
    /// `[observer]`: is this front-end connected?
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ObserverSettings {
        /// Addresses of which at least one must answer; none = nobody is asked.
        pub gateways: Vec<String> = Vec::new(), addresses;
        /// How they are asked: exit code 0 is an answer.
        ///
        /// `{address}` is the gateway's.
        pub ping: Vec<String> = split("/usr/bin/ping -c 1 -W 2 {address}"), program;
    }
}

/// The program of bash that reads the banner. Its arguments are an address and a port; it needs `timeout` of coreutils. Only
/// what says that nobody answers there is no answer: a name that the peer does not know is about the peer.
#[rustfmt::skip]
const BANNER: &str = concat!(
    r#"w=$(LC_ALL=C timeout 5 "$BASH" -c 'exec 3<>"/dev/tcp/$0/$1" && read -rn4 -u3 b && [[ $b == SSH- ]]' "$0" "$1" 2>&1); "#,
    r#"case $?:$w in 0:*) exit 0 ;; 124:*) w="no answer within 5 s" ;; 1:) w="no banner of ssh" ;; "#,
    r#"*": Connection refused" | *": Connection reset by peer" | *": Connection timed out" | *": No route to host" | *": Host is down") ;; "#,
    r#"*) echo "$w" >&2 && exit 2 ;; esac; echo "${w##*: }" >&2 && exit 1"#,
);

section! {
    /// `[witness]`: how witnesses are asked.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WitnessSettings {
        /// What a peer runs: exit code 0 is alive, 1 is no answer, with others it could not tell. By default that is bash, which
        /// waits 5 s for the banner of the host's sshd: one that answers a ping, and whose programs do not run, is not alive.
        ///
        /// `{address}` is the suspect's.
        pub probe: Vec<String> = [split("/bin/bash -c"), vec![BANNER.to_owned()], split("{address} 22")].concat(), program;
        /// What a healthy host runs when a VM is to leave it: exit code 0 is that the VM runs there, 1 that it does not. `{vm}`
        /// is its id.
        ///
        /// The shell that looks must not find itself.
        pub domain: Vec<String> = split("/usr/bin/pgrep -f [g]uest=one-{vm},"), program;
        /// What peers run before VMs are planned or started: exit code 0 is that some of them run there, and the output
        /// names them as one-ID; 1 that none does. `{vms}` is their ids, with | between them. `[]`: nobody is asked.
        pub domains: Vec<String> = split("/usr/bin/pgrep -a -f [g]uest=one-({vms}),"), program_or_none;
        /// How a peer is reached; its name and the probe are added.
        pub ssh: Vec<String> = split("/usr/bin/ssh -o BatchMode=yes -o ConnectTimeout=5"), program;
        /// The end of one question.
        pub timeout: Duration = seconds(20), time(SECOND, minutes(5));
        /// `[witness.consul]`
        pub consul: Option<ConsulSettings> = None, table;
    }
}

section! {
    /// `[witness.consul]`
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ConsulSettings {
        /// An agent: `https://127.0.0.1:8501`.
        pub url: String = String::new(), web;
        /// The authority of its certificate. Default: the system's.
        pub ca_file: Option<PathBuf> = None, maybe(absolute);
        /// A file with a token that may read nodes: mode 0600, owned by oneadmin.
        pub token_file: Option<PathBuf> = None, maybe(absolute);
    }
}

section! {
    /// `[fence]`: where its programs are.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct FenceSettings {
        /// Where fence agents are.
        ///
        /// Looked for in this order.
        pub agents_dir: Vec<PathBuf> = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from).to_vec(), folders;
    }
}

section! {
    /// `[reconcile]`: hosts in ERROR that no hook works on.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ReconcileSettings {
        /// The options for a host whose event was lost. Default: those of the registered hook.
        pub options: Option<Vec<String>> = None, maybe(words);
    } and {
        /// `age` and `parallel`
        pub rules: ReconcileRules = ReconcileRules::default();
    }
}

section! {
    /// `[record]`: where what is remembered is kept.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RecordSettings {
        /// The type number of the documents; any that nobody else uses.
        ///
        /// 100 to 110 belong to OpenNebula's own services.
        pub r#type: i64 = record::TYPE, number(200, i64::from(i32::MAX));
        /// A folder on this front-end with the answers of each run, for `onerescue replay`; as old and of as many incidents
        /// at most. "" records nothing. Default: beside the log, with another ending.
        pub journal: Option<PathBuf> = None, maybe(path_or_none);
    }
}
