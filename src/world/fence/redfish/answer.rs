//! What a controller's documents say. Pure.
//!
//! A document that could be read in two ways says nothing: only the words `On` and `Off`, once, in a document
//! with the machine's identity, are an answer.

use crate::config::redfish::Identity;
use crate::model::PowerState;
use crate::model::identity::{own_serial, own_uuid, turned};
use serde::Deserialize;
use serde_json::Value;

/// A `ComputerSystem`, as far as it matters here. A key that stands there twice is an error.
#[derive(Debug, Deserialize)]
pub(super) struct System {
    #[serde(rename = "UUID")]
    uuid: Option<Value>,
    #[serde(rename = "SerialNumber")]
    serial: Option<Value>,
    #[serde(rename = "PowerState")]
    power: Option<Value>,
    #[serde(rename = "Actions")]
    actions: Option<Value>,
    #[serde(rename = "@odata.etag")]
    etag: Option<Value>,
}

/// Where and how a system takes orders.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reset<'a> {
    /// Where an order goes.
    pub(super) target: &'a str,
    /// The orders that there are, if they stand here.
    pub(super) values: Option<Vec<String>>,
    /// Where they stand otherwise.
    pub(super) info: Option<&'a str>,
}

impl System {
    /// Read an answer.
    ///
    /// # Errors
    /// Why it is not a document.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let refuse = |why: serde_json::Error| format!("the answer is not a document in JSON: {why}");
        // What is nested too deep is refused here, also in parts that are not looked at.
        let document: Value = serde_json::from_slice(body).map_err(refuse)?;
        // A list would be read as the values without their names.
        if !document.is_object() {
            return Err("the answer is not a document in JSON".to_owned());
        }
        serde_json::from_slice(body).map_err(refuse)
    }

    /// Whether this is the machine that is meant. If it shows the UUID that is expected with turned bytes, that is the answer.
    ///
    /// # Errors
    /// Which one it is, as the second half of a sentence.
    pub(super) fn identify(&self, expected: &Identity) -> Result<Option<String>, String> {
        let told = |value: &Option<Value>, key: &str| match value {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            _ => Err(format!("does not say which machine it is: it has no {key}")),
        };
        let mut shows_turned = None;
        if let Some(expected) = &expected.uuid {
            let uuid = told(&self.uuid, "UUID")?;
            if !uuid.eq_ignore_ascii_case(expected) {
                let plain = uuid.to_ascii_lowercase();
                shows_turned = Some(plain).filter(|uuid| turned(uuid).as_ref() == Some(expected));
                if shows_turned.is_none() {
                    return Err(format!("is another machine: its UUID is {uuid}, not {expected}"));
                }
            }
        }
        if let Some(expected) = &expected.serial {
            let serial = told(&self.serial, "SerialNumber")?;
            if serial != *expected {
                return Err(format!("is another machine: its SerialNumber is {serial}, not {expected}"));
            }
        }
        Ok(shows_turned)
    }

    /// The UUID and the serial number that it shows, as far as they tell a machine from others.
    pub(super) fn shows(&self) -> (Option<String>, Option<String>) {
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        (
            text(&self.uuid).and_then(|text| own_uuid(&text)),
            text(&self.serial).and_then(|text| own_serial(&text)),
        )
    }

    /// `PowerState`. `PoweringOff` still has power, `Paused` too.
    pub(super) fn power(&self) -> PowerState {
        match &self.power {
            Some(Value::String(word)) if word == "Off" => PowerState::Off,
            Some(Value::String(word)) if word == "On" => PowerState::On,
            // As it is, so that a secret in it is found and masked.
            Some(Value::String(word)) => PowerState::Unknown(format!("its PowerState is {word}")),
            Some(_) => PowerState::Unknown("its PowerState is not a word".to_owned()),
            None => PowerState::Unknown("it does not say its PowerState".to_owned()),
        }
    }

    /// The tag of the state that this is.
    pub(super) fn etag(&self) -> Option<String> {
        self.etag.as_ref()?.as_str().map(str::to_owned)
    }

    /// Where and how it takes orders about its power.
    ///
    /// # Errors
    /// That it does not say where.
    pub(super) fn reset(&self) -> Result<Reset<'_>, String> {
        let reset = self.actions.as_ref().and_then(|actions| actions.get("#ComputerSystem.Reset"));
        let text = |key: &str| reset?.get(key)?.as_str();
        Ok(Reset {
            target: text("target").ok_or("the system does not say where an order goes")?,
            values: reset.and_then(|reset| words(reset.get("ResetType@Redfish.AllowableValues"))),
            info: text("@Redfish.ActionInfo"),
        })
    }
}

/// The orders that an `ActionInfo` lists.
pub(super) fn values_in(body: &[u8]) -> Option<Vec<String>> {
    let info: Value = serde_json::from_slice(body).ok()?;
    let parameters = info.get("Parameters")?.as_array()?;
    let reset = parameters.iter().find(|one| one.get("Name").and_then(Value::as_str) == Some("ResetType"))?;
    words(reset.get("AllowableValues"))
}

/// A list that has words; an empty one says nothing.
fn words(list: Option<&Value>) -> Option<Vec<String>> {
    let words = list?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
    Some(words.collect::<Vec<_>>()).filter(|words| !words.is_empty())
}

/// What a controller says about a request that it did not carry out. Source: DSP0266, "Error responses".
pub(super) fn complaint(body: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let error = document.get("error")?;
    let details = error.get("@Message.ExtendedInfo").and_then(|info| info.get(0));
    let text = details.and_then(|info| info.get("Message")).or_else(|| error.get("message"))?.as_str()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
