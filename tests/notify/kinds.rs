//! `command` and `mail`, `--test`, and what `check` says of receivers.

use super::lab::{Lab, held};
use crate::hooks::bench::write;
use std::fs;

/// What `sendmail -t` of a mail server does with a letter: recipients from its header, the letter on disk.
const SENDMAIL: &str = "#!/bin/sh\n[ \"$1\" = -t ] || exit 64\numask 077\ncat >\"$0.new\"\n\
    to=$(sed -n '/^$/q; s/^To: //p' \"$0.new\")\n[ -n \"$to\" ] || exit 65\necho \"$to\" >>\"$0.to\"\n\
    cat \"$0.new\" >>\"$0.letters\"\n";

fn mail(lab: &Lab) -> String {
    format!(
        "[[notify]]\nname = \"mail\"\nmail = [\"ops@example.org\", \"root\"]\nfrom = \"onerescue@fe1.example.org\"\n\
         sendmail = [{:?}, \"-t\", \"-oi\"]\n",
        lab.path("sendmail")
    )
}

#[test]
fn mail_is_plain_text_and_a_host_s_name_makes_no_header() {
    let lab = Lab::with(mail);
    lab.program("sendmail", SENDMAIL);
    lab.notify();
    lab.remember(held(7, "node7\nBcc: evil@example.org\r\n\r\nhello", "its controller says on\nCc: x@y"));
    let (code, said) = lab.notify();
    assert_eq!(code, Some(0), "{said}");
    let letter = fs::read_to_string(lab.path("sendmail.letters")).unwrap();
    let (head, body) = letter.split_once("\n\n").unwrap();
    let keys: Vec<_> = head.lines().filter_map(|line| line.split_once(": ")).map(|(key, _)| key).collect();
    let expected = [
        "From",
        "To",
        "Subject",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    assert_eq!(keys, expected, "{head}");
    assert!(head.contains("Subject: node7 Bcc: evil@example.org    hello is held: its controller says on Cc: x@y; look: onerescue show "), "{head}");
    assert!(
        body.contains("  do this    look at it\n") && body.contains("  command    onerescue show "),
        "{body}"
    );
    assert_eq!(fs::read_to_string(lab.path("sendmail.to")).unwrap(), "ops@example.org, root\n");
}

#[test]
fn a_test_message_goes_to_each_and_says_what_came_of_it() {
    let lab = Lab::with(|lab| {
        let fails = format!("[[notify]]\nname = \"bad\"\ncommand = [{:?}]\n", lab.path("fails"));
        let slow =
            format!("[[notify]]\nname = \"slow\"\ncommand = [{:?}]\ntimeout = \"1s\"\n", lab.path("slow"));
        let gone = "[[notify]]\nname = \"gone\"\ncommand = [\"/nonexistent/page\"]\n";
        lab.ops("") + &mail(lab) + &fails + &slow + gone
    });
    lab.program("sendmail", SENDMAIL);
    lab.program("fails", "#!/bin/sh\necho no line to the pager >&2\nexit 3\n");
    lab.program("slow", "#!/bin/sh\nexec sleep 30\n");
    let output = lab.run(&["notify", "--test"]);
    let (code, said) = super::lab::said(&output);
    assert_eq!(code, Some(1), "{said}");
    for line in [
        "ops: it has taken a test message\n",
        "mail: it has taken a test message\n",
        "bad: exit code 3: no line to the pager\n",
        "slow: it was ended after 1 s\n",
        "gone: /nonexistent/page cannot be started: No such file or directory (os error 2)\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let got = lab.got();
    assert_eq!(
        (got.len(), &got[0]["test"], got[0]["changes"].as_array().unwrap().len()),
        (1, &true.into(), 0)
    );
    // Nothing of that is noted, and it needs no cloud.
    assert_eq!(lab.notices(), []);
    lab.settings(&lab.ops(""));
    assert_eq!(lab.run(&["notify", "--test"]).status.code(), Some(0));
}

#[test]
fn nobody_to_tell_is_said() {
    let lab = Lab::with(|_| String::new());
    for arguments in [&["notify"][..], &["notify", "--test"]] {
        let (code, said) = super::lab::said(&lab.run(arguments));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("there is nobody to tell: ") && said.contains("has no [[notify]]"), "{said}");
    }
}

#[test]
fn what_failed_is_sent_again_later_and_with_something_new_at_once() {
    let lab = Lab::new();
    lab.notify();
    lab.program("take", "#!/bin/sh\nexit 1\n");
    lab.remember(held(7, "node7", "a storm"));
    let (code, said) = lab.notify();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("ops: not told: node7 is held: a storm; "), "{said}");
    let (code, said) = lab.notify();
    assert!(code == Some(0) && said.contains("what could not be sent before is sent again in "), "{said}");
    lab.program("take", "#!/bin/sh\ncat >>\"$0.got\"\necho >>\"$0.got\"\n");
    lab.remember(held(8, "node8", "a storm"));
    assert_eq!(lab.notify().0, Some(0));
    let changes = lab.changes();
    assert!(changes.len() == 2 && changes.iter().all(|(.., repeated)| !repeated), "{changes:?}");
}

#[test]
fn check_names_a_receiver_that_cannot_be_told() {
    let lab = Lab::with(|lab| {
        let hook = |name: &str, secret: &str| {
            format!(
                "[[notify]]\nname = \"{name}\"\nwebhook = \"https://127.0.0.1:1/x\"\nsecret_file = {:?}\n",
                lab.path(secret)
            )
        };
        let gone = "[[notify]]\nname = \"gone\"\nmail = [\"root\"]\nsendmail = [\"/nonexistent/sendmail\"]\n";
        lab.ops("") + &hook("missing", "none") + &hook("open", "open") + &hook("good", "good") + gone
    });
    write(&lab.path("open"), "s3cr3t\n", 0o644);
    write(&lab.path("good"), "s3cr3t\n", 0o600);
    let (_, said) = super::lab::said(&lab.run(&["check", "--json"]));
    let json: serde_json::Value = serde_json::from_str(
        said.split("\n}\n").next().map(|json| json.to_owned() + "\n}").unwrap().as_str(),
    )
    .unwrap();
    let all = json["findings"].as_array().unwrap().iter().filter(|one| one["item"] == "receiver");
    let all: Vec<_> = all
        .map(|one| {
            (one["object"].as_str().unwrap(), one["state"].as_str().unwrap(), one["text"].as_str().unwrap())
        })
        .collect();
    let of = |name: &str| all.iter().find(|(object, ..)| *object == format!("[[notify]] {name}")).unwrap();
    assert_eq!((of("ops").1, of("good").1), ("ok", "ok"), "{all:?}");
    for (name, why) in [
        ("missing", "none cannot be used: No such file or directory"),
        ("open", "group or others may use it: its mode is 0644"),
        ("gone", "/nonexistent/sendmail cannot be started: No such file or directory"),
    ] {
        let (_, state, text) = of(name);
        assert!(*state == "warning" && text.contains(why), "{name}: {state}: {text}");
    }
    assert!(!said.contains("s3cr3t"), "{said}");
}
