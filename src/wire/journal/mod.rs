//! The journal of a run: bytes to lines of JSON and back. What a line says is for others.
//!
//! Shape: the first line is `{"format":2,"begin":…}`, each other one `{"new":[…],"line":…,"answer":…}`. Most of what a run reads
//! it has read before, so every list or object of some size is written once: it stands in `new` where it is first
//! seen, is counted from 0, and is `{"$":17}` from then on, in lines and in `new` itself. A newer format is refused, a
//! damaged line is named, and half a line at the end is left out: its run was killed while it wrote.

mod old;
mod share;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use share::{Known, Shared};

/// The format that this version writes; it reads the earlier ones too.
pub const FORMAT: u32 = 2;

#[derive(Serialize, Deserialize)]
struct First {
    format: u32,
    begin: Value,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    new: Vec<Value>,
    line: Value,
    #[serde(default)]
    answer: Value,
}

/// Makes the lines of one journal.
#[derive(Debug, Default)]
pub struct Writer {
    shared: Shared,
}

impl Writer {
    /// The first line, with its end.
    ///
    /// # Errors
    /// A text if the value cannot be written as JSON.
    pub fn begin(begin: &impl Serialize) -> Result<String, String> {
        let begin = serde_json::to_value(begin).map_err(|error| error.to_string())?;
        line(&First { format: FORMAT, begin })
    }

    /// The next line, with its end. The answer is read apart from the rest; `()` where there is none.
    ///
    /// # Errors
    /// A text if the values cannot be written as JSON.
    pub fn line(&mut self, value: &impl Serialize, answer: Value) -> Result<String, String> {
        let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
        let mut new = Vec::new();
        let (value, answer) = (self.shared.pack(value, &mut new), self.shared.pack(answer, &mut new));
        line(&Later { new, line: value, answer })
    }
}

