//! Documents, and reading hooks. Names are not unique, and a lock with `test` is a test-and-set.

use super::objects::parse;
use super::{Args, Done, Right, bad_parameter, check_lock, int, missing, text};
use crate::model::DocumentId;
use crate::sim::cloud::Cloud;
use crate::sim::event::WIDE;
use crate::sim::render;
use crate::sim::state::{Document, State};
use crate::sim::template::Template;
use crate::wire::record::{self, Record};

pub(super) fn read(state: &State, object: &str, args: &Args<'_>) -> Done {
    match object {
        "documentpool" => {
            let kind = args.int(3)?;
            let (filter, start, end) = (args.int(0)?, args.int(1)?, args.int(2)?);
            if filter < -4 {
                return Err(bad_parameter("Incorrect filter_flag"));
            }
            let fits = |document: &&Document| {
                let id = i64::from(document.id);
                let within = (id >= start || start < 0 || end < -1) && (id <= end || end < 0);
                document.kind == kind && within && shown(document, filter)
            };
            let found = state.documents.values().rev().filter(fits);
            // A page: as many as `-end`, from this offset on.
            let (skip, most) = if end < -1 { (start.max(0), -end) } else { (0, i64::MAX) };
            let number = |count| usize::try_from(count).unwrap_or(usize::MAX);
            text(render::document_pool(found.skip(number(skip)).take(number(most))))
        }
        "document" => {
            let id = args.id(0, "document")?;
            let document = state.documents.get(&id).ok_or_else(|| missing("document", id.into()))?;
            text(render::document(document))
        }
        "hookpool" => text(render::hook_pool(state)),
        _ => {
            let id = args.id(0, "hook")?;
            let hook = state.hooks.get(&id).ok_or_else(|| missing("hook", id.into()))?;
            text(render::hook(hook))
        }
    }
}

/// Whether a list with this filter has a document. The session is an administrator's: -2 is everything, -1 what is his or
/// belongs to his groups, -3 his own, -4 what belongs to his first group, and others are a user's id. Source:
/// `PoolSQL::usr_filter`.
fn shown(document: &Document, filter: i64) -> bool {
    let (user, group) = (i64::from(document.owner.0), document.owner.1.as_str());
    match filter {
        -4 => group == GROUP,
        -3 => user == 0,
        -2 => true,
        -1 => user == 0 || group == GROUP,
        other => user == other,
    }
}

/// The group of administrators.
const GROUP: &str = "oneadmin";

/// The rights of what is made with OpenNebula's default `umask`, 177.
const PRIVATE: [u8; 9] = [1, 1, 0, 0, 0, 0, 0, 0, 0];

impl Cloud {
    /// A document of our type by somebody else, with whatever he wants in it; with his session he could make it.
    pub fn forge(&mut self, user: u32, group: &str, body: &str) -> DocumentId {
        self.forge_of_type(record::TYPE, user, group, body)
    }

    /// The same of another type.
    pub fn forge_of_type(&mut self, kind: i64, user: u32, group: &str, body: &str) -> DocumentId {
        let id = self.add_document("x", kind, &[("BODY", body)]);
        self.with_document(id.0, |document| document.owner = (user, group.to_owned()));
        id
    }

    /// An administrator lets others change a document: these are its rights now, in the order of `one.document.chmod`.
    pub fn set_rights(&mut self, document: DocumentId, rights: [u8; 9]) {
        self.with_document(document.0, |document| document.rights = rights);
    }

    /// An administrator lets others change all documents of ours.
    pub fn widen_documents(&mut self) {
        let ours = |document: &&Document| document.kind == record::TYPE && document.owner.0 == 0;
        let ours: Vec<_> = self.state.documents.values().filter(ours).map(|document| document.id).collect();
        for document in ours {
            self.set_rights(DocumentId(document), WIDE);
        }
    }

    /// The administrator's `umask` is another one: his documents are made with these rights from now on.
    pub fn make_documents_with(&mut self, rights: [u8; 9]) {
        self.state.document_rights = Some(rights);
    }

    /// The rights of a document, in the order of `one.document.chmod`.
    #[must_use]
    pub fn rights(&self, document: DocumentId) -> Option<[u8; 9]> {
        self.state.documents.get(&document.0).map(|document| document.rights)
    }

    /// Put one of our own documents there, as if an earlier run had written it.
    pub fn add_record(&mut self, record: &Record) -> DocumentId {
        let template = record.write().and_then(|text| Template::parse(&text));
        let mut template = template.unwrap_or_default();
        template.remove("NAME");
        self.insert_document(record.name(), record::TYPE, template)
    }

    /// Put any document there.
    pub fn add_document(&mut self, name: &str, kind: i64, attributes: &[(&str, &str)]) -> DocumentId {
        let mut template = Template::default();
        for (name, value) in attributes {
            template.set(name, *value);
        }
        self.insert_document(name.to_owned(), kind, template)
    }

    fn insert_document(&mut self, name: String, kind: i64, template: Template) -> DocumentId {
        let id = self.state.next_document;
        self.state.next_document += 1;
        let (owner, rights) = ((0, GROUP.to_owned()), self.state.document_rights.unwrap_or(PRIVATE));
        self.state.documents.insert(id, Document { id, name, kind, owner, rights, lock: None, template });
        DocumentId(id)
    }

    pub(super) fn document_write(&mut self, verb: &str, args: &Args<'_>) -> Done {
        if verb == "allocate" {
            return self.document_allocate(args);
        }
        let id = args.id(0, "document")?;
        let old = self.state.documents.get(&id).ok_or_else(|| missing("document", id.into()))?.lock;
        match verb {
            "lock" => {
                let lock = self.lock(old, args)?;
                self.with_document(id, |document| document.lock = lock);
            }
            "unlock" => self.with_document(id, |document| document.lock = None),
            _ => check_lock(old, Right::Manage, "Document", id)?,
        }
        match verb {
            "delete" => self.state.documents.remove(&id),
            "rename" => {
                let name = args.text(1)?.to_owned();
                self.with_document(id, |document| document.name = name);
            }
            "update" => {
                let new = parse(args, 1)?;
                let append = args.int_or(2, 0)? == 1;
                self.with_document(id, |document| {
                    if !append {
                        document.template = Template::default();
                    }
                    document.template.merge(new);
                });
            }
            "chmod" => {
                let mut rights = self.state.documents.get(&id).map_or(PRIVATE, |document| document.rights);
                for (at, right) in (1..).zip(&mut rights) {
                    match args.int(at)? {
                        -1 => {}
                        given => *right = u8::from(given != 0),
                    }
                }
                self.with_document(id, |document| document.rights = rights);
            }
            _ => {}
        }
        int(id)
    }

    fn document_allocate(&mut self, args: &Args<'_>) -> Done {
        let mut template = parse(args, 0)?;
        let kind = args.int(1)?;
        let name = template.get("NAME").map(str::to_owned);
        template.remove("NAME");
        let name = name.unwrap_or_else(|| format!("document-{}", self.state.next_document));
        int(self.insert_document(name, kind, template).0)
    }

    fn with_document(&mut self, id: u32, change: impl FnOnce(&mut Document)) {
        if let Some(document) = self.state.documents.get_mut(&id) {
            change(document);
        }
    }
}
