//! `monitord.conf`, in OpenNebula's template syntax: `NAME = VALUE`, `NAME = [ NAME = VALUE, … ]`, `"…"` around a value, and
//! comments from `#` to the end of a line. Source: `src/template/template_parser.l`.

use crate::model::{Figure, ImDriver, Monitord};
use std::iter::Peekable;
use std::str::Chars;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Single(String),
    Vector(Vec<(String, String)>),
}

/// What the file says. What it does not say is OpenNebula's default.
///
/// # Errors
/// Where it is not in that syntax, or has a time that is no number.
pub fn read(text: &str) -> Result<Monitord, String> {
    let all = Reader { rest: text.chars().peekable(), line: 1 }.all()?;
    let single = |name: &str| {
        all.iter().find_map(|(other, value)| match value {
            Value::Single(value) if other == name => Some(value.as_str()),
            Value::Single(_) | Value::Vector(_) => None,
        })
    };
    let vectors = |name: &'static str| {
        all.iter().filter_map(move |(other, value)| match value {
            Value::Vector(values) if other == name => Some(values),
            Value::Single(_) | Value::Vector(_) => None,
        })
    };
    let shipped = Monitord::default();
    let beacon = vectors("PROBES_PERIOD").next().and_then(|periods| in_vector(periods, "BEACON_HOST"));
    let drivers: Vec<_> = vectors("IM_MAD").filter_map(|values| driver(values)).collect();
    Ok(Monitord {
        interval: figure("MONITORING_INTERVAL_HOST", single("MONITORING_INTERVAL_HOST"), shipped.interval)?,
        timer: figure("MANAGER_TIMER", single("MANAGER_TIMER"), shipped.timer)?,
        beacon: figure("BEACON_HOST", beacon, shipped.beacon)?,
        drivers: if drivers.is_empty() { shipped.drivers } else { drivers },
    })
}

fn in_vector<'a>(values: &'a [(String, String)], name: &str) -> Option<&'a str> {
    values.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

fn figure(name: &str, value: Option<&str>, default: Figure) -> Result<Figure, String> {
    let Some(value) = value else { return Ok(default) };
    let seconds = value.trim().parse().map_err(|_| format!("its {name} is {value:?}, which is no number"))?;
    Ok(Figure { seconds, set: true })
}

