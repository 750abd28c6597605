//! XML-RPC, both directions, so that the client and the simulated front-end share one codec.
//!
//! Deliberately absent: dates, binary values and doubles, which oned neither takes nor sends.

use super::xml::{Element, Limits, XmlError, shorten};
use std::fmt::Write as _;

/// One XML-RPC value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `<i4>` or `<int>`; read from `<i8>` too.
    Int(i64),
    /// Written as `<i8>`, as oned writes its replication index.
    Long(i64),
    /// `<boolean>`
    Bool(bool),
    /// `<string>`, or text without a type.
    Text(String),
    /// `<array>`
    Array(Vec<Value>),
    /// `<struct>`
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// The number, whichever way it was written.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::Long(number) => Some(*number),
            Self::Bool(_) | Self::Text(_) | Self::Array(_) | Self::Struct(_) => None,
        }
    }

    /// The text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Int(_) | Self::Long(_) | Self::Bool(_) | Self::Array(_) | Self::Struct(_) => None,
        }
    }
}

/// A method call, for example `one.host.info` with session, id and `false`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method's name.
    pub method: String,
    /// Its parameters; for oned the session string comes first.
    pub params: Vec<Value>,
}

/// A method's answer at the level of XML-RPC. A fault comes with HTTP status 200 and is no HTTP error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The one value of a good answer.
    Value(Value),
    /// For example -506, `Method 'one.nothing.here' not defined`.
    Fault {
        /// `faultCode`
        code: i64,
        /// `faultString`
        text: String,
    },
}

impl Call {
    /// The request's body.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<methodCall><methodName>");
        escape(&self.method, &mut out);
        out.push_str("</methodName><params>");
        for value in &self.params {
            out.push_str("<param>");
            write_value(value, &mut out);
            out.push_str("</param>");
        }
        out.push_str("</params></methodCall>\r\n");
        out
    }

    /// Read a request's body.
    ///
    /// # Errors
    /// [`XmlError`] if it is not a method call.
    pub fn read(body: &str, limits: Limits) -> Result<Call, XmlError> {
        let root = Element::parse_root(body, "methodCall", limits)?;
        let method =
            root.text_of("methodName").ok_or_else(|| XmlError::Missing("methodName".to_owned()))?.to_owned();
        let mut params = Vec::new();
        for param in inside(taken(root, "params").unwrap_or_default(), "param") {
            params.push(read_value(only_value(param)?)?);
        }
        Ok(Call { method, params })
    }
}

impl Reply {
    /// The reply's body, line by line as oned's server lays it out.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n");
        match self {
            Self::Value(value) => {
                out.push_str("<params>\r\n<param>");
                write_value(value, &mut out);
                out.push_str("</param>\r\n</params>\r\n");
            }
            Self::Fault { code, text } => {
                out.push_str("<fault>\r\n");
                let members = vec![
                    ("faultCode".to_owned(), Value::Int(*code)),
                    ("faultString".to_owned(), Value::Text(text.clone())),
                ];
                write_value(&Value::Struct(members), &mut out);
                out.push_str("\r\n</fault>\r\n");
            }
        }
        out.push_str("</methodResponse>\r\n");
        out
    }

    /// Read a reply's body.
    ///
    /// # Errors
    /// [`XmlError`] if it is neither a value nor a fault.
    pub fn read(body: &str, limits: Limits) -> Result<Reply, XmlError> {
        let root = Element::parse_root(body, "methodResponse", limits)?;
        if root.child("fault").is_some() {
            let fault = taken(root, "fault").unwrap_or_default();
            return read_fault(&read_value(only_value(fault)?)?);
        }
        let param = taken(root, "params").and_then(|params| taken(params, "param"));
        let param = param.ok_or_else(|| XmlError::Missing("param".to_owned()))?;
        Ok(Reply::Value(read_value(only_value(param)?)?))
    }
}

fn read_fault(value: &Value) -> Result<Reply, XmlError> {
    let Value::Struct(members) = value else {
        return Err(XmlError::Missing("struct".to_owned()));
    };
    let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let code = member("faultCode").and_then(Value::as_int);
    let text = member("faultString").and_then(Value::as_text).unwrap_or_default();
    let code = code.ok_or_else(|| XmlError::Missing("faultCode".to_owned()))?;
    Ok(Reply::Fault { code, text: text.to_owned() })
}

