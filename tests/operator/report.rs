//! `onerescue report`: a page of a real recovery in a real browser; names that want to be more than names; a thousand VMs; a site.

use super::bench::{Bench, WELL, err, incident, out, write};
use super::browser::{Browser, DOWN, ESCAPE, TAB};
use onerescue::model::{
    Abort, Confirmation, DeviceName, DocumentId, End, Epoch, Held, HostId, Incident, IncidentVm, Line,
    Progress, SeenOn, Stages, VmId,
};
use onerescue::wire::record::Record;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a name would do if it were more than one.
const EVIL: &str = "<img src=x onerror=\"pwned=1\">'\"`{{7*7}}</script><script>pwned=2</script>";

const OPENED: i64 = 1_795_165_661;

/// `onerescue report` with these arguments and `--output`; the file.
fn report(bench: &Bench, arguments: &[&str]) -> PathBuf {
    let file = bench.path("page.html");
    let output = bench.run(&[&["report", "--output", file.to_str().unwrap()], arguments].concat());
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""), "{}", err(&output));
    file
}

/// A host dies, its first device shouts something and fails, and its VMs are moved by a real run, whose journal is here. A
/// cluster, another host and the group of the owner of the VMs are named `place`.
fn recovered(vm: &str, place: &str, shout: &str) -> Bench {
    let bench = Bench::new(&format!(
        "title = \"a host dies\"\ncall = \"-m\"\nhost = \"node0\"\nbefore = [\"dies node0 hang\"]\nclusters = ['''{place}''']\n\
         hosts = [{{ name = \"node0\" }}, {{ name = \"node1\" }}, {{ name = '''{place}''' }}]\n\
         vms = [{{ name = '''{vm}''', host = \"node0\", owner_group = '''{place}''', count = 3 }}, \
         {{ name = \"off\", host = \"node0\", state = \"POWEROFF\" }}]\n"
    ));
    write(&bench.path("said"), shout, 0o600);
    bench.answers("fence_loud", &format!("/bin/cat {} >&2\nexit 1", bench.path("said").display()));
    let folder = bench.folder.path().display();
    let more = format!(
        "[wait]\ncycles = 0\nlook = \"100ms\"\n[fence]\nseen_on = \"waived\"\ninterval = \"100ms\"\nattempts = 1\n\
         agents_dir = [\"{folder}\"]\n[device.loud]\ndriver = \"agent\"\nagent = \"fence_loud\"\npower = \"external\"\n"
    );
    let host = |id| {
        format!(
            "[[host]]\nid = {id}\nname = \"node{id}\"\nlevels = [[\"loud\"], [\"machine\"]]\nsame_power_accepted = true\n\
             [host.params.loud]\nip = \"10.0.0.{id}\"\n"
        )
    };
    // The settings take no such name for a host.
    bench.settings(&more, &(0..2).map(host).collect::<String>());
    let other = bench.start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_host_error"));
    command
        .envs(other.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir("/")
        .stdin(Stdio::null());
    let output: Output = command.args(["--host", "node0", "-m"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    bench
}

/// The page says nothing on the console, is not wider than the screen, and runs nothing but its own script.
fn is_well(browser: &Browser, file: &Path) {
    for (width, colours) in [(360, "light"), (1280, "dark")] {
        browser.screen(width, colours);
        browser.open(file);
        assert_eq!(browser.console(), Vec::<String>::new(), "{width}");
        let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.read(wider), 0, "it is wider than {width}");
        assert_eq!(
            browser.read("[typeof pwned, document.images.length, document.scripts.length]"),
            serde_json::json!(["undefined", 0, 1])
        );
    }
    let text = fs::read_to_string(file).unwrap();
    for outside in ["http:", "https:", "src=\"", "@import", "url(h"] {
        assert!(!text.contains(outside), "{outside} is in {}", file.display());
    }
}

#[test]
fn the_page_of_a_real_recovery_has_the_figures_of_its_record_and_is_read_with_the_keyboard_alone() {
    let bench = recovered("web", "east", "no route");
    let file = report(&bench, &["node0"]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (_, record) = bench.memory().incidents.remove(0);
    what_is_lost_is_said(&bench);
    let Some(browser) = Browser::start() else { return };
    is_well(&browser, &file);
    let rows = "[...document.querySelectorAll('#vm-rows tr')].filter((row) => !row.hidden)";
    let kinds = browser
        .read(&format!("{rows}.map((row) => row.cells[0].textContent + ' ' + row.cells[2].textContent)"));
    let mut told: Vec<_> =
        kinds.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned()).collect();
    told.sort();
    let mut kept: Vec<_> = record
        .vms
        .iter()
        .map(|vm| {
            format!("{} {}", vm.id.0, if vm.end == Some(End::Recovered) { "recovered" } else { "left alone" })
        })
        .collect();
    kept.sort();
    assert_eq!((told.len(), &told), (4, &kept));
    // When each of them ran is in the journal; the one that nobody asked for never did.
    let ran = browser.read(&format!("{rows}.filter((row) => row.querySelector('time')).length"));
    assert_eq!(ran, 3);
    let text = browser.read("document.body.innerText").as_str().unwrap().to_owned();
    for part in ["loud", "no route", "machine", "3 VMs are recovered", "Nothing is missing", "a person"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let samples = browser.read("document.querySelectorAll('#sample-rows tr').length");
    assert!(samples.as_u64().unwrap() >= 4, "{samples}: one of the loud device, three of the machine");

    // From the top of the page to the filter by Tab alone, then words, then a choice.
    let mut presses = 0;
    while browser.read("document.activeElement.id") != "filter-words" {
        browser.press(TAB);
        presses += 1;
        assert!(presses < 30, "the filter is not reached");
    }
    let shown =
        || browser.read(&format!("[{rows}.length, document.getElementById('filter-told').textContent]"));
    browser.press("WEB-2 recovered");
    assert_eq!(shown(), serde_json::json!([1, "1 of 4 VMs"]));
    browser.press(ESCAPE);
    assert_eq!(shown(), serde_json::json!([4, "4 of 4 VMs"]));
    browser.press(&format!("{TAB}{DOWN}"));
    assert_eq!(shown(), serde_json::json!([3, "3 of 4 VMs"]));
    assert_eq!(browser.console(), Vec::<String>::new());

    // Where scripts are forbidden everything is there, and no filter that would do nothing.
    browser.without_scripts(true);
    browser.open(&file);
    browser.without_scripts(false);
    let still = browser.read("[document.querySelectorAll('#vm-rows tr:not([hidden])').length, document.getElementById('filter').hidden]");
    assert_eq!(still, serde_json::json!([4, true]));
}

/// A journal that was cut while it was written, and one that is gone.
fn what_is_lost_is_said(bench: &Bench) {
    let folder = bench.path("host_error.journal");
    let journal = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&journal).unwrap();
    let page = || out(&bench.run(&["report", "node0"]));
    assert!(page().contains("Nothing is missing"));
    fs::write(&journal, &whole[..whole.len() - 7]).unwrap();
    assert!(page().contains("is not whole: it ends in half a line."));
    fs::write(&journal, "{\"format\":9}\n").unwrap();
    assert!(page().contains("cannot be read: its format is 9"));
    fs::remove_dir_all(&folder).unwrap();
    assert!(page().contains("No journal of it is on this front-end"));
}

fn vm(id: u32, end: Option<End>, text: &str) -> IncidentVm {
    IncidentVm {
        ready: None,
        id: VmId(id),
        name: text.to_owned(),
        order: Some(text.to_owned()),
        to: Some(HostId(1)),
        end,
        why: text.to_owned(),
    }
}

/// Every text of a record is this one.
fn evil(document: u32) -> [Record; 4] {
    let at = |after: i64| Some(Epoch(OPENED + after));
    let words = |by: &str| Confirmation {
        host: HostId(1),
        incident: DocumentId(document),
        by: by.to_owned(),
        reason: EVIL.to_owned(),
        at: Epoch(OPENED + 5),
        expires: Epoch(OPENED + 600),
    };
    let ends = [Some(End::Recovered), Some(End::Held), Some(End::Failed), Some(End::Left), None];
    let held = Held { why: EVIL.to_owned(), advice: EVIL.to_owned(), since: Epoch(OPENED) };
    let stages = Stages {
        began: at(0),
        off: at(60),
        proven: at(66),
        first: at(67),
        last: at(70),
        ..Stages::default()
    };
    let record = Incident {
        name: EVIL.to_owned(),
        owner: EVIL.to_owned(),
        error: Some(EVIL.to_owned()),
        proof: Some(format!("{EVIL} said off 2 times in a row (+00:01.0 +00:02.0)")),
        began: at(60),
        held: Some(held),
        outcome: Some(EVIL.to_owned()),
        heard: Some(OPENED - 100),
        confirmation: Some(words(EVIL)),
        log: vec![Line { at: Epoch(OPENED), phase: "fence".to_owned(), text: EVIL.to_owned() }],
        vms: (4..).zip(ends).map(|(id, end)| vm(id, end, EVIL)).collect(),
        stages,
        ..incident(1, Progress::Held)
    };
    let abort = Abort {
        host: HostId(1),
        incident: DocumentId(document),
        by: EVIL.to_owned(),
        reason: EVIL.to_owned(),
        at: Epoch(OPENED + 9),
    };
    let seen = SeenOn {
        host: HostId(1),
        device: DeviceName(EVIL.to_owned()),
        target: EVIL.to_owned(),
        turned: None,
        at: Epoch(OPENED),
    };
    [
        Record::Incident(Box::new(record)),
        Record::Confirmation(words("bob")),
        Record::Abort(abort),
        Record::SeenOn { devices: vec![seen] },
    ]
}

#[test]
fn a_name_that_is_a_tag_stays_a_name_wherever_it_stands() {
    let bench = recovered(EVIL, EVIL, EVIL);
    let real = report(&bench, &["node0"]);
    let site = bench.path("site");
    for record in evil(bench.memory().incidents[0].0.0 + 1) {
        bench.remember(&record);
    }
    let output = bench.run(&["report", "--site", site.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let mut pages: Vec<_> = fs::read_dir(&site).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.push(real);
    assert_eq!(pages.len(), 4, "{pages:?}");
    let Some(browser) = Browser::start() else { return };
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        assert!(!text.contains("<img") && text.matches("<script>").count() == 1, "{}", page.display());
        is_well(&browser, page);
        let seen = browser.read("document.body.textContent.split('<img src=x onerror').length - 1");
        assert!(seen.as_u64().unwrap() >= 2, "{}: {seen}", page.display());
    }
}

#[test]
fn a_thousand_vms_are_a_page_that_loads_at_once_and_still_shows_each() {
    let bench = Bench::new(WELL);
    let end = |id| if id % 100 == 7 { End::Held } else { End::Recovered };
    let vms = (0..1000).map(|id| vm(id, Some(end(id)), &format!("tenant-{id}"))).collect();
    let at = |after: i64| Some(Epoch(OPENED + after));
    let stages = Stages {
        began: at(0),
        off: at(60),
        proven: at(66),
        first: at(67),
        half: at(90),
        last: at(140),
        ..Stages::default()
    };
    let many = Incident {
        heard: Some(OPENED - 100),
        updated: Epoch(OPENED + 150),
        vms,
        stages,
        ..incident(1, Progress::Closed)
    };
    bench.remember(&Record::Incident(Box::new(many)));
    let file = report(&bench, &[]);
    let bytes = fs::metadata(&file).unwrap().len();
    assert!(bytes < 400_000, "{bytes}");
    let Some(browser) = Browser::start() else { return };
    is_well(&browser, &file);
    let loaded = browser.read("performance.getEntriesByType('navigation')[0].loadEventEnd");
    assert!(loaded.as_f64().unwrap() < 10_000.0, "{loaded} ms");
    let rows = "document.querySelectorAll('#vm-rows tr:not([hidden])').length";
    assert_eq!(browser.read(rows), 1000);
    let height = browser.read("document.querySelector('.chart').getBoundingClientRect().height");
    assert!(height.as_f64().unwrap() < 600.0, "{height}");
}

#[test]
fn which_incident_is_told_and_that_there_is_none() {
    let bench = Bench::new(WELL);
    let none = bench.run(&["report"]);
    assert_eq!(none.status.code(), Some(2), "{}", out(&none));
    assert!(err(&none).contains("no incident is remembered"), "{}", err(&none));
    for (host, opened) in [(1, OPENED), (2, OPENED + 900)] {
        let one = Incident { opened: Epoch(opened), ..incident(host, Progress::Closed) };
        bench.remember(&Record::Incident(Box::new(one)));
    }
    let page = |arguments: &[&str]| out(&bench.run(arguments));
    assert!(page(&["report"]).contains("<h1>node2 failed, and no VM was recovered</h1>"));
    let first = bench.memory().incidents[0].0.0.to_string();
    for named in ["node1", &first] {
        assert!(page(&["report", named]).contains("<h1>node1 failed"), "{named}");
    }
    let unknown = bench.run(&["report", "4711"]);
    assert_eq!(unknown.status.code(), Some(2));
    let nowhere = bench.run(&["report", "--output", "/nowhere/page.html"]);
    assert_eq!(nowhere.status.code(), Some(4), "{}", err(&nowhere));
    assert!(err(&nowhere).contains("cannot write /nowhere/page.html"), "{}", err(&nowhere));
}

/// One cluster is disarmed, one has devices that were never seen ON.
#[test]
fn the_index_says_of_each_cluster_what_status_says() {
    let bench = Bench::new(WELL);
    bench.settings("", &super::bench::hosts());
    bench.remember(&super::bench::disarmed(Some(100)));
    let site = bench.path("site");
    assert_eq!(bench.run(&["report", "--site", site.to_str().unwrap()]).status.code(), Some(0));
    let index = fs::read_to_string(site.join("index.html")).unwrap();
    let status: serde_json::Value = serde_json::from_slice(&bench.run(&["status", "--json"]).stdout).unwrap();
    let text = |cluster: &serde_json::Value, key: &str| cluster[key].as_str().unwrap().to_owned();
    let clusters = status["clusters"].as_array().unwrap();
    for cluster in clusters {
        let row =
            format!("</th><td><span class=\"k\">{}</span></td><td class=\"wide\">", text(cluster, "status"));
        let why = format!("{row}{}", text(cluster, "reason"));
        assert!(index.contains(&why), "{why} is not in\n{index}");
    }
    let told: Vec<_> = clusters.iter().map(|cluster| text(cluster, "status")).collect();
    assert_eq!(told, ["Waiting", "Disabled"], "{status}");
}

#[test]
fn reconcile_keeps_the_site_writes_only_what_has_changed_and_goes_on_where_it_cannot() {
    let bench = Bench::new(WELL);
    let closed = incident(1, Progress::Closed);
    bench.remember(&Record::Incident(Box::new(closed)));
    let site = bench.path("site");
    let folder = format!("[report]\nfolder = \"{}\"", site.display());
    bench.settings(&folder, &super::bench::hosts());
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let document = bench.memory().incidents[0].0.0;
    let page = site.join(format!("incident-{document}.html"));
    let text = fs::read_to_string(&page).unwrap();
    assert!(
        fs::read_to_string(site.join("index.html"))
            .unwrap()
            .contains(&format!("href=\"incident-{document}.html\""))
    );
    assert!(text.contains("href=\"index.html\""));
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);

    // The same incident is the same file; a word about it makes another one.
    let made = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let (first, index) = (made(&page), made(&site.join("index.html")));
    assert_eq!(bench.run(&["reconcile"]).status.code(), Some(0));
    assert_eq!(made(&page), first);
    assert_ne!(made(&site.join("index.html")), index, "it says when it was made");
    let word = Abort {
        host: HostId(1),
        incident: DocumentId(document),
        by: "alice".to_owned(),
        reason: "x".to_owned(),
        at: Epoch(OPENED),
    };
    bench.remember(&Record::Abort(word));
    assert_eq!(bench.run(&["reconcile"]).status.code(), Some(0));
    assert!(made(&page) != first && fs::read_to_string(&page).unwrap().contains("alice"));
    assert_eq!(bench.run(&["reconcile", "--dry-run"]).status.code(), Some(0));

    // What cannot be written is said, and changes nothing else.
    fs::set_permissions(&site, fs::Permissions::from_mode(0o777)).unwrap();
    let output = bench.run(&["reconcile"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let said =
        format!("report: the pages in {} are not refreshed: group or others may write it", site.display());
    assert!(bench.log().contains(&said), "{}", bench.log());
}
