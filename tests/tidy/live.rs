//! Does `benches/live.sh` do what it says? OpenNebula's commands are stand-ins here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A host that is in ERROR when `dead` is there, and two VMs that run elsewhere then.
const STAND_IN: &str = r#"#!/bin/bash
here=${0%/*}/..
echo "${0##*/} $*" >>"$here/calls"
case "${0##*/} $*" in
"onehost list"*) [ -e "$here/dead" ] && echo node1,err || echo node1,on ;;
"onevm list"*) [ -e "$here/dead" ] && host=node2 || host=node1
    for vm in 7 8; do echo "$vm,$(cat "$here/mark")-$vm,runn,$host"; done ;;
"onehook create"*) sed -n 's/^NAME = "\(.*\)"/\1/p' "${@: -1}" >"$here/mark" ;;
esac
"#;

fn live(folder: &Path, more: &[&str]) -> Output {
    let file = |name: &str| folder.join(name).display().to_string();
    let (kill, revive) = (format!("touch {}", file("dead")), format!("rm {}", file("dead")));
    let script = super::root().join("benches/live.sh");
    let all = ["--host", "node1", "--template", "3", "--kill", &kill, "--revive", &revive];
    Command::new("bash").arg(script).args(all).args(more).env("ONE_LOCATION", folder).output().unwrap()
}

fn front_end() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    for name in ["onevm", "onehost", "onehook", "onetemplate"] {
        let path = folder.path().join("bin").join(name);
        fs::write(&path, STAND_IN).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

#[test]
fn the_live_benchmark_measures_a_death_with_each_hook_and_leaves_nothing() {
    let folder = front_end();
    let ran = live(folder.path(), &["--vms", "2", "--force", "0"]);
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{told}{}", String::from_utf8_lossy(&ran.stderr));
    for hook in ["stock", "onerescue"] {
        let row =
            told.lines().find(|line| line.starts_with(&format!("| 2 | {hook} | 0 |"))).unwrap_or_default();
        let seconds =
            row.split(" | ").skip(3).filter(|cell| cell.trim_end_matches(" |").parse::<f64>().is_ok());
        assert_eq!(seconds.count(), 4, "{told}");
    }
    let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
    let count = |call: &str| calls.lines().filter(|line| line.starts_with(call)).count();
    assert_eq!(count("onevm deploy 7,8 node1"), 2, "{calls}");
    assert_eq!(count("onehost forceupdate node1"), 2, "{calls}");
    assert_eq!((count("onehook delete bench-"), count("onevm recover --delete 7,8")), (2, 2), "{calls}");
    assert!(!folder.path().join("dead").exists(), "the host is back");
}

#[test]
fn the_live_benchmark_says_what_it_would_do_and_does_nothing() {
    let folder = front_end();
    let ran = live(folder.path(), &["--dry-run"]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success() && said.contains("ft/host_error.rb") && said.contains("bin/onevm deploy"),
        "{said}"
    );
    assert!(!folder.path().join("calls").exists() && !folder.path().join("dead").exists(), "nothing is done");
    let help = live(folder.path(), &["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("ONE_LOCATION names"));
    for wrong in [["--vms", "many"], ["--hooks", "mine"], ["--no", "such"]] {
        assert_eq!(live(folder.path(), &wrong).status.code(), Some(1), "{wrong:?}");
    }
}
