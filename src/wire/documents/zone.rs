//! `ZONE` and `RAFT`: who the front-ends are and who leads them.

use super::Decode;
use super::fields::{required_text, text};
use crate::model::{Raft, RaftState, Server, Zone, ZoneId};
use crate::wire::xml::{Element, XmlError};

impl Decode for Zone {
    const ROOT: &'static str = "ZONE";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        let servers = element.child("SERVER_POOL").into_iter();
        Ok(Zone {
            id: ZoneId(element.required("ID")?),
            name: text(element, "NAME"),
            servers: servers
                .flat_map(|pool| pool.all("SERVER"))
                .map(|server| {
                    Ok(Server {
                        id: server.required("ID")?,
                        name: text(server, "NAME"),
                        endpoint: required_text(server, "ENDPOINT")?,
                    })
                })
                .collect::<Result<_, XmlError>>()?,
        })
    }
}

impl Decode for Raft {
    const ROOT: &'static str = "RAFT";

    fn decode(element: &Element) -> Result<Self, XmlError> {
        Ok(Raft {
            server: element.required("SERVER_ID")?,
            state: RaftState::from_number(element.required("STATE")?),
            term: element.number_of("TERM")?.unwrap_or(0),
        })
    }
}
