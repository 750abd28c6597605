//! `mail`: plain text through `sendmail -t`. Whatever the cloud's names are, they break no line of the header.

use super::Unsent;
use super::command::run_to_the_end;
use crate::model::text::{cut, one_line};
use crate::policy::notify::Message;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

/// A word of a header that is not ASCII has 75 characters at most. Source: RFC 2047, section 2.
const WORD: usize = 45;

pub(super) fn send(
    sendmail: &[String],
    to: &[String],
    from: Option<&str>,
    message: &Message,
    deadline: Duration,
) -> Result<(), Unsent> {
    run_to_the_end(sendmail, letter(to, from, message).as_bytes(), &[], deadline)
}

/// The addresses are those of the settings, which has checked them.
fn letter(to: &[String], from: Option<&str>, message: &Message) -> String {
    let from = from.map_or_else(String::new, |from| format!("From: {from}\n"));
    // No line is longer than mail allows. Source: RFC 5322, section 2.1.1.
    let body: String = message.text.lines().map(|line| cut(&one_line(line), 900) + "\n").collect();
    format!(
        "{from}To: {}\nSubject: {}\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n{body}",
        to.join(", "),
        subject(&cut(&one_line(&message.subject), 300))
    )
}

fn subject(text: &str) -> String {
    let plain = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    // What looks like an encoded word would be read as one.
    if plain && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= WORD => word.push(c),
            Some(_) | None => words.push(c.to_string()),
        }
    }
    let words: Vec<_> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(subject: &str, text: &str) -> String {
        let (subject, text) = (subject.to_owned(), text.to_owned());
        let message = Message { format: 1, test: false, subject, text, changes: Vec::new() };
        letter(&["ops@example.org".to_owned(), "root".to_owned()], None, &message)
    }

    #[test]
    fn a_name_with_line_breaks_makes_no_header() {
        let text = sent("n\r\nBcc: evil@example.org\nX: \u{2028}\u{85}", ".\nBcc: in the body\r\n\u{1b}[2J");
        let (head, body) = text.split_once("\n\n").unwrap();
        let names: Vec<_> = head.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(names.len(), 6, "{head}");
        assert!(names[0] == "To: ops@example.org, root" && names[1].starts_with("Subject: "), "{head}");
        assert!(body.starts_with(".\nBcc: in the body") && !body.contains(['\r', '\u{1b}']), "{body:?}");
    }

    #[test]
    fn a_subject_that_is_not_plain_is_made_of_encoded_words() {
        assert_eq!(subject("node7 is held"), "node7 is held");
        assert_eq!(subject("=?UTF-8?B?eA==?="), "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
        let long = subject(&"ü".repeat(100));
        assert!(long.lines().count() == 5 && long.lines().all(|line| line.len() <= 76), "{long}");
    }
}
