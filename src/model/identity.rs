//! What a machine says of itself: UUID and serial number, as SMBIOS, Redfish and IPMI have them.

/// UUIDs that boards have when nobody gave them one.
pub(crate) const NOBODYS: [&str; 3] = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "03000200-0400-0500-0006-000700080009",
];

/// What stands in the place of a serial number that nobody filled in, in lower case.
const NO_SERIALS: [&str; 14] = [
    "none",
    "null",
    "n/a",
    "not specified",
    "not available",
    "not applicable",
    "unknown",
    "default",
    "default string",
    "to be filled by o.e.m.",
    "system serial number",
    "chassis serial number",
    "empty",
    "oem",
];

/// A UUID in lower case, if the text is one.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let uuid = text.trim().to_ascii_lowercase();
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
    (lengths == [8, 4, 4, 4, 12] && uuid.split('-').all(hex)).then_some(uuid)
}

/// The same, if it is one that tells a machine from others.
pub(crate) fn own_uuid(text: &str) -> Option<String> {
    uuid(text).filter(|uuid| !NOBODYS.contains(&uuid.as_str()))
}

/// A serial number, if it may be one that a single machine has. `0123456789` and `00000000` are fillers.
pub(crate) fn own_serial(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = !text.chars().any(char::is_control) && (4..=128).contains(&text.chars().count());
    let same = text.chars().all(|c| text.starts_with(c));
    let filler = "0123456789".starts_with(text) || "123456789".starts_with(text);
    let digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let named = NO_SERIALS.contains(&text.to_ascii_lowercase().as_str());
    (plain && digit && !same && !filler && !named).then(|| text.to_owned())
}

/// The same UUID with the bytes of its first three fields turned round, as SMBIOS before 2.6 has them.
pub(crate) fn turned(uuid: &str) -> Option<String> {
    let turn = |field: &str| {
        let pairs = field.as_bytes().chunks(2).rev().flatten().copied().collect();
        String::from_utf8(pairs).ok()
    };
    let mut fields = uuid.split('-');
    let first = [turn(fields.next()?)?, turn(fields.next()?)?, turn(fields.next()?)?];
    let rest: Vec<&str> = fields.collect();
    Some(format!("{}-{}", first.join("-"), rest.join("-")))
}

/// The UUID that these 16 bytes are, in their order.
pub(crate) fn of_bytes(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let field = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [field(0, 8), field(8, 12), field(12, 16), field(16, 20), field(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_boards_have_from_the_factory_is_nobodys() {
        assert_eq!(own_uuid(" 4C4C4544-0037-4210-8054-B7C04F383432\n").unwrap().len(), 36);
        for text in NOBODYS.into_iter().chain(["", "4c4c4544", "4c4c4544-0037-4210-8054-b7c04f38343g"]) {
            assert_eq!(own_uuid(text), None, "{text}");
        }
        for text in ["CZ1234567", "7XK2M03", "VMware-56 4d 0a"] {
            assert_eq!(own_serial(&format!(" {text}\n")).as_deref(), Some(text));
        }
        for text in NO_SERIALS.into_iter().chain([
            "",
            "0",
            "0000000000",
            "0123456789",
            "123456789",
            "Serial",
            "1\u{7}234",
        ]) {
            assert_eq!(own_serial(text), None, "{text}");
            assert_eq!(own_serial(&text.to_uppercase()), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_a_uuid_in_their_order() {
        let bytes: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(of_bytes(bytes), "00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!(turned(&of_bytes(bytes)).unwrap(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
    }
}
