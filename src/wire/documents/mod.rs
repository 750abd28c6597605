//! OpenNebula's documents as values of the model.
//!
//! A field that is not what its type says makes its own object unreadable, and no other: in a pool the
//! good objects stay. What is absent or empty is a default where oned itself leaves it out. Deliberately
//! absent: documents that are only looked into (users, `one.system.config`); read those as [`Element`].

mod fields;
mod guest;
mod host;
mod needs;
mod others;
mod vm;
mod zone;

use super::xml::{Element, Limits, XmlError};

/// A value that has a document: `HOST` for a host, and `HOST_POOL` around many.
pub trait Decode: Sized {
    /// The name of the document's root, for example `HOST`.
    const ROOT: &'static str;

    /// The value in an element of that name.
    ///
    /// # Errors
    /// [`XmlError::Missing`] and [`XmlError::Field`] for the fields that must be there or must be numbers.
    fn decode(element: &Element) -> Result<Self, XmlError>;
}

/// The objects of a pool: those that can be read, and those that cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<T> {
    /// In the order of the document.
    pub good: Vec<T>,
    /// The id of each other object, or `#3` for the third one where it has none, and what is wrong with it.
    pub bad: Vec<(String, XmlError)>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { good: Vec::new(), bad: Vec::new() }
    }
}

impl<T> Pool<T> {
    /// Add the objects of another pool behind these.
    pub fn append(&mut self, mut other: Pool<T>) {
        self.good.append(&mut other.good);
        self.bad.append(&mut other.bad);
    }
}

/// Read one document, for example `read::<Host>("<HOST>…</HOST>", Limits::HOOK)`.
///
/// # Errors
/// [`XmlError`] for a text that is no such document, or more than `limits` allow.
pub fn read<T: Decode>(text: &str, limits: Limits) -> Result<T, XmlError> {
    T::decode(&Element::parse_root(text, T::ROOT, limits)?)
}

/// Read a pool, for example `read_pool::<Host>("<HOST_POOL>…</HOST_POOL>", Limits::REPLY)`.
///
/// # Errors
/// [`XmlError`] if the pool itself cannot be read: not XML, another root, cut off.
pub fn read_pool<T: Decode>(text: &str, limits: Limits) -> Result<Pool<T>, XmlError> {
    let mut pool = Pool::default();
    let mut position = 0;
    let mut take = |element: Element| {
        if element.name != T::ROOT {
            return;
        }
        match T::decode(&element) {
            Ok(value) => pool.good.push(value),
            Err(error) => pool.bad.push((fields::id_text(&element, position), error)),
        }
        position += 1;
    };
    Element::parse_each(text, &format!("{}_POOL", T::ROOT), limits, &mut take)?;
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cluster, ClusterId};

    #[test]
    fn a_bad_object_does_not_hide_the_good_ones() {
        let text = "<CLUSTER_POOL><CLUSTER><ID>x</ID><NAME>a</NAME></CLUSTER>\
            <CLUSTER><ID>1</ID><NAME>b</NAME></CLUSTER><CLUSTER/><OTHER/></CLUSTER_POOL>";
        let pool = read_pool::<Cluster>(text, Limits::HOOK).unwrap();
        assert_eq!(pool.good.len(), 1);
        assert_eq!(pool.good[0].id, ClusterId(1));
        let bad: Vec<&str> = pool.bad.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(bad, ["x", "#3"]);
    }

    #[test]
    fn an_empty_pool_is_a_pool_and_another_root_is_not() {
        let empty = read_pool::<Cluster>("<CLUSTER_POOL/>", Limits::HOOK);
        assert_eq!(empty, Ok(Pool::default()));
        assert!(read_pool::<Cluster>("<HOST_POOL/>", Limits::HOOK).is_err());
        assert!(read::<Cluster>("<CLUSTER_POOL/>", Limits::HOOK).is_err());
    }
}
