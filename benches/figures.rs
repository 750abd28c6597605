//! The figures of the README: `cargo bench`. Counts, ratios and times, measured in this run. `cargo bench -- watching` measures
//! the watcher alone.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a bench starts programs and looks at the clock")]

use onerescue::model::{HostId, VmState};
use onerescue::policy::plan::{Request, plan};
use onerescue::policy::what_if::{Loss, Snapshot};
use onerescue::policy::{Mode, Policy, Survey};
use onerescue::run;
use onerescue::sim::{Clock, Scenario, Server};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, vms, layers] = words.as_slice()
        && word == PLAN
    {
        return plan_alone(vms.parse().unwrap(), layers.parse().unwrap());
    }
    if words.iter().any(|word| word == "watching") {
        return watching();
    }
    calls();
    planning();
    start();
    memory();
    foresight();
    watching();
}

/// A cloud with `charged` VMs on the dead host and `others` elsewhere.
fn scenario(charged: u32, others: u32, hosts: u32) -> String {
    let mut text = String::from(
        "title = \"bench\"\ncall = \"-m -p 0\"\nhost = \"dead\"\nbefore = [\"dies dead\"]\nstart = \"10m\"\n",
    );
    text.push_str("[[hosts]]\nname = \"dead\"\ncpu = 40000\nmemory_gib = 65536\n");
    for host in 0..hosts {
        let _ = writeln!(text, "[[hosts]]\nname = \"node{host}\"\ncpu = 40000\nmemory_gib = 65536");
    }
    let _ = writeln!(text, "[[vms]]\nname = \"vm\"\nhost = \"dead\"\ncount = {charged}");
    for host in 0..hosts {
        let count = others / hosts;
        if count > 0 {
            let _ = writeln!(text, "[[vms]]\nname = \"other{host}\"\nhost = \"node{host}\"\ncount = {count}");
        }
    }
    text
}

fn calls() {
    println!("## calls of oned per recovery (-p 0, one fence device)\n");
    println!("| VMs on the host | VMs in the cloud | calls | of them migrate | largest reply, KiB |");
    println!("| --- | --- | --- | --- | --- |");
    for (charged, cloud, hosts) in
        [(20, 50, 5), (20, 5_000, 5), (20, 50_000, 5), (100, 50_000, 5), (1000, 5_000, 5)]
    {
        let mut scenario = Scenario::parse(&scenario(charged, cloud - charged, hosts)).unwrap();
        let report = run(&mut scenario.world, scenario.subject.clone(), scenario.policy);
        let log = scenario.world.transport().calls();
        let migrates = log.iter().filter(|call| call.method == "one.vm.migrate").count();
        let largest = log.iter().map(|call| call.bytes).max().unwrap_or(0) / 1024;
        assert_eq!(report.outcome.exit_code(), 0);
        println!("| {charged} | {cloud} | {} | {migrates} | {largest} |", log.len());
    }
    println!();
}

/// A survey of one dead host with `vms` VMs, and `hosts` hosts that can take them.
fn survey(vms: u32, hosts: u32) -> Survey {
    let mut scenario = Scenario::parse(&scenario(vms, 0, hosts)).unwrap();
    scenario.world.begin_again();
    let mut survey = scenario.world.zone().survey(HostId(0), &[]).unwrap();
    for vm in &mut survey.vms {
        vm.state = VmState::UNKNOWN;
    }
    survey
}

/// The VMs in 2,000 layers, with four priorities and two requirements; each third waits for the one before.
fn bound(survey: &mut Survey) {
    for vm in &mut survey.vms {
        let number = vm.id.0;
        let mut set = |name: &str, value: String| vm.attributes.insert(name.to_owned(), value);
        set("HA_LAYER", format!("layer{}", number % 2000));
        set("HA_PRIORITY", ["LOW", "MEDIUM", "HIGH", "CRITICAL"][number as usize % 4].to_owned());
        set("SCHED_REQUIREMENTS", format!("CLUSTER_ID = 0 & !(ID = {})", number % 2));
        if number % 3 == 0 && number > 0 {
            set("HA_AFTER", (number - 1).to_string());
        }
    }
}

