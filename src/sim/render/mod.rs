//! Objects as the XML documents that oned answers with, element by element as recorded.
//! Deliberately absent: anything that a client could not see.

mod host;
mod objects;
mod vm;

pub(crate) use host::{host, host_for_hook, host_pool};
pub(crate) use objects::{
    cluster, cluster_pool, datastore, datastore_pool, document, document_pool, group, group_pool, hook,
    hook_pool, network, network_pool,
};
pub(crate) use vm::{vm, vm_for_hook, vm_pool_extended, vm_pool_short};

use super::state::LockInfo;
use super::template::{Attribute, Template};
use std::fmt::{Display, Write as _};

/// The first two groups are those of every OpenNebula; the others begin at 100.
fn group_id(name: &str) -> u32 {
    let mixed = || name.bytes().fold(5381u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(byte));
    match name {
        "oneadmin" => 0,
        "users" => 1,
        _ => 100 + mixed() % 1_000_000,
    }
}

/// An XML document in the making.
#[derive(Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// A whole document: `<HOST>…</HOST>`.
    pub(crate) fn document(root: &str, inside: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml::default();
        xml.element(root, inside);
        xml.0
    }

    pub(crate) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) {
        let _ = write!(self.0, "<{name}>");
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// `<NAME/>`
    pub(crate) fn empty(&mut self, name: &str) {
        let _ = write!(self.0, "<{name}/>");
    }

    /// `<ID>7</ID>`
    pub(crate) fn plain(&mut self, name: &str, value: impl Display) {
        let text = value.to_string();
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(self.0, "<{name}>{text}</{name}>");
    }

    /// `<NAME><![CDATA[web]]></NAME>`
    pub(crate) fn cdata(&mut self, name: &str, value: impl Display) {
        let text = value.to_string().replace("]]>", "]]]]><![CDATA[>");
        let _ = write!(self.0, "<{name}><![CDATA[{text}]]></{name}>");
    }

    pub(crate) fn template(&mut self, name: &str, template: &Template) {
        self.element(name, |xml| {
            for (name, value) in template.iter() {
                match value {
                    Attribute::Single(text) => xml.cdata(name, text),
                    Attribute::Vector(pairs) => xml.element(name, |xml| {
                        for (name, text) in pairs {
                            xml.cdata(name, text);
                        }
                    }),
                }
            }
        });
    }

    /// Owner and group, as most objects of this cloud have them.
    pub(crate) fn owner(&mut self) {
        self.owner_of(0, "oneadmin");
    }

    /// An owner in this group, whose id follows from its name.
    pub(crate) fn owner_of(&mut self, user: u32, group: &str) {
        self.plain("UID", user);
        self.plain("GID", group_id(group));
        let name = if user == 0 { "oneadmin".to_owned() } else { format!("user{user}") };
        self.plain("UNAME", name);
        self.plain("GNAME", group);
    }

    pub(crate) fn permissions(&mut self, group_use: u8) {
        self.rights([1, 1, 0, group_use, 0, 0, 0, 0, 0]);
    }

    /// The nine rights of owner, group and others.
    pub(crate) fn rights(&mut self, rights: [u8; 9]) {
        let names = ["OWNER", "GROUP", "OTHER"].into_iter();
        let names = names.flat_map(|who| ["U", "M", "A"].map(|right| format!("{who}_{right}")));
        self.element("PERMISSIONS", |xml| {
            for (name, value) in names.zip(rights) {
                xml.plain(&name, value);
            }
        });
    }

    pub(crate) fn lock(&mut self, lock: Option<LockInfo>) {
        let Some(lock) = lock else { return };
        self.element("LOCK", |xml| {
            xml.plain("LOCKED", lock.level);
            xml.plain("OWNER", 0);
            xml.plain("TIME", lock.time);
            xml.plain("REQ_ID", lock.request);
        });
    }
}
