//! Texts in columns, by their width on a terminal: names come in any script.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// As wide as a terminal is at night.
pub(super) const WIDTH: usize = 100;

/// It needs a person.
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
/// It is not over.
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// It is well.
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
/// It is read first.
pub(super) const BOLD: Style = Style::new().bold();

/// How many columns a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text with blanks behind it, up to so many columns.
pub(super) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(width(text)))
}

/// Break a text between words into lines that begin at `indent` and end before [`WIDTH`].
pub(super) fn wrapped(words: &str, indent: usize, text: &mut String) {
    let room = WIDTH.saturating_sub(indent).max(1);
    let mut line = String::new();
    let flush = |line: &mut String, text: &mut String| {
        let _ = writeln!(text, "{:indent$}{line}", "");
        line.clear();
    };
    for word in words.split(' ') {
        let mut rest = word;
        if !line.is_empty() && width(&line) + 1 + width(rest) > room {
            flush(&mut line, text);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        while width(rest) > room {
            let (head, tail) = rest.split_at(fits(rest, room));
            line.push_str(head);
            flush(&mut line, text);
            rest = tail;
        }
        line.push_str(rest);
    }
    flush(&mut line, text);
}

/// The bytes of a text that fit into so many columns; one character at least.
fn fits(text: &str, columns: usize) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let first = ends.clone().next().unwrap_or(text.len());
    let fit = ends.take_while(|end| text.get(..*end).is_some_and(|head| width(head) <= columns));
    fit.last().unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_take_the_columns_that_a_terminal_gives_them() {
        assert_eq!([padded("web", 6), padded("データ", 8)].map(|text| width(&text)), [6, 8]);
        assert_eq!(padded("longer", 3), "longer");
        for words in ["datenbank ".repeat(40), "データベース".repeat(40), "x".repeat(300)] {
            let mut text = String::new();
            wrapped(words.trim(), 12, &mut text);
            assert!(text.lines().count() > 2 && text.lines().all(|line| width(line) <= WIDTH), "{text}");
            let joined: String = text.split_whitespace().collect();
            assert_eq!(joined, words.split_whitespace().collect::<String>());
        }
    }
}
