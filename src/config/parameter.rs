//! What may be handed to a fence agent as a parameter.
//!
//! An agent reads `key=value` lines from its standard input. It trims them, takes one pair of quotes away,
//! ignores unknown keys, and some of its keys run programs or write files. So a value that would arrive
//! changed is refused here, and so is a key that can do more than describe a device. Whether an agent knows
//! a key is not checked. Source: fence-agents 4.12, `lib/fencing.py.py`, and the metadata of its 83 agents.

/// Keys that run programs, write files, print secrets, or change what is done.
const FORBIDDEN: [&str; 20] = [
    "action",
    "option",
    "method",
    "exec",
    "use_sudo",
    "sudo",
    "ssh_options",
    "status_file",
    "logfile",
    "cookie_file",
    "store_path",
    "cmd_prompt",
    "command_prompt",
    "openrc",
    "source_env",
    "missing_as_off",
    "quiet",
    "verbose",
    "verbose_level",
    "disable_timeout",
];

/// Keys whose value is a secret, so that it must come from a file.
const SECRET: [&str; 9] = [
    "password",
    "passwd",
    "snmp_priv_passwd",
    "community",
    "hexadecimal_kg",
    "access_key",
    "secret_key",
    "apikey",
    "token",
];

/// Keys without a value of their own: many agents only look whether they are there, so that
/// `ssl_insecure=0` switches the verification of certificates off.
const SWITCHES: [&str; 15] = [
    "ssl",
    "ssl_secure",
    "ssl_insecure",
    "notls",
    "telnet",
    "insecure",
    "disable_ssl",
    "diag",
    "lanplus",
    "port_as_ip",
    "force",
    "force_on",
    "graceful",
    "fabric_fencing",
    "earlyexit",
];

/// Keys that agents put unquoted into the command line of another program.
const UNQUOTED: [&str; 9] =
    ["ip", "ipport", "port", "plug", "target", "auth", "cipher", "privlvl", "ipmitool_timeout"];

/// Where a parameter's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It stands in the settings file.
    Settings,
    /// It is the content of a secret file; errors never show it.
    SecretFile,
}

/// The name an agent knows a key by: lower case, underscores, and the old names replaced
/// (`ipaddr` is `ip`, `login` is `username`, `passwd` is `password`).
pub(crate) fn canonical(key: &str) -> String {
    let key = key.to_ascii_lowercase().replace('-', "_");
    match key.as_str() {
        "ipaddr" => "ip".to_owned(),
        "login" => "username".to_owned(),
        "passwd" => "password".to_owned(),
        "passwd_script" => "password_script".to_owned(),
        _ => key,
    }
}

/// Whether a line of the settings names a secret, so that it should not be repeated to anybody.
pub(super) fn may_hold_a_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["pas", "pwd"].iter().any(|part| line.contains(part)) || SECRET.iter().any(|key| line.contains(key))
}

/// Check one key on its own.
///
/// # Errors
/// A text that names the key and says what is wrong.
pub(crate) fn check_key(key: &str, origin: Origin) -> Result<(), String> {
    let name = canonical(key);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(format!("the parameter name {key:?} has characters that no agent's has"));
    }
    let family = ["_script", "_path"].iter().any(|end| name.ends_with(end)) || name.starts_with("debug");
    if family || FORBIDDEN.contains(&name.as_str()) {
        return Err(format!("the parameter `{key}` is not allowed: it can do more than describe the device"));
    }
    if origin == Origin::Settings && SECRET.contains(&name.as_str()) {
        return Err(format!(
            "`{key}` is a secret: put it into a file of its own and name that under `secrets`"
        ));
    }
    Ok(())
}

/// Check one value. The value itself is in no error.
///
/// # Errors
/// A text that names the key and says what is wrong.
pub(crate) fn check_value(key: &str, value: &str) -> Result<(), String> {
    let name = canonical(key);
    let refuse = |why: &str| Err(format!("the value of `{key}` {why}"));
    if value.is_empty() {
        return refuse("is empty: leave the parameter out");
    }
    if value.chars().any(char::is_control) {
        return refuse("has a line break or another control character");
    }
    if value.trim() != value {
        return refuse("begins or ends with a blank, which an agent would cut off");
    }
    if value.starts_with('"') && value.ends_with('"') {
        return refuse("is in double quotes, which an agent would take away");
    }
    if UNQUOTED.contains(&name.as_str()) && value.contains(char::is_whitespace) {
        return refuse("has a blank, which would become another option of the program that the agent calls");
    }
    if SWITCHES.contains(&name.as_str()) {
        return check_switch(key, value);
    }
    Ok(())
}

fn check_switch(key: &str, value: &str) -> Result<(), String> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "on" | "true" => Ok(()),
        "0" | "no" | "off" | "false" => {
            Err(format!("`{key}` is a switch that some agents take for on whatever its value: leave it out"))
        }
        _ => Err(format!("`{key}` is a switch: its value is \"1\", or leave it out")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_45_values_that_would_arrive_changed_are_refused() {
        let bad = ["", "x\naction=on", "x\r", "x\0", "x\ty", " x", "x ", "\u{a0}x", "\"x\"", "\""];
        for value in bad {
            assert!(check_value("username", value).is_err(), "{value:?}");
        }
        for value in ["fence", "a=b", "#x", "a\"b", "p w", "Grüße"] {
            assert_eq!(check_value("username", value), Ok(()), "{value:?}");
        }
    }

    #[test]
    fn row_45_a_blank_cannot_add_options_for_ipmitool() {
        for key in ["ip", "ipaddr", "cipher", "plug", "ipport"] {
            assert!(check_value(key, "127.0.10.1 -v").is_err(), "{key}");
        }
    }

    #[test]
    fn row_46_keys_that_run_or_write_are_refused_in_every_spelling() {
        let bad = [
            "action",
            "ACTION",
            "passwd_script",
            "password-script",
            "snmp_priv_passwd_script",
            "ipmitool_path",
            "ssh-path",
            "debug",
            "debug_file",
            "ssh_options",
            "method",
            "exec",
            "use_sudo",
            "status_file",
            "missing_as_off",
            "verbose",
            "a\naction",
            "a=b",
            "",
        ];
        for key in bad {
            assert!(check_key(key, Origin::Settings).is_err(), "{key}");
            assert!(check_key(key, Origin::SecretFile).is_err(), "{key}");
        }
        assert_eq!(check_key("systems_uri", Origin::Settings), Ok(()));
    }

    #[test]
    fn a_secret_does_not_stand_in_the_settings() {
        for key in ["password", "passwd", "community", "snmp-priv-passwd"] {
            assert!(check_key(key, Origin::Settings).is_err(), "{key}");
            assert_eq!(check_key(key, Origin::SecretFile), Ok(()), "{key}");
        }
    }

    #[test]
    fn row_49_a_switch_is_on_or_absent() {
        for value in ["0", "false", "No", "off"] {
            let error = check_value("ssl_insecure", value).unwrap_err();
            assert!(error.ends_with("leave it out"), "{error}");
        }
        assert!(check_value("ssl-insecure", "maybe").is_err());
        assert_eq!(check_value("ssl_insecure", "1"), Ok(()));
        assert_eq!(check_value("power_wait", "0"), Ok(()));
    }
}
