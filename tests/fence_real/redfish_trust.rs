//! Our Redfish driver: whose certificate is believed, who logs in how, and who hears of a secret.

use super::bay::{Bay, PASSWORD, in_time, off, status, why_unknown};
use super::bmc::{Answer, Bmc, Request, UUID, system};
use super::certificates::{self, fingerprint};
use onerescue::model::PowerState;
use onerescue::world::fence::Fence;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const SYSTEM: &str = "/redfish/v1/Systems/1";
const SESSIONS: &str = "/redfish/v1/SessionService/Sessions";

fn bay() -> Bay {
    Bay::new(SYSTEM, ("uuid", UUID))
}

fn off_machine(bay: &Bay) -> (Bmc, Fence) {
    let bmc = Bmc::start(bay.folder(), |_, _| Answer::Json(200, system("\"Off\"")));
    let fence = bay.fence(&format!("https://{}", bmc.address));
    (bmc, fence)
}

/// Not believed, and told nothing: no request, so no password.
fn refused(bay: &Bay, expected: &str) {
    let (bmc, fence) = off_machine(bay);
    for why in [why_unknown(&fence), off(&fence).unwrap_err()] {
        assert!(why.starts_with("no connection: ") && why.contains(expected), "{expected}: {why}");
    }
    assert_eq!(bmc.lines(), [""; 0]);
}

#[test]
fn row_50_a_certificate_counts_only_from_the_right_authority_for_the_address_and_in_its_time() {
    let bay = bay().trusting("ca.pem");
    let folder = bay.folder().to_owned();
    certificates::authority(&folder, "ca");
    certificates::authority(&folder, "another");
    certificates::signed(&folder, "127.0.0.1");
    assert_eq!(status(&off_machine(&bay).1), PowerState::Off);
    let bay = bay.trusting("another.pem");
    refused(&bay, "UnknownIssuer");
    // The system's authorities do not know ours.
    let bay = bay.without("ca_file");
    refused(&bay, "UnknownIssuer");
    let bay = bay.trusting("ca.pem");
    certificates::signed(&folder, "127.0.0.2");
    refused(&bay, "not valid for name");
    certificates::signed_and_over(&folder, "127.0.0.1");
    refused(&bay, "certificate expired");
    certificates::from_the_factory(&folder);
    refused(&bay, "set `ca_file`, or `fingerprint` if it is self-signed");
    // As openssl makes one: an authority that has signed itself, whether it is believed or not.
    certificates::authority(&folder, "bmc");
    let self_signed =
        "its certificate is self-signed: set `fingerprint`, which `openssl s_client -connect HOST:443";
    refused(&bay, self_signed);
    let bay = bay.trusting("bmc.pem");
    refused(&bay, self_signed);
    let bay = bay.without("ca_file");
    refused(&bay, self_signed);
    let bay = bay.with("fingerprint", &fingerprint(&folder));
    assert_eq!(status(&off_machine(&bay).1), PowerState::Off);
}

#[test]
fn row_50_a_fingerprint_believes_one_certificate_whatever_is_in_it() {
    let bay = bay();
    let folder = bay.folder().to_owned();
    certificates::from_the_factory(&folder);
    let pin = fingerprint(&folder);
    let bay = bay.with("fingerprint", &pin);
    assert_eq!(status(&off_machine(&bay).1), PowerState::Off);
    let bay = bay.with("fingerprint", &pin.replace(':', "").to_lowercase());
    assert_eq!(status(&off_machine(&bay).1), PowerState::Off);
    // The same name, another key: the controller was replaced, or somebody stands in between.
    certificates::from_the_factory(&folder);
    refused(&bay, "the certificate is another one: its fingerprint is ");
    // An authority does not help.
    certificates::authority(&folder, "ca");
    certificates::signed(&folder, "127.0.0.1");
    let bay = bay.trusting("ca.pem");
    refused(&bay, "the certificate is another one: its fingerprint is ");
    // One whose time is over is still this one.
    certificates::signed_and_over(&folder, "127.0.0.9");
    let bay = bay.with("fingerprint", &fingerprint(&folder));
    assert_eq!(status(&off_machine(&bay).1), PowerState::Off);
}

