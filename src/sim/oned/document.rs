//! Documents and hooks. Names are not unique, and a lock with `test` is a test-and-set.

use super::objects::parse;
use super::{Args, Done, Right, check_lock, int, missing, refused, text};
use crate::model::DocumentId;
use crate::sim::cloud::Cloud;
use crate::sim::render;
use crate::sim::state::{Document, Hook, State};
use crate::sim::template::Template;
use crate::wire::record::{self, Record};

pub(super) fn read(state: &State, object: &str, args: &Args<'_>) -> Done {
    match object {
        "documentpool" => {
            let kind = args.int(3)?;
            let (start, end) = (args.int(1)?, args.int(2)?);
            let fits = |document: &&Document| {
                let id = i64::from(document.id);
                document.kind == kind && (id >= start || start < 0) && (id <= end || end < 0)
            };
            text(render::document_pool(state.documents.values().rev().filter(fits)))
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

impl Cloud {
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
        self.state.documents.insert(id, Document { id, name, kind, lock: None, template });
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

    pub(super) fn hook_write(&mut self, verb: &str, args: &Args<'_>) -> Done {
        if verb == "allocate" {
            return self.hook_allocate(args);
        }
        let id = args.id(0, "hook")?;
        let old = self.state.hooks.get(&id).ok_or_else(|| missing("hook", id.into()))?.lock;
        if !matches!(verb, "lock" | "unlock") {
            check_lock(old, Right::Manage, "Hook", id)?;
        }
        let lock = if verb == "lock" { self.lock(old, args)? } else { None };
        if verb == "delete" {
            self.state.hooks.remove(&id);
            return int(id);
        }
        let new = if verb == "update" { Some(parse(args, 1)?) } else { None };
        let append = args.int_or(2, 0).is_ok_and(|append| append == 1);
        if let Some(hook) = self.state.hooks.get_mut(&id) {
            match new {
                Some(new) if append => hook.template.merge(new),
                Some(new) => hook.template = new,
                None => hook.lock = lock,
            }
        }
        int(id)
    }

    fn hook_allocate(&mut self, args: &Args<'_>) -> Done {
        let mut template = parse(args, 0)?;
        let take = |template: &mut Template, name: &str| {
            let value = template.get(name).map(str::to_owned);
            template.remove(name);
            value
        };
        let (name, kind) = (take(&mut template, "NAME"), take(&mut template, "TYPE"));
        let (Some(name), Some(kind)) = (name, kind) else {
            return Err(refused(0x4000, "No NAME or TYPE in template for Hook."));
        };
        if self.state.hooks.values().any(|hook| hook.name == name) {
            return Err(refused(0x4000, format!("NAME is already taken by HOOK {name}.")));
        }
        if template.get("COMMAND").is_none() {
            return Err(refused(0x4000, "No COMMAND in template for Hook."));
        }
        if template.get("REMOTE").is_none() {
            template.set("REMOTE", "NO");
        }
        let id = self.state.next_hook;
        self.state.next_hook += 1;
        self.state.hooks.insert(id, Hook { id, name, kind, template, lock: None });
        int(id)
    }
}
