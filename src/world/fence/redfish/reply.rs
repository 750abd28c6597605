//! One answer of a controller: bounded, and whether it is a refusal.

use super::answer::complaint;
use crate::wire::xml::shorten;
use reqwest::Url;
use reqwest::blocking::Response;
use reqwest::header::{ETAG, HeaderName, HeaderValue, LOCATION};
use std::io::Read as _;

/// A system has some ten thousand bytes.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// The key to a session.
pub(super) const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// The reason of everything that took too long.
pub(super) const LATE: &str = "no answer in time";

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) location: Option<String>,
    pub(super) token: Option<HeaderValue>,
}

impl Reply {
    /// Read it to its end, or to the longest that is believed.
    ///
    /// # Errors
    /// Why it has no end.
    pub(super) fn read(response: Response) -> Result<Self, String> {
        let header = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (etag, location) = (header(ETAG), header(LOCATION));
        let token = response.headers().get(TOKEN).cloned();
        let status = response.status().as_u16();
        let mut body = Vec::new();
        response.take(LONGEST_ANSWER + 1).read_to_end(&mut body).map_err(|error| {
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<reqwest::Error>());
            if cause.is_some_and(reqwest::Error::is_timeout) {
                LATE.to_owned()
            } else {
                format!("the answer broke off: {}", root(&error))
            }
        })?;
        if body.len() as u64 > LONGEST_ANSWER {
            return Err("an answer of more than 1 MiB".to_owned());
        }
        Ok(Self { status, body, etag, location, token })
    }

    /// Where it redirects to, if that is the same place with a final slash.
    pub(super) fn with_slash(&self, asked: &Url) -> Option<Url> {
        let place = asked.join(self.location.as_deref().filter(|_| is_redirect(self.status))?).ok()?;
        let mut slashed = asked.clone();
        slashed.set_path(&format!("{}/", asked.path()));
        (place == slashed && !asked.path().ends_with('/')).then_some(place)
    }

    /// The reply, if the controller did what it was told.
    pub(super) fn accepted(self) -> Result<Self, String> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.refusal()) }
    }

    /// `HTTP status 400: The action is not supported`
    pub(super) fn refusal(&self) -> String {
        let status = self.status;
        match (status, complaint(&self.body)) {
            (300..=399, _) => match &self.location {
                Some(place) => {
                    format!("HTTP status {status}: a redirect, which is not followed, to {}", shown(place))
                }
                None => format!("HTTP status {status}: a redirect, which is not followed"),
            },
            (401 | 403, None) => format!("HTTP status {status}: the user or the password is refused"),
            (_, Some(text)) => format!("HTTP status {status}: {text}"),
            (_, None) => format!("HTTP status {status}"),
        }
    }
}

/// Host, port and path of a place: everything else may be a secret.
fn shown(place: &str) -> String {
    let Ok(url) = Url::parse(place) else {
        return shorten(place.split(['?', '#']).next().unwrap_or_default());
    };
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    shorten(&format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path()))
}

/// Those that name another place for the same thing.
fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 307 | 308)
}

/// The innermost cause: `Connection refused (os error 111)`.
pub(in crate::world) fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