fn line(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// One journal as it was read. Lines stay short until they are asked for.
#[derive(Debug)]
pub struct Reader {
    begin: Value,
    known: Known,
    lines: Vec<(Value, Value)>,
    torn: bool,
}

impl Reader {
    /// Read a whole journal.
    ///
    /// # Errors
    /// A text that says that it is none, is of another format, or which of its lines is damaged.
    pub fn read(text: &str) -> Result<Self, String> {
        let (whole, rest) = text.rsplit_once('\n').unwrap_or(("", text));
        let mut lines = whole.lines();
        let first = lines.next().filter(|line| !line.is_empty()).ok_or("it has no whole line")?;
        let Format { format } =
            serde_json::from_str(first).map_err(|_| "it is not a journal of ours".to_owned())?;
        if !(1..=FORMAT).contains(&format) {
            return Err(format!("its format is {format}, and this version knows those up to {FORMAT}"));
        }
        let damaged = |number: usize, why: &str| format!("line {number} is damaged: {why}");
        let First { mut begin, .. } =
            serde_json::from_str(first).map_err(|error| damaged(1, &error.to_string()))?;
        if format < 2 {
            old::since_1(&mut begin);
        }
        let mut reader = Self { begin, known: Known::default(), lines: Vec::new(), torn: !rest.is_empty() };
        for (number, line) in (2..).zip(lines) {
            let Later { new, line, answer } =
                serde_json::from_str(line).map_err(|error| damaged(number, &error.to_string()))?;
            for value in new {
                reader.known.learn(value).map_err(|why| damaged(number, &why))?;
            }
            for value in [&line, &answer] {
                reader.known.check(value).map_err(|why| damaged(number, &why))?;
            }
            reader.lines.push((line, answer));
        }
        Ok(reader)
    }

    /// What the first line says.
    ///
    /// # Errors
    /// A text if it says something else.
    pub fn begin<T: DeserializeOwned>(&self) -> Result<T, String> {
        T::deserialize(&self.begin).map_err(|error| format!("line 1 is damaged: {error}"))
    }

    /// How many lines follow the first.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Is there nothing but the first line?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Does it end in half a line?
    #[must_use]
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// A line, counted from 0, without its answer.
    ///
    /// # Errors
    /// A text if there is no such line, or it says something else.
    pub fn line<T: DeserializeOwned>(&self, at: usize) -> Result<T, String> {
        self.read_back(at, self.lines.get(at).map(|(line, _)| line))
    }

    /// The answer in a line.
    ///
    /// # Errors
    /// A text if there is no such line, or the answer is another one.
    pub fn answer<T: DeserializeOwned>(&self, at: usize) -> Result<T, String> {
        self.read_back(at, self.lines.get(at).map(|(_, answer)| answer))
    }

    fn read_back<T: DeserializeOwned>(&self, at: usize, value: Option<&Value>) -> Result<T, String> {
        let value = self.known.unpack(value.ok_or("there is no such line")?);
        T::deserialize(value).map_err(|error| format!("line {} is damaged: {error}", at.saturating_add(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn vm(id: u32, state: &str) -> Value {
        json!({"id": id, "name": format!("a VM with a name {id}"), "state": state, "pci": [], "cpu": 100})
    }

    fn written(lines: &[Value]) -> String {
        let mut writer = Writer::default();
        let lines = lines.iter().map(|line| writer.line(&"read", line.clone()).unwrap());
        Writer::begin(&"now").unwrap() + &lines.collect::<String>()
    }

    #[test]
    fn what_was_seen_before_is_written_once_and_read_back_whole() {
        let lines = [
            json!({"vms": [vm(1, "UNKNOWN"), vm(2, "UNKNOWN")]}),
            json!({"vms": [vm(1, "UNKNOWN"), vm(2, "RUNNING")], "more": {"$": "no reference"}}),
            json!({"vms": [vm(1, "UNKNOWN"), vm(2, "RUNNING")]}),
            json!(null),
        ];
        let text = written(&lines);
        assert_eq!(text.matches("a VM with a name 1").count(), 1, "{text}");
        assert_eq!(text.matches("a VM with a name 2").count(), 2, "{text}");
        let reader = Reader::read(&text).unwrap();
        assert_eq!(
            (reader.begin::<String>().unwrap().as_str(), reader.len(), reader.is_torn()),
            ("now", 4, false)
        );
        for (at, line) in lines.iter().enumerate() {
            assert_eq!(reader.line::<String>(at).unwrap(), "read");
            assert_eq!(&reader.answer::<Value>(at).unwrap(), line);
        }
        assert!(reader.line::<Value>(4).is_err() && reader.line::<u32>(0).is_err());
    }

    #[test]
    fn half_a_line_at_the_end_is_left_out() {
        let text = written(&[json!("one"), json!("two")]);
        for cut in 1..=text.len() {
            let read = Reader::read(text.get(..cut).unwrap());
            match text.get(..cut).unwrap().matches('\n').count() {
                0 => assert_eq!(read.unwrap_err(), "it has no whole line"),
                lines => {
                    let read = read.unwrap();
                    assert_eq!(
                        (read.len(), read.is_torn()),
                        (lines - 1, !text.get(..cut).unwrap().ends_with('\n'))
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_newer_damaged_or_something_else_is_refused_in_words() {
        for (text, why) in [
            ("", "it has no whole line"),
            ("\n\n", "it has no whole line"),
            ("hello\n", "it is not a journal of ours"),
            ("{\"format\":3,\"begin\":1}\n", "its format is 3, and this version knows those up to 2"),
            ("{\"format\":1}\n", "line 1 is damaged: missing field `begin`"),
            ("{\"format\":1,\"begin\":1}\n{\"line\":\n", "line 2 is damaged: EOF"),
            ("{\"format\":1,\"begin\":1}\n{\"line\":{\"$\":0}}\n", "line 2 is damaged: it names value 0"),
            (
                "{\"format\":1,\"begin\":1}\n{\"new\":[{\"$\":0}],\"line\":1}\n",
                "line 2 is damaged: it names value 0",
            ),
        ] {
            let error = Reader::read(text).unwrap_err();
            assert!(error.starts_with(why), "{text:?}: {error}");
        }
    }

    /// Each value holds the one before it twice: forty lines would be a thousand billion values.
    #[test]
    fn a_journal_that_unfolds_without_end_is_refused() {
        let mut text = Writer::begin(&1).unwrap() + "{\"new\":[[1,2]],\"line\":1}\n";
        for n in 0..40 {
            let before = json!({ "$": n });
            text += &(json!({ "new": [[before, before]], "line": 1 }).to_string() + "\n");
        }
        let error = Reader::read(&text).unwrap_err();
        assert!(error.contains("is damaged: it unfolds to more than"), "{error}");
    }
}
