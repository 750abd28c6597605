//! A bounded XML tree on quick-xml's reader.
//!
//! OpenNebula's documents repeat elements, leave them empty and mix single values with vectors, which a
//! schema-driven reader trips over; a small tree does not. Deliberately absent: attributes, namespaces,
//! document types and entities other than XML's own five.

pub use crate::error::XmlError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;
use std::str::FromStr;

/// What a document may cost. More than this is an error, not a swap storm.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Length of the text in bytes.
    pub bytes: usize,
    /// Elements inside each other.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
}

impl Limits {
    /// For a reply of oned: a pool of 50,000 VMs is about 100 MB.
    pub const REPLY: Limits = Limits { bytes: 256 << 20, depth: 64, elements: 8_000_000 };
    /// For a hook's host document; the largest ones seen are a few hundred KiB.
    pub const HOOK: Limits = Limits { bytes: 8 << 20, depth: 64, elements: 400_000 };
}

/// One element: `<NAME>text<CHILD/>…</NAME>`. CDATA and references are already text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The local name.
    pub name: String,
    /// All text directly inside, joined.
    pub text: String,
    /// The elements directly inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// Read one document.
    ///
    /// # Errors
    /// [`XmlError`] for broken mark-up, a second root, a DOCTYPE, or more than `limits` allow.
    pub fn parse(text: &str, limits: Limits) -> Result<Element, XmlError> {
        if text.len() > limits.bytes {
            return Err(XmlError::TooLong(limits.bytes));
        }
        Builder { limits, elements: 0, open: Vec::new(), root: None, each: None }.read(text)
    }

    /// Read one document whose root has this name, and give each element directly inside that away as soon as it is whole, so
    /// that a pool of a thousand objects costs the memory of one. After an error nothing counts that was given away.
    ///
    /// # Errors
    /// As [`Element::parse_root`].
    pub fn parse_each(
        text: &str,
        root: &str,
        limits: Limits,
        each: &mut dyn FnMut(Element),
    ) -> Result<(), XmlError> {
        if text.len() > limits.bytes {
            return Err(XmlError::TooLong(limits.bytes));
        }
        let builder = Builder { limits, elements: 0, open: Vec::new(), root: None, each: Some(each) };
        builder.read(text)?.named(root).map(drop)
    }

    /// Read one document and insist on its root's name, for example `HOST`.
    ///
    /// # Errors
    /// As [`Element::parse`], and [`XmlError::Root`].
    pub fn parse_root(text: &str, root: &str, limits: Limits) -> Result<Element, XmlError> {
        Self::parse(text, limits)?.named(root)
    }

    fn named(self, root: &str) -> Result<Element, XmlError> {
        if self.name == root {
            return Ok(self);
        }
        Err(XmlError::Root { found: shorten(&self.name), expected: root.to_owned() })
    }

    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of the first child of this name; `None` if it is absent or empty.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The number in a child; `None` if it is absent or empty.
    ///
    /// # Errors
    /// [`XmlError::Field`] if there is text that is not such a number.
    pub fn number_of<T: FromStr>(&self, name: &str) -> Result<Option<T>, XmlError> {
        let Some(text) = self.text_of(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(XmlError::Field { field: name.to_owned(), text: shorten(text) }),
        }
    }

    /// The number in a child that must be there.
    ///
    /// # Errors
    /// [`XmlError::Missing`] or [`XmlError::Field`].
    pub fn required<T: FromStr>(&self, name: &str) -> Result<T, XmlError> {
        self.number_of(name)?.ok_or_else(|| XmlError::Missing(name.to_owned()))
    }
}

/// The most characters of a text that oned, a driver or a probe wrote. It comes back in the report, the log
/// and the rows that the hook manager replicates, once for each line that quotes it.
pub const LONGEST_TEXT: usize = 300;

/// At most 60 characters of hostile text, without control characters, for an error message.
#[must_use]
pub fn shorten(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(60).map(clean).collect();
    if short.len() < text.len() && text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

struct Builder<'a> {
    limits: Limits,
    elements: usize,
    open: Vec<Element>,
    root: Option<Element>,
    /// Who gets what is directly inside the root, in the place of the root.
    each: Option<&'a mut dyn FnMut(Element)>,
}