/// The first element of this name. What is read is moved and never copied: a pool is one text of many megabytes.
fn taken(parent: Element, name: &str) -> Option<Element> {
    parent.children.into_iter().find(|child| child.name == name)
}

fn inside(parent: Element, name: &str) -> impl Iterator<Item = Element> {
    parent.children.into_iter().filter(move |child| child.name == name)
}

fn only_value(parent: Element) -> Result<Element, XmlError> {
    taken(parent, "value").ok_or_else(|| XmlError::Missing("value".to_owned()))
}

fn read_value(value: Element) -> Result<Value, XmlError> {
    let Element { text, children, .. } = value;
    let Some(typed) = children.into_iter().next() else {
        return Ok(Value::Text(text));
    };
    match typed.name.as_str() {
        "string" => Ok(Value::Text(typed.text)),
        "array" => {
            let data = taken(typed, "data").ok_or_else(|| XmlError::Missing("data".to_owned()))?;
            inside(data, "value").map(read_value).collect::<Result<_, _>>().map(Value::Array)
        }
        "struct" => inside(typed, "member").map(read_member).collect::<Result<_, _>>().map(Value::Struct),
        _ => read_plain(&typed),
    }
}

fn read_plain(typed: &Element) -> Result<Value, XmlError> {
    let text = typed.text.trim();
    let bad = || XmlError::Field { field: typed.name.clone(), text: shorten(text) };
    match typed.name.as_str() {
        "i4" | "int" => text.parse().map(Value::Int).map_err(|_| bad()),
        "i8" => text.parse().map(Value::Long).map_err(|_| bad()),
        "boolean" => match text {
            "1" => Ok(Value::Bool(true)),
            "0" => Ok(Value::Bool(false)),
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}

fn read_member(member: Element) -> Result<(String, Value), XmlError> {
    let name = member.child("name").ok_or_else(|| XmlError::Missing("name".to_owned()))?.text.clone();
    Ok((name, read_value(only_value(member)?)?))
}

fn write_value(value: &Value, out: &mut String) {
    out.push_str("<value>");
    match value {
        Value::Int(number) => write_typed("i4", &number.to_string(), out),
        Value::Long(number) => write_typed("i8", &number.to_string(), out),
        Value::Bool(flag) => write_typed("boolean", if *flag { "1" } else { "0" }, out),
        Value::Text(text) => write_typed("string", text, out),
        Value::Array(values) => {
            out.push_str("<array><data>\r\n");
            for value in values {
                write_value(value, out);
                out.push_str("\r\n");
            }
            out.push_str("</data></array>");
        }
        Value::Struct(members) => {
            out.push_str("<struct>\r\n");
            for (name, value) in members {
                out.push_str("<member>");
                write_typed("name", name, out);
                out.push_str("\r\n");
                write_value(value, out);
                out.push_str("</member>\r\n");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>");
}

fn write_typed(tag: &str, text: &str, out: &mut String) {
    let _ = write!(out, "<{tag}>");
    escape(text, out);
    let _ = write!(out, "</{tag}>");
}

/// XML 1.0 has no way to write most control characters: they become U+FFFD. A bare `\r` would be read back
/// as `\n`, so it goes as a reference.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(character),
            c if c < ' ' || ('\u{fffe}'..='\u{ffff}').contains(&c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let params = vec![
            Value::Text("user:p<&>w\r\n".to_owned()),
            Value::Int(-1),
            Value::Long(-1),
            Value::Bool(true),
            Value::Array(vec![Value::Text(String::new())]),
            Value::Struct(vec![("a".to_owned(), Value::Int(1))]),
        ];
        let call = Call { method: "one.vm.info".to_owned(), params: params.clone() };
        assert_eq!(Call::read(&call.write(), Limits::HOOK), Ok(call));
        for reply in
            [Reply::Value(Value::Array(params)), Reply::Fault { code: -506, text: "not defined".to_owned() }]
        {
            assert_eq!(Reply::read(&reply.write(), Limits::HOOK), Ok(reply));
        }
    }

    #[test]
    fn untyped_text_and_other_spellings_are_read() {
        let body = "<methodResponse><params><param><value>x</value></param></params></methodResponse>";
        assert_eq!(Reply::read(body, Limits::HOOK), Ok(Reply::Value(Value::Text("x".to_owned()))));
        let call = "<methodCall><methodName>m</methodName></methodCall>";
        assert_eq!(Call::read(call, Limits::HOOK).unwrap().params, []);
    }
}