/// The word by which this program starts itself, so that each plan has a process of its own.
const PLAN: &str = "--plan-alone";

/// Hosts over which VMs are planned.
const HOSTS: u32 = 1000;

fn planning() {
    println!("## planning, one round, over {HOSTS} hosts\n");
    println!(
        "| VMs | layers | milliseconds | peak, MiB | of them before it began |\n| --- | --- | --- | --- | --- |"
    );
    for (vms, layers) in [100, 1000, 10_000].into_iter().flat_map(|vms| [(vms, 0), (vms, 2000)]) {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([PLAN.to_owned(), vms.to_string(), layers.to_string()]);
        let output = child.stderr(Stdio::inherit()).output().unwrap();
        assert!(output.status.success());
        print!("{}", String::from_utf8(output.stdout).unwrap());
    }
    println!();
}

/// One row: a plan in a process that holds nothing besides, but for what the simulated cloud has left behind.
fn plan_alone(vms: u32, layers: u32) {
    let mut survey = survey(vms, HOSTS);
    if layers > 0 {
        bound(&mut survey);
    }
    let policy = Policy::new(Mode::Migrate);
    let request = Request::new(HostId(0), &policy, &onerescue::model::Scope::Host);
    // Forget the peak of the simulated cloud. Source: proc(5), `clear_refs`.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = mebibytes("self", "VmRSS:");
    let began = Instant::now();
    let decisions = plan(&survey, &request);
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let peak = mebibytes("self", "VmHWM:");
    assert_eq!(decisions.len(), vms as usize);
    println!("| {vms} | {layers} | {took:.1} | {peak:.0} | {before:.0} |");
}

/// From starting `host_error` to its first connection.
fn start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one_auth"), "oneadmin:password").unwrap();
    let endpoint = format!("http://{}/RPC2", listener.local_addr().unwrap());
    let mut times = Vec::new();
    for _ in 0..30 {
        let began = Instant::now();
        let mut child = host_error(&["--host", "node0", "-m"], &endpoint, folder.path());
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        times.push(began.elapsed());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("## start of host_error to the first byte of its first call\n");
    println!("| least, ms | median, ms |\n| --- | --- |\n| {:.1} | {:.1} |\n", ms(times[0]), ms(times[15]));
}

/// Start `host_error` in an environment of its own, with `folder` as its installation.
fn host_error(arguments: &[&str], endpoint: &str, folder: &Path) -> Child {
    start_program(env!("CARGO_BIN_EXE_host_error"), arguments, endpoint, folder)
}