impl Builder<'_> {
    fn read(mut self, text: &str) -> Result<Element, XmlError> {
        let mut reader = Reader::from_str(text);
        loop {
            let event = reader.read_event().map_err(|error| XmlError::Syntax {
                what: shorten(&error.to_string()),
                at: reader.error_position(),
            })?;
            let at = reader.buffer_position();
            match event {
                Event::Start(tag) => self.open(tag.local_name().into_inner(), at)?,
                Event::Empty(tag) => {
                    self.open(tag.local_name().into_inner(), at)?;
                    self.close()?;
                }
                Event::End(_) => self.close()?,
                Event::Text(text) => self.text(&text, at)?,
                Event::CData(text) => self.text(&text, at)?,
                Event::GeneralRef(reference) => self.reference(&reference, at)?,
                Event::DocType(_) => return Err(XmlError::DocType(at)),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => return self.finish(),
            }
        }
    }

    fn open(&mut self, name: &str, at: u64) -> Result<(), XmlError> {
        if self.root.is_some() && self.open.is_empty() {
            return Err(XmlError::Syntax { what: "a second root".to_owned(), at });
        }
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::TooDeep(self.limits.depth));
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(XmlError::TooMany(self.limits.elements));
        }
        self.open.push(Element { name: name.to_owned(), ..Element::default() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let done = self.open.pop().ok_or(XmlError::Truncated)?;
        match (self.open.as_mut_slice(), &mut self.each) {
            ([], _) => self.root = Some(done),
            ([_], Some(each)) => each(done),
            ([.., parent], _) => parent.children.push(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: u64) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n', '\0']).is_empty() => {}
            None => {
                return Err(XmlError::Syntax { what: "text outside the root".to_owned(), at });
            }
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>, at: u64) -> Result<(), XmlError> {
        let bad = || XmlError::Syntax { what: format!("unknown reference &{};", shorten(reference)), at };
        if let Some(character) = reference.resolve_char_ref().map_err(|_| bad())? {
            return self.text(character.encode_utf8(&mut [0; 4]), at);
        }
        self.text(resolve_predefined_entity(reference).ok_or_else(bad)?, at)
    }

    fn finish(self) -> Result<Element, XmlError> {
        if self.open.is_empty() { self.root.ok_or(XmlError::Truncated) } else { Err(XmlError::Truncated) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Element, XmlError> {
        Element::parse(text, Limits { bytes: 1000, depth: 4, elements: 20 })
    }

    #[test]
    fn cdata_references_and_text_are_one_text() {
        let element = parse("<A> x<![CDATA[<&]]>&amp;&#65;&lt;</A>").unwrap();
        assert_eq!(element.text, " x<&&A<");
    }

    #[test]
    fn empty_repeated_and_nested_elements_keep_their_shape() {
        let element = parse("<A><B/><B></B><B><![CDATA[]]></B><B>1</B><C><D>2</D></C></A>").unwrap();
        assert_eq!(element.all("B").count(), 4);
        assert_eq!(element.text_of("B"), None);
        assert_eq!(element.child("C").unwrap().required::<u32>("D"), Ok(2));
    }

    #[test]
    fn what_is_inside_the_root_is_given_away_one_after_the_other_and_the_rest_is_as_strict() {
        let limits = Limits { bytes: 1000, depth: 4, elements: 20 };
        let each = |text: &str| {
            let mut all = Vec::new();
            let end = Element::parse_each(text, "A", limits, &mut |element| all.push(element));
            (end, all)
        };
        let text = "<A>x<B>1</B><C><D>2</D></C><B/></A>";
        assert_eq!(each(text), (Ok(()), parse(text).unwrap().children));
        for broken in ["<B><C/></B>", "<A><B/>", "<A><B/></A><A/>", "<A><B/></C>", "", "<A><B/>&b;</A>"] {
            let same = Element::parse_root(broken, "A", limits).map(drop);
            assert!(same.is_err(), "{broken}");
            assert_eq!(each(broken).0, same, "{broken}");
        }
        assert_eq!(each(&format!("<A>{}</A>", "<B/>".repeat(20))).0, Err(XmlError::TooMany(20)));
        assert_eq!(each("<A><B><B><B><B/></B></B></B></A>").0, Err(XmlError::TooDeep(4)));
    }

    #[test]
    fn a_number_has_three_outcomes() {
        let element = parse("<A><N> 5 </N><E/><X>five</X></A>").unwrap();
        assert_eq!(element.number_of::<i64>("N"), Ok(Some(5)));
        assert_eq!(element.number_of::<i64>("E"), Ok(None));
        assert_eq!(element.number_of::<i64>("gone"), Ok(None));
        assert!(element.number_of::<i64>("X").is_err());
    }

    #[test]
    fn limits_and_hostile_documents_are_errors() {
        assert_eq!(parse("<A><A><A><A><A/></A></A></A></A>"), Err(XmlError::TooDeep(4)));
        assert_eq!(parse(&format!("<A>{}</A>", "<B/>".repeat(20))), Err(XmlError::TooMany(20)));
        assert_eq!(parse(&"x".repeat(1001)), Err(XmlError::TooLong(1000)));
        assert!(matches!(parse("<!DOCTYPE a [<!ENTITY b \"c\">]><A/>"), Err(XmlError::DocType(_))));
        for broken in
            ["", "<A>", "<A></B>", "<A/><B/>", "x<A/>", "<A>&b;</A>", "</A>", "<A/>x", "<A>&#xFFFFFFFF;</A>"]
        {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
