//! OpenNebula's template syntax, as clients send it: `NAME="web"`, `ROLE=[NAME="a",POLICY="b"]`, or XML.
//!
//! Deliberately absent: the grammar's rarely used corners; what cannot be read is skipped to the line's end,
//! except an unclosed bracket or quote, which is an error as in oned.

use crate::wire::xml::{Element, Limits};
use std::collections::BTreeMap;

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `CPU="1"`
    Single(String),
    /// `PCI=[VENDOR="10de",DEVICE="2236"]`
    Vector(BTreeMap<String, String>),
}

/// Attributes by name, in the order in which oned writes them. A name may occur several times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(BTreeMap<String, Vec<Attribute>>);

impl Template {
    /// Read a template. Shape: `NAME="web"\nCPU="1"`, or `<TEMPLATE><NAME>web</NAME></TEMPLATE>`.
    ///
    /// # Errors
    /// oned's text, `Parse error: …`, for an unclosed quote or bracket, or broken XML.
    pub fn parse(text: &str) -> Result<Template, String> {
        if text.trim_start().starts_with('<') {
            return Element::parse(text.trim(), Limits::HOOK)
                .map(|root| Self::from_element(&root))
                .map_err(|error| format!("Parse error: {error}"));
        }
        let mut template = Template::default();
        let mut rest = Scanner(text);
        while let Some(name) = rest.name() {
            let value = rest.value().ok_or("Parse error: syntax error, unexpected end of file")?;
            template.push(&name, value);
        }
        Ok(template)
    }

    fn from_element(root: &Element) -> Template {
        let mut template = Template::default();
        for child in &root.children {
            let value = if child.children.is_empty() {
                Attribute::Single(child.text.trim().to_owned())
            } else {
                let pairs = child.children.iter();
                Attribute::Vector(pairs.map(|pair| (pair.name.clone(), pair.text.clone())).collect())
            };
            template.push(&child.name.to_uppercase(), value);
        }
        template
    }

    /// Add one more value of this name.
    pub fn push(&mut self, name: &str, value: Attribute) {
        self.0.entry(name.to_owned()).or_default().push(value);
    }

    /// Replace every value of this name by one text.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        self.0.insert(name.to_owned(), vec![Attribute::Single(text.into())]);
    }

    /// Replace every value of this name by vectors.
    pub fn set_vectors(&mut self, name: &str, vectors: Vec<BTreeMap<String, String>>) {
        self.0.insert(name.to_owned(), vectors.into_iter().map(Attribute::Vector).collect());
    }

    /// Remove every value of this name and give them back.
    pub fn remove(&mut self, name: &str) -> Vec<Attribute> {
        self.0.remove(name).unwrap_or_default()
    }

    /// The first single value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.iter().find_map(|value| match value {
            Attribute::Single(text) => Some(text.as_str()),
            Attribute::Vector(_) => None,
        })
    }

    /// Every vector of this name.
    pub fn vectors<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a BTreeMap<String, String>> + use<'a> {
        self.0.get(name).into_iter().flatten().filter_map(|value| match value {
            Attribute::Vector(pairs) => Some(pairs),
            Attribute::Single(_) => None,
        })
    }

    /// Every name with its values, in oned's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value)))
    }

    /// Is there nothing in it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `update` with append: the names in `other` replace those here, the rest stays.
    pub fn merge(&mut self, other: Template) {
        self.0.extend(other.0);
    }

    /// Take out the names for which `belongs` says yes.
    #[must_use]
    pub fn split(self, belongs: impl Fn(&str) -> bool) -> (Template, Template) {
        let (yes, no) = self.0.into_iter().partition(|(name, _)| belongs(name));
        (Template(yes), Template(no))
    }
}

struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    fn skip(&mut self, blanks: &[char]) {
        loop {
            self.0 = self.0.trim_start_matches(blanks);
            if !self.0.starts_with('#') {
                return;
            }
            self.0 = self.0.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }

    fn name(&mut self) -> Option<String> {
        loop {
            self.skip(&[' ', '\t', '\r', '\n', ',']);
            let end = self.0.find(['=', '\n'])?;
            let (name, rest) = self.0.split_at_checked(end)?;
            let is_value = rest.starts_with('=');
            self.0 = rest.get(1..)?;
            if is_value {
                return Some(name.trim().to_uppercase());
            }
        }
    }

    fn value(&mut self) -> Option<Attribute> {
        self.skip(&[' ', '\t']);
        let Some(inside) = self.0.strip_prefix('[') else {
            return self.text(&['\n']).map(Attribute::Single);
        };
        self.0 = inside;
        let mut pairs = BTreeMap::new();
        loop {
            self.skip(&[' ', '\t', '\r', '\n', ',']);
            if let Some(rest) = self.0.strip_prefix(']') {
                self.0 = rest;
                return Some(Attribute::Vector(pairs));
            }
            let (name, rest) = self.0.split_once('=')?;
            self.0 = rest.trim_start();
            let text = self.text(&[',', ']', '\n'])?;
            pairs.insert(name.trim().to_uppercase(), text);
        }
    }

    fn text(&mut self, ends: &[char]) -> Option<String> {
        let Some(quoted) = self.0.strip_prefix('"') else {
            let end = self.0.find(ends).unwrap_or(self.0.len());
            let (text, rest) = self.0.split_at_checked(end)?;
            self.0 = rest;
            return Some(text.trim().to_owned());
        };
        let mut text = String::new();
        let mut characters = quoted.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = quoted.get(at + 1..)?;
                    return Some(text);
                }
                // As the real one: no other character is more than itself behind a backslash.
                '\\' if quoted.get(at + 1..)?.starts_with('"') => {
                    text.push('"');
                    characters.next();
                }
                other => text.push(other),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [r#"the "night" shift"#, r"C:\vm", r"\\host\share", r"ends in \ "] {
            let template = Template::parse(&crate::model::text::attribute("NAME", value)).unwrap();
            assert_eq!(template.get("NAME"), Some(value));
        }
    }

    #[test]
    fn both_forms_of_a_template_are_the_same() {
        let text =
            "NAME=\"a \\\"b\\\"\"\n# remark\nCPU = 1\nROLE=[ NAME=\"x\",\n POLICY=y ]\nROLE=[NAME=\"z\"]";
        let xml = "<T><NAME>a \"b\"</NAME><CPU>1</CPU><ROLE><NAME>x</NAME><POLICY>y</POLICY></ROLE>\
                   <ROLE><NAME>z</NAME></ROLE></T>";
        let template = Template::parse(text).unwrap();
        assert_eq!(template.get("NAME"), Some("a \"b\""));
        assert_eq!(template.vectors("ROLE").count(), 2);
        assert_eq!(Template::parse(xml).unwrap(), template);
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        for broken in ["A=\"x", "A=[B=\"c\"", "A=[B", "<A><B></A>", "A=\"x\\"] {
            assert!(Template::parse(broken).is_err(), "{broken}");
        }
        assert!(Template::parse("no value here").unwrap().is_empty());
    }
}
