//! A real Chromium without a window, driven as a person drives it, over `ChromeDriver`.

use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const CHROMIUM: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";

/// The keys of the protocol.
pub(super) const TAB: &str = "\u{e004}";
pub(super) const ESCAPE: &str = "\u{e00c}";
pub(super) const DOWN: &str = "\u{e015}";

pub(super) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

impl Browser {
    /// None where there is no Chromium, which is said.
    pub(super) fn start() -> Option<Browser> {
        for program in [CHROMIUM, DRIVER] {
            if !Path::new(program).exists() {
                let why = format!(
                    "NOT CHECKED: {program} is missing (tests/run installs it): pages in a browser\n"
                );
                std::io::stderr().write_all(why.as_bytes()).unwrap();
                return None;
            }
        }
        let mut driver = Command::new(DRIVER)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let told =
            lines.map(Result::unwrap).find(|line| line.contains("started successfully on port")).unwrap();
        let port = told.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
        let profile = TempDir::new().unwrap();
        let mut browser = Browser { driver, port, session: String::new(), profile };
        let folder = browser.profile.path().display().to_string();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--user-data-dir={folder}"),
        ];
        let chrome = json!({ "binary": CHROMIUM, "args": arguments });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": chrome, "goog:loggingPrefs": { "browser": "ALL" } });
        let begun = browser.call("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        begun["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        Some(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Json) -> Json {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while answer.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).unwrap();
        let mut json: Json = serde_json::from_slice(&text).unwrap();
        assert!(json["value"]["error"].is_null(), "{path}: {json}");
        json["value"].take()
    }

    fn post(&self, path: &str, body: &Json) -> Json {
        self.call("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// A screen this wide, with these colours.
    pub(super) fn screen(&self, width: u32, colours: &str) {
        let device =
            |cmd: &str, params: Json| self.post("goog/cdp/execute", &json!({ "cmd": cmd, "params": params }));
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500 });
        device("Emulation.setDeviceMetricsOverride", size);
        let feature = json!({ "name": "prefers-color-scheme", "value": colours });
        device("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
    }

    /// Nothing in the page runs, as if its reader had forbidden that.
    pub(super) fn without_scripts(&self, off: bool) {
        let params = json!({ "value": off });
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": "Emulation.setScriptExecutionDisabled", "params": params }),
        );
    }

    pub(super) fn open(&self, file: &Path) {
        self.post("url", &json!({ "url": format!("file://{}", file.display()) }));
    }

    /// What this expression is in the page.
    pub(super) fn read(&self, expression: &str) -> Json {
        self.post("execute/sync", &json!({ "script": format!("return {expression}"), "args": [] }))
    }

    /// Press these keys one after the other.
    pub(super) fn press(&self, keys: &str) {
        let key = |key: char| {
            let key = key.to_string();
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let presses: Vec<_> = keys.chars().flat_map(key).collect();
        self.post(
            "actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": presses }] }),
        );
    }

    /// What the console has said since the last time: violations of the policy are there too.
    pub(super) fn console(&self) -> Vec<String> {
        let said = self.post("se/log", &json!({ "type": "browser" }));
        said.as_array().unwrap().iter().map(|line| line["message"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &format!("/session/{}", self.session), &Json::Null);
        }
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }
}
