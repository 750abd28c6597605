//! Parameters in, answers out: what every method shares.

use crate::wire::xmlrpc::Value;

/// Why a method fails: an error of oned, or a fault of its XML-RPC server.
pub(crate) enum Fail {
    Refused { code: i64, text: String, id: i64 },
    Fault { code: i64, text: String },
}

pub(crate) type Done = Result<Value, Fail>;

/// The parameters after the session.
pub(crate) struct Args<'a>(pub(super) &'a [Value]);

impl<'a> Args<'a> {
    pub(crate) fn int(&self, at: usize) -> Result<i64, Fail> {
        self.get(at)?.as_int().ok_or_else(|| wrong_type("integer"))
    }

    pub(crate) fn text(&self, at: usize) -> Result<&'a str, Fail> {
        self.get(at)?.as_text().ok_or_else(|| wrong_type("string"))
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool, Fail> {
        match self.get(at)? {
            Value::Bool(flag) => Ok(*flag),
            Value::Int(_) | Value::Long(_) | Value::Text(_) | Value::Array(_) | Value::Struct(_) => {
                Err(wrong_type("boolean"))
            }
        }
    }

    pub(crate) fn int_or(&self, at: usize, default: i64) -> Result<i64, Fail> {
        if at < self.0.len() { self.int(at) } else { Ok(default) }
    }

    pub(crate) fn flag_or(&self, at: usize, default: bool) -> Result<bool, Fail> {
        if at < self.0.len() { self.flag(at) } else { Ok(default) }
    }

    /// An object's id; one that cannot exist is simply missing.
    pub(crate) fn id(&self, at: usize, noun: &str) -> Result<u32, Fail> {
        let id = self.int(at)?;
        u32::try_from(id).map_err(|_| missing(noun, id))
    }

    fn get(&self, at: usize) -> Result<&'a Value, Fail> {
        self.0.get(at).ok_or_else(|| fault(-501, "Not enough parameters"))
    }
}

pub(crate) fn refused(code: i64, text: impl Into<String>) -> Fail {
    Fail::Refused { code, text: text.into(), id: -1 }
}

/// 2048: not in this state, does not fit.
pub(crate) fn bad_action(text: impl Into<String>) -> Fail {
    refused(0x0800, text)
}

/// 1024: `Error getting host [99].`
pub(crate) fn missing(noun: &str, id: i64) -> Fail {
    let text = format!("Error getting {noun} [{id}].");
    Fail::Refused { code: 0x0400, text, id }
}

/// 4096 and 16384: a template or parameter that cannot be used.
pub(crate) fn bad_parameter(text: impl Into<String>) -> Fail {
    refused(0x1000, text)
}

#[expect(clippy::unnecessary_wraps, reason = "every method ends in one of these")]
pub(crate) fn int(number: u32) -> Done {
    Ok(Value::Int(i64::from(number)))
}

/// In a scenario U+FFFD stands for a byte that is no UTF-8: oned's library sends no reply that has one.
pub(crate) fn text(xml: String) -> Done {
    if xml.contains(char::REPLACEMENT_CHARACTER) {
        let text = format!(
            "Unexpected error executing code for particular method, detected by Xmlrpc-c method registry code.  Method \
             did not fail; rather, it did not complete at all.  {}-byte supposed UTF-8 string is not valid UTF-8.",
            xml.len()
        );
        return Err(fault(-500, &text));
    }
    Ok(Value::Text(xml))
}

pub(crate) fn fault(code: i64, text: &str) -> Fail {
    let text = text.to_owned();
    Fail::Fault { code, text }
}

pub(crate) fn wrong_type(name: &str) -> Fail {
    fault(-501, &format!("Parameter that is supposed to be {name} is not"))
}
