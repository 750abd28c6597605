//! `onerescue setup hosts --scan` and Redfish: a real `sushy-emulator`, and controllers that answer what a test wants.

use super::setup_scan::{A, B, Hall, SECRET, entry};
use crate::fence_real::bmc::{Answer, Bmc, Request};
use crate::fence_real::certificates;
use crate::fence_real::lab::Lab;
use crate::fence_real::sushy_lab::{HOST1, HOST2, Sushy};
use std::fs;
use std::path::Path;

/// A device that believes this folder's authority.
fn device(hall: &Hall, folder: &Path) -> String {
    format!(
        "[device.rf]\ndriver = \"redfish\"\nparams = {{ username = \"fence\", ca_file = \"{}/ca.pem\" }}\n\
         secrets = {{ password = \"{}\" }}\n",
        folder.display(),
        hall.secret()
    )
}

/// Two hosts, and a folder with certificates that the settings believe.
fn hall() -> Hall {
    let hall = Hall::new([(A, "CZ1001"), (B, "CZ1002")]);
    let folder = hall.bench.folder.path().to_owned();
    certificates::authority(&folder, "ca");
    certificates::signed(&folder, "127.0.0.1");
    hall.settings(&device(&hall, &folder));
    hall
}

/// A controller with one system.
fn controller(folder: &Path, uuid: &str, serial: &str, power: &str) -> Bmc {
    let system = format!("{{\"UUID\":\"{uuid}\",\"SerialNumber\":\"{serial}\",\"PowerState\":\"{power}\"}}");
    Bmc::start(folder, move |request, _| Answer::Json(200, answer(request, &system)))
}

fn answer(request: &Request, system: &str) -> String {
    match request.line.as_str() {
        "GET /redfish/v1/" => r#"{"Systems":{"@odata.id":"/redfish/v1/Systems"}}"#.to_owned(),
        "GET /redfish/v1/Systems" => r#"{"Members":[{"@odata.id":"/redfish/v1/Systems/1"}]}"#.to_owned(),
        _ => system.to_owned(),
    }
}

fn place(bmc: &Bmc) -> String {
    bmc.address.to_string()
}

/// Requests that show who sends them.
fn logins(bmc: &Bmc) -> usize {
    bmc.seen().iter().filter(|request| request.header("authorization").is_some()).count()
}

#[test]
fn each_system_of_an_emulator_is_the_host_s_that_says_its_uuid() {
    let Some(sushy) = Sushy::start("") else { return };
    let hall = Hall::new([(HOST2, ""), (HOST1, "")]);
    hall.settings(&device(&hall, sushy.bay.folder()));
    let at = sushy.url().trim_start_matches("https://").to_owned();
    let told = hall.scan(std::slice::from_ref(&at));
    assert!(told.starts_with("proven: 2\n"), "{told}");
    for (name, uuid) in [("peer1", HOST2), ("peer2", HOST1)] {
        let expected = format!(
            "devices = [\"rf\"]\n\n[host.params.rf]\nsystem = \"/redfish/v1/Systems/{uuid}\"\nurl = \"https://{at}\"\nuuid = \"{uuid}\"\n"
        );
        assert!(entry(&hall.text(), name).contains(&expected), "{}", hall.text());
        let line = format!(
            ": redfish at {at}, /redfish/v1/Systems/{uuid} shows the UUID {uuid}, which the host says of itself, and is on"
        );
        assert!(told.contains(&line), "{line}: {told}");
    }
    let log = fs::read_to_string(sushy.bay.folder().join("log")).unwrap();
    assert!(log.contains("GET /redfish/v1/Systems") && !log.contains("POST"), "{log}");
}

