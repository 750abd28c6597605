//! What oned answers inside XML-RPC: an array of a flag and a payload, or of a flag, a text and a code.
//!
//! Only reads it. Whether a refusal is final is decided by the client, which knows what was asked.

use super::xml::{LONGEST_TEXT, Limits, XmlError};
use super::xmlrpc::{Reply, Value};
use crate::error::{OnedError, Refusal};
use crate::model::text::{cut_chars, one_line};

/// Read the body of a reply: `[true, payload, 0]`, or `[false, text, code, object, index]`.
/// Source: `src/rm/xml-rpc/RequestXRPC.cc`, unchanged from 5.10 to 7.5.
///
/// # Errors
/// [`OnedError::Refused`] and [`OnedError::Fault`] as oned says; [`OnedError::Unknown`] for a reply that is
/// cut off or garbled; [`OnedError::Reply`] for anything else.
pub fn read(body: &str, limits: Limits) -> Result<Value, OnedError> {
    let values = match Reply::read(body, limits) {
        Ok(Reply::Value(Value::Array(values))) => values,
        Ok(Reply::Value(_)) => return Err(missing("array")),
        Ok(Reply::Fault { code, text }) => return Err(OnedError::Fault { code, text: kept(&text) }),
        Err(error @ (XmlError::Truncated | XmlError::Syntax { .. })) => {
            return Err(OnedError::Unknown(format!("a broken reply: {error}")));
        }
        Err(error) => return Err(OnedError::Reply(error)),
    };
    let mut values = values.into_iter();
    match (values.next(), values.next(), values.next()) {
        (Some(Value::Bool(true)), Some(payload), _) => Ok(payload),
        (Some(Value::Bool(false)), Some(Value::Text(text)), Some(Value::Int(code) | Value::Long(code))) => {
            Err(OnedError::Refused { kind: Refusal::from_code(code), code, text: kept(&text) })
        }
        _ => Err(missing("boolean")),
    }
}

fn missing(what: &str) -> OnedError {
    OnedError::Reply(XmlError::Missing(what.to_owned()))
}

/// oned's texts may quote a driver's output: one line of at most [`LONGEST_TEXT`] characters is kept.
fn kept(text: &str) -> String {
    one_line(&cut_chars(text.trim(), LONGEST_TEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(values: Vec<Value>) -> Result<Value, OnedError> {
        read(&Reply::Value(Value::Array(values)).write(), Limits::HOOK)
    }

    #[test]
    fn the_flag_decides_and_both_integer_types_are_codes() {
        let payload = Value::Text("7.5.80".to_owned());
        assert_eq!(reply(vec![Value::Bool(true), payload.clone(), Value::Int(0)]), Ok(payload));
        for code in [Value::Int(0x2000), Value::Long(0x2000)] {
            let error = reply(vec![Value::Bool(false), Value::Text("no\nleader".to_owned()), code]);
            assert_eq!(
                error,
                Err(OnedError::Refused {
                    kind: Refusal::Internal,
                    code: 0x2000,
                    text: "no leader".to_owned()
                })
            );
        }
    }

    #[test]
    fn a_refusal_and_a_fault_of_any_length_are_short() {
        let long = "é".repeat(60_000);
        let refused = reply(vec![Value::Bool(false), Value::Text(long.clone()), Value::Int(0x800)]);
        let fault = read(&Reply::Fault { code: -1, text: long }.write(), Limits::REPLY);
        for answer in [refused, fault] {
            let Err(OnedError::Refused { text, .. } | OnedError::Fault { text, .. }) = answer else {
                panic!("{answer:?}");
            };
            assert_eq!(text.chars().count(), LONGEST_TEXT);
            assert!(text.ends_with('…'));
        }
    }

    #[test]
    fn a_cut_off_reply_may_have_been_a_yes() {
        let body = Reply::Value(Value::Array(vec![Value::Bool(true), Value::Int(1)])).write();
        for end in 0..body.trim_end().len() {
            let cut = read(&body[..end], Limits::HOOK);
            assert!(matches!(cut, Err(OnedError::Unknown(_))), "{end}: {cut:?}");
        }
    }

    #[test]
    fn other_shapes_are_unreadable_not_good() {
        for values in
            [vec![], vec![Value::Bool(true)], vec![Value::Int(1), Value::Int(1)], vec![Value::Bool(false)]]
        {
            assert!(matches!(reply(values), Err(OnedError::Reply(_))));
        }
    }
}
