//! Fields that several documents share: ids, lists, decimals, templates.
//!
//! Nothing in here knows a document.

use crate::model::text::cut_chars;
use crate::wire::xml::{Element, LONGEST_TEXT, XmlError, shorten};
use std::collections::BTreeMap;
use std::str::FromStr;

/// The id of an object that cannot be read, or `#3` for the third one of its pool.
pub(super) fn id_text(element: &Element, position: usize) -> String {
    match element.text_of("ID") {
        Some(text) => shorten(text),
        None => format!("#{}", position.saturating_add(1)),
    }
}

/// The most characters of a name or a word; oned itself allows 128 for a name.
const LONGEST_NAME: usize = 200;

/// The text of a child, a name or a word, or nothing.
pub(super) fn text(element: &Element, name: &str) -> String {
    cut_chars(element.text_of(name).unwrap_or_default(), LONGEST_NAME)
}

/// The same of a child that must be there.
pub(super) fn required_text(element: &Element, name: &str) -> Result<String, XmlError> {
    match element.text_of(name) {
        Some(text) => Ok(cut_chars(text, LONGEST_NAME)),
        None => Err(XmlError::Missing(name.to_owned())),
    }
}

/// `ERROR` of a template, as a driver or a probe wrote it.
pub(super) fn error(attributes: &BTreeMap<String, String>) -> Option<String> {
    attributes.get("ERROR").map(|text| cut_chars(text, LONGEST_TEXT))
}

/// An id, where oned writes -1 for none.
pub(super) fn id_or_none(element: &Element, name: &str) -> Result<Option<u32>, XmlError> {
    match element.number_of::<i64>(name)? {
        None => Ok(None),
        Some(number) if number < 0 => Ok(None),
        Some(number) => match u32::try_from(number) {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(bad(name, &number.to_string())),
        },
    }
}

/// `<VMS><ID>1</ID><ID>2</ID></VMS>` as ids.
pub(super) fn ids<T>(element: &Element, list: &str, id: fn(u32) -> T) -> Result<Vec<T>, XmlError> {
    element
        .child(list)
        .into_iter()
        .flat_map(|list| list.all("ID"))
        .map(|item| number(list, item.text.trim()).map(id))
        .collect()
}

/// `<VMS>1,2</VMS>` as ids.
pub(super) fn comma_ids<T>(element: &Element, name: &str, id: fn(u32) -> T) -> Result<Vec<T>, XmlError> {
    words(element.text_of(name).unwrap_or_default()).map(|word| number(name, word).map(id)).collect()
}

/// The words of `a, b`, without empty ones.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn number<T: FromStr>(field: &str, text: &str) -> Result<T, XmlError> {
    text.parse().map_err(|_| bad(field, text))
}

fn bad(field: &str, text: &str) -> XmlError {
    XmlError::Field { field: field.to_owned(), text: shorten(text) }
}

/// A decimal such as `1.5`, times `scale`, rounded up: a VM is never taken for smaller than it is. Absent
/// or empty is 0.
pub(super) fn scaled(element: &Element, name: &str, scale: i64) -> Result<i64, XmlError> {
    let Some(text) = element.text_of(name) else {
        return Ok(0);
    };
    scaled_number(text, scale).ok_or_else(|| bad(name, text))
}

fn scaled_number(text: &str, scale: i64) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let read = |part: &str| {
        if part.is_empty() { Some(0) } else { part.parse::<i128>().ok() }
    };
    // Nine digits after the point are far below one unit of any scale in use.
    let shown = fraction.get(..9).unwrap_or(fraction);
    let power = 10_i128.checked_pow(u32::try_from(shown.len()).ok()?)?;
    let scaled = read(whole)?
        .checked_mul(power)?
        .checked_add(read(shown)?)?
        .checked_mul(i128::from(scale))?
        .checked_add(power - 1)?
        / power;
    i64::try_from(scaled).ok()
}

/// The single values of a template. Of a repeated name the first value counts, as it does for oned; empty
/// values are left out.
pub(super) fn attributes(element: &Element, name: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for child in element.child(name).into_iter().flat_map(|template| &template.children) {
        let text = child.text.trim();
        if child.children.is_empty() && !text.is_empty() {
            attributes.entry(child.name.clone()).or_insert_with(|| text.to_owned());
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::Limits;

    #[test]
    fn decimals_are_exact_and_round_up() {
        for (text, scale, expected) in [
            ("1.5", 100, Some(150)),
            ("0.1", 100, Some(10)),
            (".25", 100, Some(25)),
            ("2.", 100, Some(200)),
            ("0.125", 100, Some(13)),
            ("1.0000000000000000000001", 100, Some(100)),
            ("1024", 1024, Some(1_048_576)),
            ("9223372036854775807", 1024, None),
            ("99999999999999999999999999999999999999999", 1, None),
            ("-1", 100, None),
            (".", 100, None),
            ("1e3", 100, None),
            ("1.5.5", 100, None),
            ("١", 100, None),
        ] {
            assert_eq!(scaled_number(text, scale), expected, "{text}");
        }
    }

    #[test]
    fn what_others_wrote_is_cut() {
        let long = "x".repeat(60_000);
        let text_of = format!("<A><NAME>{long}</NAME><T><ERROR>{long}</ERROR></T></A>");
        let element = Element::parse(&text_of, Limits::REPLY).unwrap();
        for name in [text(&element, "NAME"), required_text(&element, "NAME").unwrap()] {
            assert_eq!((name.chars().count(), name.ends_with('…')), (200, true));
        }
        let error = error(&attributes(&element, "T")).unwrap();
        assert_eq!((error.chars().count(), error.ends_with('…')), (300, true));
    }

    #[test]
    fn of_repeated_attributes_the_first_counts_and_vectors_are_left_out() {
        let text = "<A><T><X>1</X><X>2</X><V><W>3</W></V><E/></T></A>";
        let element = Element::parse(text, Limits::HOOK).unwrap();
        let attributes = attributes(&element, "T");
        assert_eq!(attributes.len(), 1);
        assert_eq!(attributes["X"], "1");
    }

    #[test]
    fn minus_one_is_no_id_and_a_huge_one_is_an_error() {
        let text = "<A><N>-1</N><I>7</I><H>4294967296</H><L><ID>1</ID><ID/></L></A>";
        let element = Element::parse(text, Limits::HOOK).unwrap();
        assert_eq!(id_or_none(&element, "N"), Ok(None));
        assert_eq!(id_or_none(&element, "I"), Ok(Some(7)));
        assert!(id_or_none(&element, "H").is_err());
        assert!(ids(&element, "L", |id| id).is_err());
    }
}
