//! Who the session belongs to.

use super::leader::text;
use super::{Oned, Transport};
use crate::error::{Error, OnedError, Result};
use crate::wire::xml::{Element, Limits, XmlError};
use crate::wire::xmlrpc::Value;

/// The group whose users may do everything. Source: `include/GroupPool.h`.
const ONEADMIN: u32 = 0;

/// The user that a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `USER/ID`
    pub id: i64,
    /// `USER/NAME`
    pub name: String,
    /// `USER/GID` and `USER/GROUPS/ID`
    pub groups: Vec<u32>,
}

impl User {
    /// Whether the user may do what oneadmin may.
    #[must_use]
    pub fn is_oneadmin(&self) -> bool {
        self.groups.contains(&ONEADMIN)
    }
}

impl<T: Transport> Oned<T> {
    /// Is the session one of `oneadmin`, the user that OpenNebula makes first? It asks nobody.
    pub fn is_oneadmin(&self) -> bool {
        self.credentials.session.reveal().split(':').next() == Some("oneadmin")
    }

    /// `one.user.info` about ourselves. The reply has the password's hash, so it is kept nowhere.
    ///
    /// # Errors
    /// [`Error::Oned`], as for every read.
    pub fn user(&self) -> Result<User> {
        self.user_of(-1)
    }

    /// `one.user.info` about any user.
    ///
    /// # Errors
    /// [`Error::Oned`], as for every read.
    pub fn user_of(&self, user: i64) -> Result<User> {
        let method = "one.user.info";
        let user =
            self.read(method, &[Value::Int(user), Value::Bool(false)]).and_then(text).and_then(|xml| {
                let root = Element::parse_root(&xml, "USER", Limits::HOOK);
                root.and_then(|root| read(&root)).map_err(OnedError::Reply)
            });
        user.map_err(|source| Error::Oned { method: method.to_owned(), source })
    }
}

fn read(user: &Element) -> Result<User, XmlError> {
    let mut groups = vec![user.required("GID")?];
    for id in user.child("GROUPS").into_iter().flat_map(|groups| groups.all("ID")) {
        groups.extend(id.text.trim().parse::<u32>());
    }
    Ok(User { id: user.required("ID")?, name: user.text_of("NAME").unwrap_or_default().to_owned(), groups })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_of_group_0_is_oneadmin_whichever_group_is_first() {
        let user = |gid: u32, groups: &str| {
            let text =
                format!("<USER><ID>7</ID><GID>{gid}</GID><GROUPS>{groups}</GROUPS><NAME>a</NAME></USER>");
            read(&Element::parse_root(&text, "USER", Limits::HOOK).unwrap()).unwrap()
        };
        assert!(user(0, "").is_oneadmin());
        assert!(user(100, "<ID>100</ID><ID>0</ID>").is_oneadmin());
        assert!(!user(1, "<ID>1</ID><ID>100</ID>").is_oneadmin());
    }
}
