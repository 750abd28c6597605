//! Tests of what a controller's documents say.

use super::*;
use proptest::prelude::*;

const UUID: &str = "4c4c4544-0037-4210-8054-b7c04f383432";

fn identity(uuid: Option<&str>, serial: Option<&str>) -> Identity {
    Identity { uuid: uuid.map(str::to_owned), serial: serial.map(str::to_owned) }
}

fn power(body: &str) -> PowerState {
    match System::read(body.as_bytes()) {
        Ok(system) => system.power(),
        Err(why) => PowerState::Unknown(why),
    }
}

#[test]
fn row_17_only_on_and_off_are_answers() {
    assert_eq!(power(r#"{"PowerState":"Off"}"#), PowerState::Off);
    assert_eq!(power(" \n{\"PowerState\":\"On\", \"Oem\":{}}"), PowerState::On);
    let unknown = [
        "{}",
        r#"{"PowerState":null}"#,
        r#"{"PowerState":"off"}"#,
        r#"{"PowerState":"OFF"}"#,
        r#"{"PowerState":"Off "}"#,
        r#"{"PowerState":""}"#,
        r#"{"PowerState":"PoweringOff"}"#,
        r#"{"PowerState":"PoweringOn"}"#,
        r#"{"PowerState":"Paused"}"#,
        r#"{"PowerState":false}"#,
        r#"{"PowerState":["Off"]}"#,
        r#"{"powerstate":"Off"}"#,
        r#"{"Status":{"PowerState":"Off"}}"#,
        r#"{"PowerState":"Off","PowerState":"Off"}"#,
        r#"{"PowerState":"Off"}{"PowerState":"On"}"#,
        r#"{"PowerState":"Off""#,
        r#"[null,null,"Off",null,null]"#,
        r#""Off""#,
        "",
        "<html>Off</html>",
    ];
    for body in unknown {
        assert!(matches!(power(body), PowerState::Unknown(_)), "{body}");
    }
    assert_eq!(power(r#"{"PowerState":"Paused"}"#), PowerState::Unknown("its PowerState is Paused".into()));
    let deep = format!("{{\"PowerState\":\"Off\",\"Oem\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(power(&deep), PowerState::Unknown(_)));
    assert!(System::read(&[b'{', 0xff, b'}']).is_err());
}

#[test]
fn row_19_the_machine_must_be_the_one_that_is_meant() {
    let is = |body: &str, identity: &Identity| System::read(body.as_bytes()).unwrap().identify(identity);
    let by_uuid = identity(Some(UUID), None);
    let shout = format!("{{\"UUID\":\"{}\"}}", UUID.to_uppercase());
    assert_eq!(is(&shout, &by_uuid), Ok(None));
    let both = identity(Some(UUID), Some("CZ1234"));
    let good = format!(r#"{{"UUID":"{UUID}","SerialNumber":"CZ1234 "}}"#);
    assert_eq!(is(&good, &both), Ok(None));
    for bad in [good.replace("CZ1234", "cz1234"), good.replace("3432", "3433"), shout, "{}".into()] {
        assert!(is(&bad, &both).is_err(), "{bad}");
    }
    let other = is(r#"{"UUID":"4c4c4544-0000-4210-8054-b7c04f383432"}"#, &by_uuid).unwrap_err();
    let expected =
        format!("is another machine: its UUID is 4c4c4544-0000-4210-8054-b7c04f383432, not {UUID}");
    assert_eq!(other, expected);
    for body in [r#"{"UUID":null}"#, r#"{"UUID":""}"#, r#"{"UUID":1}"#, r#"{"Members":[]}"#] {
        let why = is(body, &by_uuid).unwrap_err();
        assert_eq!(why, "does not say which machine it is: it has no UUID", "{body}");
    }
}

#[test]
fn a_uuid_with_turned_bytes_is_told_and_is_the_same_where_turning_changes_nothing() {
    let shows = |uuid: &str, expected: &str, serial: Option<&str>| {
        let body = format!(r#"{{"UUID":"{uuid}","SerialNumber":"CZ1234"}}"#);
        System::read(body.as_bytes()).unwrap().identify(&identity(Some(expected), serial))
    };
    let turned = "44454c4c-3700-1042-8054-b7c04f383432";
    assert_eq!(shows(turned, UUID, None), Ok(Some(turned.to_owned())));
    assert_eq!(shows(&turned.to_uppercase(), UUID, Some("CZ1234")), Ok(Some(turned.to_owned())));
    // Turned in part, in the wrong fields too, or of another serial number.
    for other in [
        "44454c4c-0037-4210-8054-b7c04f383432",
        "4c4c4544-3700-1042-8054-b7c04f383432",
        "44454c4c-3700-1042-5480-b7c04f383432",
        "44454c4c-3700-1042-8054-3234384fc0b7",
    ] {
        assert!(shows(other, UUID, None).unwrap_err().starts_with("is another machine: "), "{other}");
    }
    assert!(shows(turned, UUID, Some("CZ4321")).is_err());
    let same = "11111111-2222-3333-8054-b7c04f383432";
    assert_eq!(shows(same, same, None), Ok(None));
}

#[test]
fn where_orders_go_and_which_there_are_is_read_from_the_system() {
    let system = |reset: &str| {
        System::read(format!(r##"{{"Actions":{{"#ComputerSystem.Reset":{reset}}}}}"##).as_bytes()).unwrap()
    };
    let full =
        r#"{"target":"/r","ResetType@Redfish.AllowableValues":["On","ForceOff"],"@Redfish.ActionInfo":"/i"}"#;
    let orders = vec!["On".to_owned(), "ForceOff".to_owned()];
    let expected = Reset { target: "/r", values: Some(orders.clone()), info: Some("/i") };
    assert_eq!(system(full).reset().unwrap(), expected);
    let bare = system(r#"{"target":"/r","ResetType@Redfish.AllowableValues":[]}"#);
    assert_eq!(bare.reset().unwrap(), Reset { target: "/r", values: None, info: None });
    for bad in ["{}", "null", "[]", r#"{"target":null}"#, r#"{"Target":"/r"}"#] {
        assert!(system(bad).reset().is_err(), "{bad}");
    }
    let info =
        br#"{"Parameters":[{"Name":"Delay"},{"Name":"ResetType","AllowableValues":["On","ForceOff"]}]}"#;
    assert_eq!(values_in(info), Some(orders));
    for bad in ["{}", "[]", r#"{"Parameters":{}}"#, r#"{"Parameters":[{"Name":"ResetType"}]}"#] {
        assert_eq!(values_in(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn a_complaint_is_the_controllers_own_words() {
    let extended =
        br#"{"error":{"message":"See ExtendedInfo","@Message.ExtendedInfo":[{"Message":"It is off."}]}}"#;
    assert_eq!(complaint(extended).as_deref(), Some("It is off."));
    assert_eq!(
        complaint(br#"{"error":{"message":"Power off not allowed!"}}"#).unwrap(),
        "Power off not allowed!"
    );
    for bad in ["", "{}", "[]", "<html>", r#"{"error":"no"}"#, r#"{"error":{"message":" "}}"#] {
        assert_eq!(complaint(bad.as_bytes()), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        tail in "[\\[\\]{}\":,a-zA-Z@.]{0,80}",
    ) {
        let document = format!("{{\"Actions\":{tail}");
        for body in [bytes.as_slice(), document.as_bytes()] {
            if let Ok(system) = System::read(body) {
                let _ = (system.power(), system.etag(), system.reset().is_ok());
            }
            let _ = (values_in(body), complaint(body));
        }
    }
}