#[test]
fn what_does_not_fit_makes_no_entry_and_nothing_is_switched() {
    let hall = hall();
    let folder = hall.bench.folder.path();
    let turned = "44454c4c-3700-1042-8054-b7c04f383431";
    let refused = |bmcs: &[&Bmc], why: &[&str]| {
        hall.nothing(&bmcs.iter().map(|bmc| place(bmc)).collect::<Vec<_>>(), why);
        for bmc in bmcs {
            assert!(bmc.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", bmc.lines());
        }
    };
    let (one, other) = (controller(folder, A, "CZ1001", "On"), controller(folder, turned, "", "On"));
    refused(&[&one, &other], &["peer1 (host 0) is shown more than once: redfish at 127.0.0.1:"]);
    let of_two = controller(folder, A, "CZ1002", "On");
    refused(&[&of_two], &["its UUID or its serial number is that of peer1 (host 0) and peer2 (host 1)\n"]);
    let off = controller(folder, A, "CZ1001", "Off");
    refused(&[&off], &["shows its identity, but it says OFF while oned hears the host"]);
    let between = controller(folder, A, "CZ1001", "PoweringOn");
    refused(&[&between], &["shows its identity, but its power is not known: its PowerState is PoweringOn"]);
    let nobodys = controller(folder, "03000200-0400-0500-0006-000700080009", "Default string", "On");
    refused(&[&nobodys], &[": it does not say which machine it is\n"]);
}

/// Its Redfish is over TCP and its IPMI over UDP, at one address and port.
#[test]
fn a_controller_that_is_two_machines_by_redfish_and_by_ipmi_is_named() {
    let scanned = |number: u8, by_ipmi: &str| {
        let hall = hall();
        let folder = hall.bench.folder.path();
        let lab = Lab::showing(number, by_ipmi, None, SECRET);
        let at = lab.place();
        certificates::signed(folder, at.split(':').next().unwrap());
        let system = format!("{{\"UUID\":\"{A}\",\"SerialNumber\":\"CZ1001\",\"PowerState\":\"On\"}}");
        let _bmc = Bmc::start_at(&at, folder, move |request, _| Answer::Json(200, answer(request, &system)));
        let told = hall.scan(std::slice::from_ref(&at));
        assert!(told.starts_with("proven: 1\n  peer1 (host 0): redfish at "), "{told}");
        assert_eq!(lab.orders(), 0);
        (told, at)
    };
    let (told, at) = scanned(224, B);
    let why =
        format!("\n  {at}: Redfish shows the UUID {A} there, and IPMI {B}: look which of them is wrong\n");
    assert!(told.contains(&why), "{told}");
    assert!(!scanned(225, A).0.contains("of two machines"));
}

#[test]
fn turned_bytes_are_written_as_the_host_says_them() {
    let hall = hall();
    let turned = "44454c4c-3700-1042-8054-b7c04f383431";
    let bmc = controller(hall.bench.folder.path(), turned, "", "On");
    let told = hall.scan(&[place(&bmc)]);
    assert!(told.contains("It counts once `onerescue check` has seen it ON so\n"), "{told}");
    assert!(entry(&hall.text(), "peer1").contains(&format!("uuid = \"{A}\"\n")), "{}", hall.text());
}

#[test]
fn a_password_goes_to_redfish_services_only_and_once_where_it_is_refused() {
    let hall = hall();
    let folder = hall.bench.folder.path();
    let refusing = Bmc::start(folder, |request, _| match request.header("authorization") {
        None => Answer::Json(200, answer(request, "{}")),
        Some(_) => Answer::Json(401, String::new()),
    });
    let shop = Bmc::start(folder, |_, _| Answer::Json(404, "<html>".to_owned()));
    let moved = Bmc::start(folder, |_, _| {
        Answer::With(302, "Location: https://127.0.0.1:9/redfish/v1/x\r\n".to_owned(), String::new())
    });
    hall.nothing(
        &[place(&refusing), place(&shop), place(&moved)],
        &[
            &format!("{}: Redfish: HTTP status 401: the user or the password is refused\n", place(&refusing)),
            &format!(
                "{}: it is no Redfish service, HTTP status 404 for /redfish/v1/; and no IPMI",
                place(&shop)
            ),
            &format!(
                "{}: it is no Redfish service, HTTP status 302 for /redfish/v1/; and no IPMI",
                place(&moved)
            ),
        ],
    );
    assert_eq!((logins(&refusing), logins(&shop), logins(&moved)), (1, 0, 0));
}

#[test]
fn a_certificate_that_nobody_knows_is_told_and_believed_when_a_file_says_it() {
    let hall = hall();
    let folder = hall.bench.folder.path();
    certificates::from_the_factory(folder);
    let (bmc, shop) = (
        controller(folder, A, "CZ1001", "On"),
        Bmc::start(folder, |_, _| Answer::Json(200, "{}".to_owned())),
    );
    let plain = certificates::fingerprint(folder).replace(':', "").to_lowercase();
    let line = format!("{} {plain}\n", place(&bmc));
    hall.nothing(
        &[place(&bmc), place(&shop)],
        &[
            &format!("{}: a Redfish service, to which no password was sent: no connection: ", place(&bmc)),
            &format!("compare them with the controllers', and scan a file with these lines:\n{line}"),
            &format!("{}: it is no Redfish service, HTTP status 200 for /redfish/v1/", place(&shop)),
        ],
    );
    assert_eq!((logins(&bmc), logins(&shop)), (0, 0));
    let file = folder.join("bmcs");
    fs::write(&file, &line).unwrap();
    hall.scan(&[file.display().to_string()]);
    let expected = format!("fingerprint = \"{plain}\"\nsystem = \"/redfish/v1/Systems/1\"\n");
    assert!(entry(&hall.text(), "peer1").contains(&expected), "{}", hall.text());
    // Another certificate than the one of the file.
    fs::write(&file, line.replace(&plain, &"0".repeat(64))).unwrap();
    let before = logins(&bmc);
    let told = hall.scan(&[file.display().to_string()]);
    assert!(told.contains(&format!("the certificate is another one: its fingerprint is {plain}")), "{told}");
    assert_eq!(logins(&bmc), before);
}

#[test]
fn devices_are_declared_where_none_has_the_secret() {
    let hall = hall();
    let folder = hall.bench.folder.path();
    certificates::from_the_factory(folder);
    let bmc = controller(folder, B, "", "On");
    let (file, secret) = (folder.join("bmcs"), folder.join("other"));
    fs::write(&file, format!("{},{}\n", place(&bmc), certificates::fingerprint(folder))).unwrap();
    super::bench::write(&secret, &format!("{SECRET}\n"), 0o600);
    let words = [
        "setup",
        "hosts",
        "--yes",
        "--user",
        "root",
        "--secret-file",
        secret.to_str().unwrap(),
        "--scan",
        file.to_str().unwrap(),
    ];
    let output = hall.bench.run(&words);
    assert!(output.status.success(), "{}", super::bench::err(&output));
    let declared = format!(
        "[device.redfish]\ndriver = \"redfish\"\nparams = {{ username = \"root\" }}\nsecrets = {{ password = \"{}\" }}\n",
        secret.display()
    );
    assert!(hall.text().contains(&declared), "{}", hall.text());
    assert!(entry(&hall.text(), "peer2").contains("devices = [\"redfish\"]\n"), "{}", hall.text());
}