fn start_program(program: &str, arguments: &[&str], endpoint: &str, folder: &Path) -> Child {
    Command::new(program)
        .args(arguments)
        .env_clear()
        .env("ONE_XMLRPC", endpoint)
        .env("ONE_AUTH", folder.join("one_auth"))
        .env("ONE_LOCATION", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The high-water mark of `host_error` while it recovers a host.
fn memory() {
    println!("## peak memory of host_error\n\n| VMs on the host | peak, MiB |\n| --- | --- |");
    for vms in [10, 1000] {
        println!("| {vms} | {:.1} |", peak(vms));
    }
}

/// `onerescue plan --all`, the real executable, from its start to its end: most of it is the simulated cloud's answers.
fn foresight() {
    println!(
        "\n## onerescue plan --all\n\n| hosts | VMs | in all, s | planning, s | peak, MiB |\n| --- | --- | --- | --- | --- |"
    );
    for (hosts, vms) in [(100, 5_000), (1000, 50_000)] {
        let mut text = String::from("title = \"bench\"\ncall = \"-m\"\nhost = \"node0\"\n");
        for host in 0..hosts {
            let _ = writeln!(text, "[[hosts]]\nname = \"node{host}\"\ncpu = 400\nmemory_gib = 4096");
            let _ = writeln!(
                text,
                "[[vms]]\nname = \"vm{host}\"\nhost = \"node{host}\"\ncount = {}",
                vms / hosts
            );
        }
        let scenario = Scenario::parse(&text).unwrap();
        let mut snapshot = Snapshot::new(scenario.world.zone().everything().unwrap());
        let (policy, began) = (Policy::new(Mode::Migrate), Instant::now());
        let losses: Vec<_> = (0..hosts).map(|host| snapshot.lose(&[HostId(host)], &policy)).collect();
        let planning = began.elapsed().as_secs_f64();
        assert_eq!(losses.iter().map(Loss::calls).sum::<usize>(), vms as usize);
        drop((losses, snapshot));
        let cloud = scenario.world.transport().shared_cloud();
        let server = Server::start(cloud, 0, 0, Clock::Jumping(Duration::from_millis(100))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one_auth"), "oneadmin:password").unwrap();
        let program = env!("CARGO_BIN_EXE_onerescue");
        let began = Instant::now();
        let mut child = start_program(program, &["plan", "--all"], &server.endpoint(), folder.path());
        let peak = high_water(&mut child);
        let took = began.elapsed().as_secs_f64();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        println!("| {hosts} | {vms} | {took:.1} | {planning:.2} | {peak:.0} |");
    }
}

/// `onerescue watch` over many hosts that are well: each is an address of 127.0.0.0/8 with the banner of an sshd. Its first half
/// minute, in which names are resolved, is not counted.
fn watching() {
    println!(
        "\n## onerescue watch, a connection to each host every 2 s\n\n| hosts | of one core, % | peak, MiB |\n| --- | --- | --- |"
    );
    let sshd = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = sshd.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in sshd.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(b"SSH-2.0-bench\r\n"));
        }
    });
    for hosts in [100, 1000] {
        let mut text = String::from("title = \"bench\"\ncall = \"-m\"\nhost = \"127.1.0.1\"\n");
        for host in 0..hosts {
            let _ = writeln!(text, "[[hosts]]\nname = \"127.1.{}.{}\"", host / 250, host % 250 + 1);
        }
        let scenario = Scenario::parse(&text).unwrap();
        let cloud = scenario.world.transport().shared_cloud();
        let server = Server::start(cloud, 0, 0, Clock::Jumping(Duration::from_millis(100))).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one_auth"), "oneadmin:password").unwrap();
        fs::create_dir(folder.path().join("etc")).unwrap();
        fs::write(folder.path().join("etc/onerescue.toml"), format!("[watch]\nport = {port}\n")).unwrap();
        let program = env!("CARGO_BIN_EXE_onerescue");
        let mut child = start_program(program, &["watch"], &server.endpoint(), folder.path());
        let process = child.id().to_string();
        std::thread::sleep(Duration::from_secs(30));
        let (began, before) = (Instant::now(), processor(&process));
        std::thread::sleep(Duration::from_secs(60));
        let percent = (processor(&process) - before) / began.elapsed().as_secs_f64() * 100.0;
        let peak = mebibytes(&process, "VmHWM:");
        assert!(child.try_wait().unwrap().is_none(), "the watcher has ended");
        child.kill().unwrap();
        child.wait().unwrap();
        println!("| {hosts} | {percent:.1} | {peak:.1} |");
    }
}

/// The seconds of the processor that a program has had. Source: proc(5), `stat`; a hundred ticks are a second.
fn processor(process: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after = text.rsplit_once(')').unwrap().1;
    let ticks = after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

fn peak(vms: u32) -> f64 {
    let scenario = Scenario::parse(&scenario(vms, 0, 4)).unwrap();
    let cloud = scenario.world.transport().shared_cloud();
    let server = Server::start(cloud, 0, 0, Clock::Jumping(Duration::from_millis(100))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one_auth"), "oneadmin:password").unwrap();
    fs::create_dir(folder.path().join("etc")).unwrap();
    fs::write(folder.path().join("etc/onerescue.toml"), "[wait]\nlook = \"100ms\"\n").unwrap();
    let arguments = ["--host", "dead", "-m", "-u", "-p", "0"];
    let mut child = host_error(&arguments, &server.endpoint(), folder.path());
    high_water(&mut child)
}

/// The most memory that a program has had at once, in MiB, when it has ended.
fn high_water(child: &mut Child) -> f64 {
    let process = child.id().to_string();
    let mut peak = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(mebibytes(&process, "VmHWM:"));
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// A line of `/proc/PROCESS/status`, in MiB; 0 if it is not there any more.
fn mebibytes(process: &str, name: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib: f64 = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}
