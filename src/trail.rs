//! Where the trail of a run goes: stderr, and the log file in the stock hook's format.
//!
//! stderr is stored by the hook manager in a replicated database, so it gets the steps only, unless
//! `RUST_LOG` asks for more, and of a long line its begin. The file gets every line, whole. A file that cannot be written is a warning and never
//! a reason to stop.

use crate::model::HostId;
use crate::model::text::{cut, one_line};
use crate::terminal::above;
use jiff::Zoned;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::cell::Cell;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

/// The most bytes of a line on stderr.
const LONGEST_LINE: usize = 4096;

/// The host of this run, for the prefix of the file's lines.
static HOST: OnceLock<HostId> = OnceLock::new();

thread_local! {
    /// The host that this thread works on, where one process works on several.
    static THREAD: Cell<Option<HostId>> = const { Cell::new(None) };
}

struct Trail {
    stderr: env_logger::Logger,
    file: Option<Mutex<File>>,
}

/// The target of lines for the log file alone: stderr gets the same in a last line of its own.
pub const FILE_ONLY: &str = "onerescue::end";

/// Start logging. The second call in a process does nothing.
pub fn start(path: Option<&Path>) {
    let stderr = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"))
        .format(|out, record| writeln!(out, "{}", stderr_line(record)))
        .build();
    let opened = path.map(|path| (path, File::options().append(true).create(true).open(path)));
    let (file, warning) = match opened {
        None => (None, None),
        Some((_, Ok(file))) => (Some(Mutex::new(file)), None),
        Some((path, Err(error))) => {
            (None, Some(format!("cannot write the log {}: {error}; going on without", path.display())))
        }
    };
    let level = if file.is_some() { LevelFilter::Debug.max(stderr.filter()) } else { stderr.filter() };
    if log::set_boxed_logger(Box::new(Trail { stderr, file })).is_ok() {
        log::set_max_level(level);
    }
    if let Some(warning) = warning {
        log::warn!("{warning}");
    }
}

/// Name the host that the following lines are about.
pub fn about(host: HostId) {
    let _ = HOST.set(host);
}

/// Name the host that this thread's lines are about; on stderr, too, where lines of several hosts mix.
pub fn about_in_thread(host: HostId) {
    THREAD.set(Some(host));
}

impl Log for Trail {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.stderr.enabled(metadata) || self.ours(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() != FILE_ONLY {
            above(|| self.stderr.log(record));
        }
        if let (Some(file), true) = (&self.file, self.ours(record.metadata()))
            && let Ok(mut file) = file.lock()
        {
            // One write per line, so that lines of two runs do not mix.
            let _ = file.write_all(stock_line(record).as_bytes());
        }
    }

    fn flush(&self) {
        self.stderr.flush();
    }
}

impl Trail {
    fn ours(&self, metadata: &Metadata<'_>) -> bool {
        self.file.is_some() && metadata.target().starts_with("onerescue") && metadata.level() <= Level::Debug
    }
}

/// `INFO  observe: node7 (host 7) is ERROR`
fn stderr_line(record: &Record<'_>) -> String {
    let host = THREAD.get().map_or_else(String::new, |host| format!("{host}: "));
    cut(&format!("{:<5} {host}{}", record.level(), one_line(&record.args().to_string())), LONGEST_LINE - 1)
}

/// `[2026-11-20 08:44:08 +0000][HOST 7][I] observe: node7 (host 7) is ERROR`, as the stock hook writes it.
#[expect(
    clippy::disallowed_methods,
    reason = "the time stamp of a log line is for people, nothing depends on it"
)]
fn stock_line(record: &Record<'_>) -> String {
    let host = THREAD.get().or(HOST.get().copied());
    let host = host.map_or_else(|| "-".to_owned(), |host| host.0.to_string());
    let level = match record.level() {
        Level::Error => 'E',
        Level::Warn => 'W',
        Level::Info => 'I',
        Level::Debug | Level::Trace => 'D',
    };
    let now = Zoned::now().strftime("%Y-%m-%d %H:%M:%S %z");
    format!("[{now}][HOST {host}][{level}] {}\n", one_line(&record.args().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_on_stderr_and_whole_in_the_file() {
        let long = "é".repeat(60_000);
        let args = format_args!("{long}");
        let record = Record::builder().level(Level::Info).args(args).build();
        let line = stderr_line(&record);
        assert!(line.starts_with("INFO  é") && line.ends_with("é…"));
        assert!((LONGEST_LINE - 3..LONGEST_LINE).contains(&line.len()), "{}", line.len());
        assert!(stock_line(&record).contains(&long));
    }

    #[test]
    fn a_text_is_cut_between_characters_and_only_if_need_be() {
        for (text, most, expected) in
            [("node7", 5, "node7"), ("node7x", 5, "no…"), ("éé", 4, "éé"), ("ééé", 5, "é…"), ("abc", 0, "…")]
        {
            assert_eq!(cut(text, most), expected);
        }
    }
}
