//! `one.system.*`, `one.zone.*`, and the user of the session.

use super::{Args, Done, missing, text};
use crate::sim::cloud::Cloud;
use crate::sim::render::Xml;
use crate::sim::version::Version;
use crate::wire::xmlrpc::Value;

/// What oned of two versions answers to `one.system.config`, as recorded; the defaults of its `oned.conf`.
const CONFIG_7_5: &str = include_str!("config_7.5.xml");
const CONFIG_6_10: &str = include_str!("config_6.10.xml");

impl Cloud {
    /// Methods that every server answers about itself.
    pub(super) fn local(&self, server: usize, method: &str) -> Done {
        match method {
            "one.system.version" => Ok(Value::Text(self.version.to_string())),
            "one.system.config" => text(self.config(server)),
            _ => text(self.raft(server)),
        }
    }

    fn config(&self, server: usize) -> String {
        let recorded = if self.version < Version::V7_0 { CONFIG_6_10 } else { CONFIG_7_5 };
        let id = if self.front.is_solo() { "-1".to_owned() } else { server.to_string() };
        let ours = format!("<SERVER_ID><![CDATA[{id}]]></SERVER_ID>");
        recorded.trim_end().replace("<SERVER_ID><![CDATA[-1]]></SERVER_ID>", &ours)
    }

    fn raft(&self, server: usize) -> String {
        let front = &self.front;
        let index = i64::try_from(server).unwrap_or(-1);
        let leader = front.leader.map_or(-1, |leader| i64::try_from(leader).unwrap_or(-1));
        let values = if front.is_solo() {
            [-1, 0, 0, -1, 0, -1, -1, -1]
        } else {
            let state = match front.leader {
                Some(leader) if leader == server => 3,
                Some(_) => 2,
                None => 1,
            };
            let log = front.log_index;
            [index, state, front.term, leader, log, log, front.term, -1]
        };
        let names =
            ["SERVER_ID", "STATE", "TERM", "VOTEDFOR", "COMMIT", "LOG_INDEX", "LOG_TERM", "FEDLOG_INDEX"];
        Xml::document("RAFT", |xml| {
            for (name, value) in names.into_iter().zip(values) {
                xml.plain(name, value);
            }
        })
    }

    /// Only oneadmin is in group 0, whatever the session's user may do otherwise.
    pub(super) fn user(&self, args: &Args<'_>) -> Done {
        let (name, _) = self.session.split_once(':').unwrap_or_default();
        let group = u32::from(name != "oneadmin");
        let id = args.int(0)?;
        if id > 1 {
            // Everybody else is an ordinary user.
            return text(Xml::document("USER", |xml| {
                xml.plain("ID", id);
                xml.plain("GID", 1);
                xml.element("GROUPS", |xml| xml.plain("ID", 1));
                xml.plain("GNAME", "users");
                xml.plain("NAME", format_args!("user{id}"));
            }));
        }
        if id != -1 && id != i64::from(group) {
            return Err(missing("user", id));
        }
        text(Xml::document("USER", |xml| {
            xml.plain("ID", group);
            xml.plain("GID", group);
            xml.element("GROUPS", |xml| xml.plain("ID", group));
            xml.plain("GNAME", if group == 0 { "oneadmin" } else { "users" });
            xml.plain("NAME", name);
            xml.plain("AUTH_DRIVER", "core");
            xml.plain("ENABLED", 1);
        }))
    }

    pub(super) fn zone(&self, args: &Args<'_>) -> Done {
        let id = args.int(0)?;
        if id != 0 {
            return Err(missing("zone", id));
        }
        let grpc = self.version >= Version::V7_2;
        text(Xml::document("ZONE", |xml| {
            xml.plain("ID", 0);
            xml.plain("NAME", "OpenNebula");
            xml.plain("STATE", 0);
            xml.element("TEMPLATE", |xml| {
                xml.cdata("ENDPOINT", "http://localhost:2633/RPC2");
                if grpc {
                    xml.cdata("ENDPOINT_GRPC", "localhost:2634");
                }
            });
            xml.element("SERVER_POOL", |xml| {
                let servers = self.front.servers.iter().enumerate();
                for (id, server) in servers.filter(|_| !self.front.is_solo()) {
                    xml.element("SERVER", |xml| {
                        xml.cdata("ENDPOINT", &server.endpoint);
                        if grpc {
                            xml.cdata("ENDPOINT_GRPC", "");
                        }
                        xml.cdata("ID", id);
                        xml.cdata("NAME", format_args!("s{id}"));
                    });
                }
            });
        }))
    }
}
