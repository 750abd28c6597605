//! Our own documents in the cloud: incidents, where fencing is disarmed, which devices were seen ON.
//!
//! Shape: `<TEMPLATE><NAME>onerescue-host-12</NAME><BODY>{"format":1,"record":"incident","host":12,…}</BODY>
//! </TEMPLATE>`. The body is JSON in ASCII without `<`, `>` and `&`, so neither XML, nor oned's CDATA, nor a
//! database's character set changes it. A newer format is refused and a damaged one is reported; nothing is
//! guessed at.

use crate::model::{Abort, Confirmation, Disarmed, Document, Evacuation, Forced, Incident, Notices, SeenOn};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The type number of our documents, unless the settings have another one. OpenNebula's own services use 100 to 110.
pub const TYPE: i64 = 7113;

/// The type number of the documents with what receivers were told, unless the settings have another one. No recovery reads
/// them.
pub const NOTICES: i64 = 7114;

/// The format that this version writes, and the newest that it reads. 2 remembers the VMs of an incident, its log and
/// its lock; a version that knows only 1 would forget them when it writes.
pub const FORMAT: u32 = 2;

/// More than this is not written: a document is replicated to every front-end.
pub const LONGEST: usize = 512 * 1024;

/// What one document holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The failure of one host.
    Incident(Box<Incident>),
    /// Where nothing may be fenced.
    Control {
        /// Each of them.
        disarmed: Vec<Disarmed>,
    },
    /// A person's word that a host is off.
    Confirmation(Confirmation),
    /// A person's word that the brakes do not hold an incident.
    Proceed(Confirmation),
    /// A person's word that an incident is to end.
    Abort(Abort),
    /// Which devices were seen ON.
    SeenOn {
        /// Each of them.
        devices: Vec<SeenOn>,
    },
    /// A look that oned was made to take at a host.
    Forced(Forced),
    /// A host that is emptied by day.
    Evacuation(Box<Evacuation>),
    /// What a receiver was told.
    Notices(Notices),
}

#[derive(Serialize, Deserialize)]
struct Body {
    format: u32,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Record {
    /// The document's name; names are not unique in OpenNebula, so it is for people only.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Incident(incident) => format!("onerescue-host-{}", incident.host.0),
            Self::Control { .. } => "onerescue-control".to_owned(),
            Self::Confirmation(word) => format!("onerescue-confirm-off-{}", word.host.0),
            Self::Proceed(word) => format!("onerescue-proceed-{}", word.host.0),
            Self::Abort(word) => format!("onerescue-abort-{}", word.host.0),
            Self::SeenOn { .. } => "onerescue-seen-on".to_owned(),
            Self::Forced(forced) => format!("onerescue-look-{}", forced.host.0),
            Self::Evacuation(evacuation) => format!("onerescue-evacuate-{}", evacuation.host.0),
            Self::Notices(notices) => format!("onerescue-notify-{}", notices.receiver),
        }
    }

    /// The template for `one.document.allocate` and, as a replacement, for `one.document.update`.
    ///
    /// # Errors
    /// A text if the record is larger than [`LONGEST`].
    pub fn write(&self) -> Result<String, String> {
        let body = Body { format: FORMAT, record: self.clone() };
        let json = serde_json::to_string(&body).map_err(|error| error.to_string())?;
        let plain = plain(&json);
        if plain.len() > LONGEST {
            return Err(format!("it has {} bytes, more than {LONGEST}", plain.len()));
        }
        Ok(format!("<TEMPLATE><NAME>{}</NAME><BODY><![CDATA[{plain}]]></BODY></TEMPLATE>", self.name()))
    }

    /// The record in a document.
    ///
    /// # Errors
    /// A text that says that it is newer or damaged.
    pub fn read(document: &Document) -> Result<Self, String> {
        let body = document.attributes.get("BODY").ok_or("it has no BODY")?;
        let Format { format } =
            serde_json::from_str(body).map_err(|_| "its BODY is not a record of ours".to_owned())?;
        if format > FORMAT {
            return Err(format!("its format is {format}, and this version knows {FORMAT}"));
        }
        let body: Body = serde_json::from_str(body).map_err(|error| format!("it is damaged: {error}"))?;
        Ok(body.record)
    }
}

/// JSON in which everything outside ASCII, and `<`, `>` and `&`, is written as `\u…`. Those characters occur only
/// inside strings.
fn plain(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && !matches!(c, '<' | '>' | '&' | '\u{7f}') {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClusterId, DocumentId, Epoch};
    use crate::wire::documents::read;
    use crate::wire::xml::Limits;

    fn control(reason: &str) -> Record {
        let cluster = Some(ClusterId(3));
        let (reason, by, at) = (reason.to_owned(), "alice".to_owned(), Epoch(7));
        Record::Control { disarmed: vec![Disarmed { cluster, reason, by, at }] }
    }

    #[test]
    fn what_is_written_is_read_back_through_oned_s_document() {
        let record = control("]]> <b>&amp; \u{1}\n\"ü😀\u{7f}");
        let template = record.write().unwrap();
        assert!(template.is_ascii());
        let text = format!("<DOCUMENT><ID>4</ID><NAME>x</NAME><TYPE>1</TYPE>{template}</DOCUMENT>");
        let document: Document = read(&text, Limits::HOOK).unwrap();
        assert_eq!(document.id, DocumentId(4));
        assert_eq!(Record::read(&document).unwrap(), record);
    }

    /// As version 0.1 wrote it.
    #[test]
    fn a_record_of_the_first_format_is_read() {
        let body = "{\"format\":1,\"record\":\"incident\",\"host\":12,\"name\":\"kvm-12\",\"cluster\":0,\
                    \"owner\":\"fe1 4711 1795165661\",\"opened\":1,\"updated\":2,\"progress\":\"fencing\",\
                    \"events\":[1],\"error\":null,\"fenced\":2,\"on\":null,\"held\":null,\"began\":null,\
                    \"proof\":null,\"confirmation\":null,\"outcome\":null}";
        let text = format!(
            "<DOCUMENT><ID>4</ID><TYPE>1</TYPE><TEMPLATE><BODY><![CDATA[{body}]]></BODY></TEMPLATE></DOCUMENT>"
        );
        let document: Document = read(&text, Limits::HOOK).unwrap();
        let Record::Incident(incident) = Record::read(&document).unwrap() else { panic!("another record") };
        assert_eq!(incident.fenced, Some(Epoch(2)));
        assert!(incident.vms.is_empty() && incident.log.is_empty() && incident.lock.is_none());
    }

    #[test]
    fn a_newer_and_a_damaged_record_are_told_apart() {
        let document = |body: &str| {
            let text = format!(
                "<DOCUMENT><ID>4</ID><TYPE>1</TYPE><TEMPLATE><BODY>{body}</BODY></TEMPLATE></DOCUMENT>"
            );
            read::<Document>(&text, Limits::HOOK).unwrap()
        };
        let newer = Record::read(&document("{\"format\":3,\"record\":\"oracle\"}")).unwrap_err();
        assert!(newer.contains("format is 3"), "{newer}");
        for body in ["", "{", "[]", "{\"record\":\"control\"}", "{\"format\":1,\"record\":\"control\"}"] {
            assert!(Record::read(&document(body)).is_err(), "{body}");
        }
    }
}
