//! A service of OneFlow: a value or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onerescue::model::{Document, DocumentId, SERVICE_TYPE};
use onerescue::wire::service;
use std::collections::BTreeMap;

fuzz_target!(|text: &str| {
    let attributes = BTreeMap::from([("BODY".to_owned(), text.to_owned())]);
    let (id, name) = (DocumentId(1), "shop".to_owned());
    let _ = service::read(Document { id, name, kind: SERVICE_TYPE, user: None, group: None, open_to: None, lock: None, attributes });
});
