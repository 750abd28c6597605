//! Our Redfish driver against a controller that answers whatever a test wants: what is believed, what is sent.

use super::bay::{Bay, in_time, not_sent, off, sent, status, why_unknown};
use super::bmc::{Answer, Bmc, Request, SERIAL, UUID, system, system_with};
use super::certificates;
use onerescue::model::{DeviceName, HostId, PowerState};
use onerescue::world::fence::Fence;
use std::time::Duration;

const SYSTEM: &str = "/redfish/v1/Systems/1";

/// The same whatever it is asked.
type Always = fn() -> Answer;

/// A bay whose controller has a certificate of `ca.pem`, and its driver.
fn bay() -> Bay {
    let bay = Bay::new(SYSTEM, ("uuid", UUID)).trusting("ca.pem");
    certificates::authority(bay.folder(), "ca");
    certificates::signed(bay.folder(), "127.0.0.1");
    bay
}

fn start(bay: &Bay, answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> (Bmc, Fence) {
    let bmc = Bmc::start(bay.folder(), answer);
    let fence = bay.fence(&format!("https://{}", bmc.address));
    (bmc, fence)
}

/// It always says the same about its system, and does what it is told.
fn saying(bay: &Bay, document: String) -> (Bmc, Fence) {
    start(bay, move |request, _| match request.line.split_once(' ').unwrap().0 {
        "GET" => Answer::Json(200, document.clone()),
        _ => Answer::Json(204, String::new()),
    })
}

#[test]
fn rows_02_03_an_order_is_force_off_to_the_place_that_the_system_names() {
    let bay = bay();
    for (power, expected) in [("\"On\"", PowerState::On), ("\"Off\"", PowerState::Off)] {
        let (bmc, fence) = saying(&bay, system(power));
        assert_eq!(fence.plan(&super::lab::host()).unwrap().len(), 1);
        assert_eq!(bmc.lines().len(), 0);
        assert_eq!(status(&fence), expected);
        assert_eq!(off(&fence), Ok(()));
        assert_eq!(bmc.lines(), [format!("GET {SYSTEM}"), format!("GET {SYSTEM}"), "POST /r".to_owned()]);
        assert_eq!(bmc.orders(), 1);
        assert!(bmc.seen().iter().all(|request| request.header("connection") == Some("close")));
    }
}

#[test]
fn row_04_a_conflict_is_information_and_the_status_decides() {
    let bay = bay();
    let (bmc, fence) = start(&bay, |request, before| match (request.line.as_str(), before) {
        ("POST /r", _) => Answer::Json(409, r#"{"error":{"message":"It is off."}}"#.to_owned()),
        (_, 0) => Answer::Json(200, system("\"On\"")),
        _ => Answer::Json(200, system("\"Off\"")),
    });
    assert_eq!(off(&fence), Err("HTTP status 409: It is off.".to_owned()));
    assert_eq!(status(&fence), PowerState::Off);
    assert_eq!(bmc.orders(), 1);
}

#[test]
fn row_05_a_wrong_password_is_tried_once_for_each_question() {
    let bay = bay();
    let (bmc, fence) = start(&bay, |_, _| Answer::Json(401, String::new()));
    assert_eq!(why_unknown(&fence), "HTTP status 401: the user or the password is refused");
    assert!(off(&fence).is_err());
    assert_eq!((bmc.lines().len(), bmc.orders()), (2, 0));
}

#[test]
fn row_63_a_controller_that_wants_a_final_slash_is_asked_there_and_nowhere_else() {
    let bay = bay();
    for code in [301, 302, 307, 308] {
        let (bmc, fence) = start(&bay, move |request, _| {
            let (method, path) = request.line.split_once(' ').unwrap();
            match (method, path.ends_with('/')) {
                (_, false) => Answer::With(code, format!("Location: {path}/\r\n"), String::new()),
                ("GET", true) => Answer::Json(200, system("\"On\"")),
                (_, true) => Answer::Json(204, String::new()),
            }
        });
        assert_eq!(status(&fence), PowerState::On);
        assert_eq!(off(&fence), Ok(()));
        let get = [format!("GET {SYSTEM}"), format!("GET {SYSTEM}/")];
        let post = ["POST /r".to_owned(), "POST /r/".to_owned()];
        assert_eq!(bmc.lines(), [&get[..], &get[..], &post[..]].concat());
        assert!(bmc.seen().iter().all(|request| request.header("odata-version") == Some("4.0")));
    }
    // Another place on the same controller, and a slash without end.
    for place in [format!("{SYSTEM}/2/"), format!("{SYSTEM}//"), "/".to_owned()] {
        let header = format!("Location: {place}\r\n");
        let (bmc, fence) = start(&bay, move |_, _| Answer::With(308, header.clone(), String::new()));
        let why = format!("HTTP status 308: a redirect, which is not followed, to {place}");
        assert_eq!(why_unknown(&fence), why);
        assert_eq!(bmc.lines().len(), 1);
    }
    let (bmc, fence) = start(&bay, |request, _| {
        let path = request.line.split_once(' ').unwrap().1;
        Answer::With(308, format!("Location: {path}/\r\n"), String::new())
    });
    assert!(why_unknown(&fence).contains("not followed"));
    assert_eq!(bmc.lines().len(), 2);
}

#[test]
fn rows_06_07_08_a_controller_that_gives_no_whole_answer_ends_in_time() {
    let bay = bay().ending_after("2s");
    let cases: [(Always, &str); 4] = [
        (|| Answer::Mute, "no answer in time"),
        (|| Answer::Drip, "no answer in time"),
        (|| Answer::Flood, "an answer of more than 1 MiB"),
        (|| Answer::Cut, "the answer broke off: "),
    ];
    for (answer, expected) in cases {
        let (bmc, fence) = start(&bay, move |_, _| answer());
        let why = in_time(Duration::from_secs(4), || why_unknown(&fence));
        assert!(why.starts_with(expected), "{why}");
        assert!(in_time(Duration::from_secs(4), || off(&fence)).unwrap_err().starts_with(expected));
        assert_eq!(bmc.orders(), 0);
    }
    // Deaf in the middle of an order: the whole call has one end.
    let (bmc, fence) = start(&bay, |request, _| match request.line.as_str() {
        "POST /r" => Answer::Mute,
        _ => Answer::Json(200, system("\"On\"")),
    });
    let why = in_time(Duration::from_secs(4), || off(&fence)).unwrap_err();
    assert_eq!((why.as_str(), bmc.orders()), ("no answer in time", 1));
    // Nobody listens, and somebody who accepts never says a word of TLS.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mute = bay.fence(&format!("https://{}", deaf.local_addr().unwrap()));
    assert_eq!(in_time(Duration::from_secs(4), || why_unknown(&mute)), "no answer in time");
    drop(deaf);
    let why = in_time(Duration::from_secs(4), || why_unknown(&mute));
    assert!(why.starts_with("no connection: Connection refused"), "{why}");
}

#[test]
fn row_17_nothing_but_on_and_off_is_an_answer() {
    let bay = bay();
    let words = ["null", "\"off\"", "\"PoweringOff\"", "\"PoweringOn\"", "\"Paused\"", "0", "[\"Off\"]"];
    let mut documents: Vec<_> = words.map(|word| (200, system(word))).into();
    documents.extend([
        (200, system("\"Off\"").replace("\"PowerState\":\"Off\",", "")),
        (200, "<html>login</html>".to_owned()),
        (200, String::new()),
        (200, format!("{{\"UUID\":\"{UUID}\",\"PowerState\":\"Off\",\"Oem\":{}", "[".repeat(50_000))),
        (200, format!("{}{}", system("\"Off\""), system("\"On\""))),
        (201, system("\"Off\"")),
        (404, system("\"Off\"")),
        (503, system("\"Off\"")),
    ]);
    for (code, document) in documents {
        let what = document.clone();
        let (bmc, fence) = start(&bay, move |_, _| Answer::Json(code, document.clone()));
        assert!(matches!(status(&fence), PowerState::Unknown(_)), "{what}");
        assert_eq!(bmc.lines(), [format!("GET {SYSTEM}")]);
    }
}

#[test]
fn row_18_a_redirect_is_not_followed_and_the_password_goes_nowhere_else() {
    let bay = bay();
    let (elsewhere, _) = saying(&bay, system("\"Off\""));
    let address = elsewhere.address;
    for code in [301, 302, 303, 307, 308] {
        let place = format!("Location: https://{address}{SYSTEM}\r\n");
        let (bmc, fence) = start(&bay, move |_, _| Answer::With(code, place.clone(), String::new()));
        let why = format!("HTTP status {code}: a redirect, which is not followed, to {address}{SYSTEM}");
        assert_eq!(why_unknown(&fence), why);
        assert!(not_sent(&fence).contains("a redirect, which is not followed"));
        assert_eq!(bmc.orders(), 0);
        // The order itself.
        let place = format!("Location: https://{address}/r\r\n");
        let (bmc, fence) = start(&bay, move |request, _| match request.line.as_str() {
            "POST /r" => Answer::With(code, place.clone(), String::new()),
            _ => Answer::Json(200, system("\"On\"")),
        });
        assert!(sent(&fence).contains("a redirect, which is not followed"));
        assert_eq!(bmc.orders(), 1);
    }
    let places = [
        format!("https://{address}/r"),
        format!("//{address}/r"),
        format!("/\\\\{address}/r"),
        format!("http://{address}/r"),
        "r".to_owned(),
        String::new(),
    ];
    for place in places {
        let action = format!("\"target\":{}", serde_json::json!(place));
        let (bmc, fence) = saying(&bay, system_with("\"On\"", &action));
        // The place stands in the reason, so it may be an address here.
        let why = not_sent(&fence);
        assert!(why.ends_with("is not a place on the controller"), "{place}: {why}");
        assert_eq!(bmc.lines().len(), 1, "{place}");
    }
    assert_eq!(elsewhere.lines(), [""; 0]);
}

#[test]
fn row_19_another_machine_is_neither_off_nor_sent_anything() {
    let bay = bay().with("uuid", "4c4c4544-0037-4210-8054-000000000000");
    let (bmc, fence) = saying(&bay, system("\"Off\""));
    let expected =
        format!("{SYSTEM} is another machine: its UUID is {UUID}, not 4c4c4544-0037-4210-8054-000000000000");
    assert_eq!(why_unknown(&fence), expected);
    assert_eq!(not_sent(&fence), expected);
    assert_eq!(bmc.orders(), 0);
    // The right UUID, and the serial number of another one.
    let bay = bay.with("uuid", &UUID.to_uppercase()).with("serial", SERIAL);
    assert_eq!(status(&saying(&bay, system("\"Off\"")).1), PowerState::Off);
    let bay = bay.with("serial", "CZ7654321");
    let (bmc, fence) = saying(&bay, system("\"Off\""));
    assert!(why_unknown(&fence).contains("its SerialNumber is CZ1234567, not CZ7654321"));
    assert!(not_sent(&fence).contains("CZ7654321"));
    assert_eq!(bmc.orders(), 0);
}

#[test]
fn row_19_a_uuid_with_turned_bytes_counts_where_that_one_was_recognised() {
    let bay = bay();
    let turned = "44454c4c-3700-1042-8054-b7c04f383432";
    let (bmc, mut fence) = saying(&bay, system("\"On\"").replace(UUID, turned));
    let device = DeviceName("bmc".to_owned());
    let look = |fence: &Fence| fence.look(&super::lab::host(), super::lab::DOCUMENT, &device, None);
    for recognised in [None, Some(UUID), Some("44454c4c-3700-1042-8054-000000000000")] {
        let uuids = recognised.map(|uuid| (device.clone(), uuid.to_owned()));
        fence.recognise(HostId(0), uuids.as_slice());
        assert!(
            why_unknown(&fence)
                .starts_with(&format!("its UUID is {turned}, that of the settings with turned bytes"))
        );
        assert!(not_sent(&fence).contains(turned));
        assert_eq!(look(&fence), (PowerState::On, Some(turned.to_owned())));
    }
    // Of another host.
    fence.recognise(HostId(1), &[(device.clone(), turned.to_owned())]);
    why_unknown(&fence);
    assert_eq!(bmc.orders(), 0);
    fence.recognise(HostId(0), &[(device.clone(), turned.to_owned())]);
    assert_eq!(status(&fence), PowerState::On);
    assert_eq!(off(&fence), Ok(()));
    assert_eq!(bmc.orders(), 1);
    // Nor does it make another machine the one that is meant.
    let (bmc, mut fence) =
        saying(&bay, system("\"On\"").replace(UUID, "44454c4c-3700-1042-8054-b7c04f383433"));
    fence.recognise(HostId(0), &[(device.clone(), "44454c4c-3700-1042-8054-b7c04f383433".to_owned())]);
    assert!(not_sent(&fence).contains("is another machine"));
    assert_eq!((look(&fence).1, bmc.orders()), (None, 0));
}

#[test]
fn an_order_that_the_controller_does_not_offer_is_not_sent() {
    let bay = bay();
    let (bmc, fence) = saying(
        &bay,
        system_with(
            "\"On\"",
            r#""target":"/r","ResetType@Redfish.AllowableValues":["On","GracefulShutdown"]"#,
        ),
    );
    let expected = "the controller does not offer ForceOff, only On, GracefulShutdown";
    assert_eq!(not_sent(&fence), expected);
    assert_eq!(bmc.orders(), 0);

    let with_info = system_with("\"On\"", r#""target":"/r","@Redfish.ActionInfo":"/info""#);
    for (info, orders) in [
        (r#"{"Parameters":[{"Name":"ResetType","AllowableValues":["GracefulShutdown"]}]}"#, 0),
        (r#"{"Parameters":[{"Name":"ResetType","AllowableValues":["ForceOff"]}]}"#, 1),
        ("nothing that can be read", 1),
    ] {
        let system = with_info.clone();
        let (bmc, fence) = start(&bay, move |request, _| match request.line.as_str() {
            "GET /info" => Answer::Json(200, info.to_owned()),
            "POST /r" => Answer::Json(204, String::new()),
            _ => Answer::Json(200, system.clone()),
        });
        assert_eq!(off(&fence).is_ok(), orders == 1, "{info}");
        assert_eq!(bmc.orders(), orders, "{info}");
    }
}

#[test]
fn a_controller_that_wants_the_tag_of_the_state_gets_it_once() {
    let bay = bay();
    for (code, header) in [(412, "ETag: \"17\"\r\n"), (428, "ETag: \"17\"\r\n"), (428, "")] {
        let (bmc, fence) =
            start(&bay, move |request, _| match (request.line.as_str(), request.header("if-match")) {
                ("POST /r", Some("\"17\"")) => Answer::Json(204, String::new()),
                ("POST /r", _) => Answer::Json(code, String::new()),
                _ => Answer::With(200, header.to_owned(), system("\"On\"")),
            });
        assert_eq!(off(&fence).is_ok(), !header.is_empty(), "{code} {header}");
        assert_eq!(bmc.orders(), if header.is_empty() { 1 } else { 2 });
    }
    let (bmc, fence) = start(&bay, |request, _| match request.line.as_str() {
        "POST /r" => Answer::Json(412, String::new()),
        _ => Answer::With(200, "ETag: W/\"1\"\r\n".to_owned(), system("\"On\"")),
    });
    assert_eq!(sent(&fence), "HTTP status 412");
    assert_eq!(bmc.orders(), 2);
}
