//! Whose documents count: OpenNebula lets every user create documents of every type, and a record commands a recovery.
//!
//! A document counts if its owner is the user of our own session or a user of the oneadmin group, and nobody else may
//! change it. Whatever else has our type is named, and is neither read nor obeyed; it holds nothing either. Source: the
//! default rules of OpenNebula (`USER/* DOCUMENT/* CREATE`), tried on 7.5.80 as an ordinary user.

use crate::model::{Document, Foreign, OpenTo};

/// The user and the group that OpenNebula makes first. Source: `include/UserPool.h`, `include/GroupPool.h`.
pub(crate) const ONEADMIN: i64 = 0;

/// How much a document of our type is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// One of us made it, and only we may change it.
    Ours,
    /// One of us made it, and somebody has let others change it.
    Widened,
    /// Somebody else made it.
    Foreign(Foreign),
}

/// What this document is worth to the user `me`. `is_oneadmin` tells whether another user is in the oneadmin group; it is
/// asked only about the owner of a document that belongs to this group, so strangers cost nothing. A group alone does
/// not make a document ours: an administrator may have given it to the group while its owner can still change it.
///
/// # Errors
/// What `is_oneadmin` says if it cannot tell: then nobody knows what the document is worth.
pub(crate) fn worth<E>(
    document: &Document,
    me: i64,
    is_oneadmin: impl FnOnce(i64) -> Result<bool, E>,
) -> Result<Worth, E> {
    let foreign = Worth::Foreign(Foreign { document: document.id, kind: document.kind, user: document.user });
    let Some(user) = document.user else { return Ok(foreign) };
    let in_group = document.group == Some(ONEADMIN);
    if user != me && user != ONEADMIN && !(in_group && is_oneadmin(user)?) {
        return Ok(foreign);
    }
    Ok(match document.open_to {
        Some(OpenTo::Nobody) => Worth::Ours,
        Some(OpenTo::Others) | None => Worth::Widened,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DocumentId;

    fn judged(document: &Document, me: i64, admin: bool) -> Worth {
        worth(document, me, |_| Ok::<_, ()>(admin)).unwrap()
    }

    fn document(user: Option<i64>, group: i64, open_to: Option<OpenTo>) -> Document {
        let (id, name, kind) = (DocumentId(7), String::new(), 7113);
        Document { id, name, kind, user, group: Some(group), open_to, lock: None, attributes: [].into() }
    }

    #[test]
    fn only_we_and_oneadmins_count() {
        let worth =
            |user, group, me, admin| judged(&document(Some(user), group, Some(OpenTo::Nobody)), me, admin);
        let foreign =
            |user| Worth::Foreign(Foreign { document: DocumentId(7), kind: 7113, user: Some(user) });
        assert_eq!(worth(0, 0, 0, false), Worth::Ours);
        assert_eq!(worth(0, 1, 0, false), Worth::Ours);
        assert_eq!(worth(7, 100, 7, false), Worth::Ours);
        assert_eq!(worth(0, 0, 7, false), Worth::Ours);
        // A member of the oneadmin group, with a document of that group.
        assert_eq!(worth(5, 0, 0, true), Worth::Ours);
        // Neither the group alone makes it ours, nor the user's other groups.
        assert_eq!(worth(5, 0, 0, false), foreign(5));
        assert_eq!(worth(5, 1, 0, true), foreign(5));
        assert_eq!(worth(5, 1, 0, false), foreign(5));
    }

    #[test]
    fn a_document_that_does_not_say_whose_it_is_counts_for_nothing() {
        let unsaid = document(None, 0, Some(OpenTo::Nobody));
        let foreign = Worth::Foreign(Foreign { document: DocumentId(7), kind: 7113, user: None });
        assert_eq!(judged(&unsaid, 0, true), foreign);
        let Worth::Foreign(foreign) = foreign else { return };
        assert_eq!(foreign.to_string(), "document 7 of type 7113 belongs to nobody that is known: not read");
    }

    #[test]
    fn one_that_others_may_change_is_told_apart() {
        for open_to in [Some(OpenTo::Others), None] {
            assert_eq!(judged(&document(Some(0), 0, open_to), 0, false), Worth::Widened);
        }
    }
}