#[test]
fn files_that_cannot_be_believed_are_named_before_anything_is_sent() {
    let bay = bay().trusting("ca.pem");
    let folder = bay.folder().to_owned();
    certificates::authority(&folder, "ca");
    certificates::signed(&folder, "127.0.0.1");
    let (bmc, fence) = off_machine(&bay);
    let refused = |expected: &str| {
        let error = fence.plan(&super::lab::host()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(why_unknown(&fence).contains(expected) && off(&fence).unwrap_err().contains(expected));
    };
    let mode = |file: &str, mode| {
        fs::set_permissions(folder.join(file), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode("ca.pem", 0o666);
    refused("ca.pem cannot be used: group or others may write it");
    mode("ca.pem", 0o644);
    mode("secret", 0o644);
    refused("secret cannot be used: group or others may use it");
    mode("secret", 0o600);
    fs::write(folder.join("ca.pem"), "nothing\n").unwrap();
    refused("it has no certificate");
    fs::remove_file(folder.join("ca.pem")).unwrap();
    refused("ca.pem cannot be used: No such file");
    assert_eq!(bmc.lines(), [""; 0]);
}

#[test]
fn row_48_a_controller_that_repeats_a_secret_does_not_spread_it() {
    let bay = bay().trusting("ca.pem");
    certificates::authority(bay.folder(), "ca");
    certificates::signed(bay.folder(), "127.0.0.1");
    let bmc = Bmc::start(bay.folder(), |request, _| {
        let told = request.header("authorization").unwrap_or_default().to_owned();
        let basic = told.trim_start_matches("Basic ");
        Answer::Json(400, format!(r#"{{"error":{{"message":"{basic} is fence:{PASSWORD}"}}}}"#))
    });
    let fence = bay.fence(&format!("https://{}", bmc.address));
    let expected = "HTTP status 400: (redacted) is fence:(redacted)";
    assert_eq!(why_unknown(&fence), expected);
    assert_eq!(off(&fence), Err(expected.to_owned()));
    assert!(!format!("{fence:?}").contains(PASSWORD));
}

/// Sessions, as DSP0266 has them; nothing else takes a password.
fn with_sessions(request: &Request, power: &str) -> Answer {
    let method = request.line.split(' ').next().unwrap();
    let login = format!(r#"{{"Password":"{PASSWORD}","UserName":"fence"}}"#);
    if request.line == format!("POST {SESSIONS}") && request.body == login {
        let headers = format!("X-Auth-Token: t0ken\r\nLocation: {SESSIONS}/7\r\n");
        return Answer::With(201, headers, "{}".to_owned());
    }
    match (method, request.header("x-auth-token"), request.header("authorization")) {
        ("GET", Some("t0ken"), None) => Answer::Json(200, system(power)),
        (_, Some("t0ken"), None) => Answer::Json(204, String::new()),
        _ => Answer::Json(401, String::new()),
    }
}

#[test]
fn a_session_is_deleted_whatever_came_of_it() {
    let bay = bay().trusting("ca.pem").with("session", "1");
    certificates::authority(bay.folder(), "ca");
    certificates::signed(bay.folder(), "127.0.0.1");
    let run = |answer: fn(&Request, usize) -> Answer| {
        let bmc = Bmc::start(bay.folder(), answer);
        let fence = bay.fence(&format!("https://{}", bmc.address));
        (bmc, fence)
    };
    let (login, logout) = (format!("POST {SESSIONS}"), format!("DELETE {SESSIONS}/7"));
    let (bmc, fence) = run(|request, _| with_sessions(request, "\"Off\""));
    assert_eq!(status(&fence), PowerState::Off);
    assert_eq!(bmc.lines(), [login.clone(), format!("GET {SYSTEM}"), logout.clone()]);
    assert_eq!(off(&fence), Ok(()));
    assert_eq!(bmc.lines()[3..], [login.clone(), format!("GET {SYSTEM}"), "POST /r".into(), logout.clone()]);

    let (bmc, fence) = run(|request, _| with_sessions(request, "null"));
    why_unknown(&fence);
    assert_eq!(bmc.lines().last(), Some(&logout));

    let bay = bay.ending_after("2s");
    let bmc = Bmc::start(bay.folder(), |request, _| match request.line.split(' ').next().unwrap() {
        "GET" => Answer::Mute,
        _ => with_sessions(request, "null"),
    });
    let fence = bay.fence(&format!("https://{}", bmc.address));
    assert_eq!(in_time(Duration::from_secs(4), || why_unknown(&fence)), "no answer in time");
    assert_eq!(bmc.lines(), [login.clone(), format!("GET {SYSTEM}"), logout]);

    // Without a session nothing else is asked, and a place elsewhere is not told the token.
    let (bmc, fence) = start_without_place(&bay);
    assert_eq!(status(&fence), PowerState::Off);
    assert_eq!(bmc.lines(), [login.clone(), format!("GET {SYSTEM}")]);
    let bmc = Bmc::start(bay.folder(), |_, _| Answer::Json(404, String::new()));
    let fence = bay.fence(&format!("https://{}", bmc.address));
    assert_eq!(why_unknown(&fence), "no session: HTTP status 404");
    assert_eq!(bmc.lines(), [login]);
}

fn start_without_place(bay: &Bay) -> (Bmc, Fence) {
    let bmc = Bmc::start(bay.folder(), |request, before| match before {
        0 => {
            let headers = "X-Auth-Token: t0ken\r\nLocation: https://127.0.0.1:1/steal\r\n";
            Answer::With(201, headers.to_owned(), String::new())
        }
        _ => with_sessions(request, "\"Off\""),
    });
    let fence = bay.fence(&format!("https://{}", bmc.address));
    (bmc, fence)
}
