//! Who runs this, for records that others read: the person as the environment has it, and the effective user.

use crate::config::Environment;
use crate::model::text::{cut, one_line};

/// More than any user name; what is kept of a longer one is its begin.
const LONGEST_NAME: usize = 64;

/// `alice (as oneadmin)`. The first is what the environment says and proves nothing; the second is true.
pub(super) fn who(environment: &Environment) -> String {
    let id = rustix::process::geteuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = name_of(id, &users).map_or_else(|| format!("user {id}"), plain);
    let person = environment.person.as_deref().map(plain).filter(|person| !person.trim().is_empty());
    match person {
        Some(person) => format!("{person} (as {user})"),
        None => user,
    }
}

fn plain(name: &str) -> String {
    cut(&one_line(name), LONGEST_NAME)
}

/// `oneadmin:x:9869:9869::/var/lib/one:/bin/bash`
fn name_of(id: u32, users: &str) -> Option<&str> {
    let mut users = users.lines().map(|line| line.split(':'));
    users.find_map(|mut fields| {
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(id)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_user_is_read_and_the_person_is_made_harmless() {
        let users =
            "root:x:0:0::/:/bin/sh\n:x:7:7::/:\nbroken\noneadmin:x:9869:9869::/var/lib/one:/bin/bash\n";
        assert_eq!(name_of(9869, users), Some("oneadmin"));
        assert_eq!(name_of(7, users), None);
        assert_eq!(name_of(8, users), None);
        let person =
            |name: &str| who(&Environment { person: Some(name.to_owned()), ..Environment::default() });
        assert!(person("alice").starts_with("alice (as "), "{}", person("alice"));
        assert!(!person("a\n\u{1b}[31mb").contains(char::is_control));
        assert!(person(&"a".repeat(1000)).len() < 200);
        assert_eq!(person(" "), who(&Environment::default()));
    }
}