/// Source: `src/im_mad/im_exec/one_im_exec.rb`.
fn driver(values: &[(String, String)]) -> Option<ImDriver> {
    let name = in_vector(values, "NAME")?.to_owned();
    let executable = in_vector(values, "EXECUTABLE").unwrap_or_default();
    let mut driver = ImDriver { name, local: executable.ends_with("one_im_sh"), timeout: None, retries: 0 };
    let mut words = in_vector(values, "ARGUMENTS").unwrap_or_default().split_whitespace().peekable();
    while let Some(word) = words.next() {
        let (key, glued) = match word.split_once('=') {
            Some((key, value)) if key.starts_with("--") => (key, Some(value)),
            Some(_) | None if word.starts_with("--") => (word, None),
            Some(_) | None => {
                let short = word.char_indices().nth(2).map_or(word.len(), |(at, _)| at);
                let (key, value) = word.split_at(short);
                (key, (!value.is_empty()).then_some(value))
            }
        };
        let mut number = || glued.or_else(|| words.next_if(|next| !next.starts_with('-')))?.parse().ok();
        match key {
            "-w" | "--timeout" => driver.timeout = number().filter(|seconds| *seconds > 0),
            "-r" | "--retries" => driver.retries = number().unwrap_or(0),
            "-t" | "--threads" => {
                number();
            }
            "-l" | "--local" => driver.local = true,
            _ => {}
        }
    }
    Some(driver)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn all(mut self) -> Result<Vec<(String, Value)>, String> {
        let mut all = Vec::new();
        loop {
            self.blank();
            if self.rest.peek().is_none() {
                return Ok(all);
            }
            let name = self.name()?;
            self.spaces();
            let value = match self.rest.peek() {
                Some('[') => Value::Vector(self.vector()?),
                Some(_) | None => Value::Single(self.value("#\n")?),
            };
            all.push((name, value));
        }
    }

    fn vector(&mut self) -> Result<Vec<(String, String)>, String> {
        self.next();
        let mut values = Vec::new();
        loop {
            self.blank();
            match self.rest.peek() {
                None => return Err(self.wrong("a \"[\" has no \"]\"")),
                Some(']') => {
                    self.next();
                    return Ok(values);
                }
                Some(',') => {
                    self.next();
                }
                Some(_) => {
                    let name = self.name()?;
                    self.spaces();
                    let value = self.value(",]#\n")?;
                    values.push((name, value));
                }
            }
        }
    }

    /// A name and the "=" behind it; OpenNebula makes no difference between large and small letters there.
    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c.to_ascii_uppercase());
        }
        self.spaces();
        if name.is_empty() || self.rest.next_if_eq(&'=').is_none() {
            return Err(self.wrong("there is no NAME = VALUE"));
        }
        Ok(name)
    }

    /// Up to one of these characters, unless it is quoted.
    fn value(&mut self, ends: &str) -> Result<String, String> {
        let mut value = String::new();
        if self.rest.next_if_eq(&'"').is_none() {
            while let Some(c) = self.rest.next_if(|c| !ends.contains(*c)) {
                value.push(c);
            }
            value.truncate(value.trim_end().len());
            return Ok(value);
        }
        loop {
            match self.next() {
                None => return Err(self.wrong("a quoted value has no end")),
                Some('"') => return Ok(value),
                Some('\\') if self.rest.peek() == Some(&'"') => value.extend(self.next()),
                Some(c) => value.push(c),
            }
        }
    }

    /// Blanks and tabs.
    fn spaces(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace() && *c != '\n').is_some() {}
    }

    /// Blanks, ends of lines and comments.
    fn blank(&mut self) {
        while let Some(c) = self.rest.peek() {
            match c {
                '#' => while self.rest.next_if(|c| *c != '\n').is_some() {},
                c if c.is_whitespace() => {
                    self.next();
                }
                _ => return,
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next();
        self.line += usize::from(c == Some('\n'));
        c
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} in line {}", self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms of the file that OpenNebula ships.
    const SHIPPED: &str = r#"
#*******************************************************************************
#  MANAGER_TIMER: Timer in seconds, monitord evaluates host timeouts.
#MANAGER_TIMER = 15
#MONITORING_INTERVAL_HOST = 180

DB = [
  CONNECTIONS = 15
]

LOG = [
  system      = "FILE",
  debug_level = 3
]

NETWORK = [
    ADDRESS         = "0.0.0.0",
    MONITOR_ADDRESS = "auto",
    PORT    = 4124,
    PUBKEY  = "",
    PRIKEY  = ""
]

PROBES_PERIOD = [
    BEACON_HOST    = 30,
    SYSTEM_HOST    = 600,
    SYNC_STATE_VM  = 180
]

IM_MAD = [
    NAME          = "kvm",
    SUNSTONE_NAME = "KVM",
    EXECUTABLE    = "one_im_ssh",
    ARGUMENTS     = "-r 3 -t 15 -w 90 kvm",
    THREADS       = 0
]

IM_MAD = [
      NAME          = "vcenter",
      EXECUTABLE    = "one_im_sh",
      ARGUMENTS     = "-c -t 15 -r 0 vcenter" ]
# IM_MAD = [
#     NAME          = "dummy",
# ]
"#;

    #[test]
    fn as_opennebula_ships_it() {
        let read = read(SHIPPED).unwrap();
        let (interval, timer, beacon) = (read.interval, read.timer, read.beacon);
        assert_eq!((interval.seconds, interval.set, timer.seconds, timer.set), (180, false, 15, false));
        assert_eq!((beacon.seconds, beacon.set), (30, true));
        let driver =
            |name: &str, local, timeout, retries| ImDriver { name: name.to_owned(), local, timeout, retries };
        assert_eq!(read.drivers, [driver("kvm", false, Some(90), 3), driver("vcenter", true, None, 0)]);
    }

    #[test]
    fn what_it_sets_counts_and_the_first_of_two() {
        let text = "monitoring_interval_host = 60 # a minute\nMANAGER_TIMER=\"5\"\nMANAGER_TIMER = 9\n\
                    PROBES_PERIOD=[BEACON_HOST=10,SYSTEM_HOST=\"600\"]\nX =\n\
                    IM_MAD = [ NAME = kvm, ARGUMENTS = \"-r3 --timeout=20 -t 15 --local kvm\" ]";
        let read = read(text).unwrap();
        assert_eq!((read.interval.seconds, read.timer.seconds, read.beacon.seconds), (60, 5, 10));
        let kvm = ImDriver { name: "kvm".to_owned(), local: true, timeout: Some(20), retries: 3 };
        assert_eq!(read.drivers, [kvm]);
        assert_eq!(super::read("").unwrap(), Monitord::default());
    }

    #[test]
    fn what_is_no_such_file_is_said_with_its_line() {
        for (text, why) in [
            ("A = 1\nDB = [\n CONNECTIONS = 15\n", "a \"[\" has no \"]\" in line 4"),
            ("A = \"x\n", "a quoted value has no end in line 2"),
            ("\nMONITORING_INTERVAL_HOST 180\n", "there is no NAME = VALUE in line 2"),
            ("<conf/>", "there is no NAME = VALUE in line 1"),
            ("MANAGER_TIMER = soon", "its MANAGER_TIMER is \"soon\", which is no number"),
        ] {
            assert_eq!(read(text).unwrap_err(), why, "{text}");
        }
    }
}
