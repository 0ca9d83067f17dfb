//! The invoice example under two hundred kills: no accepted run is lost, nothing is paid twice, nothing durable disappears.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value as Json;
use writ_tests::{App, HEAD};

use super::{
    invoices::{Filed, Invoices, Template, due},
    process::{Left, Moment, Random, Victim},
};

/// Kills in each folder: one where many unfinished runs come together, many where payments are made for the first time.
const ROUNDS: [usize; 17] = [
    40, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
];
/// Starts of hosts in a round beyond which kills never meet one alive.
const STARTS_MAX: usize = 4;
#[test]
fn two_hundred_kills_lose_nothing_and_repeat_nothing() {
    let template = Template::build();
    let mut random = Random(0x5eed);
    let mut phases = BTreeMap::new();
    for kills in ROUNDS {
        let mut round = Round::new(template.copy());
        for _ in 0..kills * STARTS_MAX {
            if round.kills < kills {
                round.kill(&mut random, &mut phases);
            }
        }
        assert_eq!(round.kills, kills, "hosts end before they can be killed");
        round.settle();
    }
    eprintln!("kills by phase: {phases:?}");
    for phase in [
        Phase::Opening,
        Phase::Recovering,
        Phase::Running,
        Phase::Finishing,
    ] {
        assert!(
            phases.contains_key(&phase),
            "no kill fell into {phase:?}: {phases:?}"
        );
    }
}

#[test]
fn an_end_that_was_told_is_durable() {
    // A run that waits keeps the host from stopping in order, which would make everything durable.
    let app = App::doing("  - pause:\n      wait: { minutes: 10 }\n");
    let mut host = Victim::start(app.path(), &["run", "."]);
    assert!(host.says("accepted run"));
    assert!(host.kill().struck);
    app.write(
        "workflow.yaml",
        &format!("{HEAD}do:\n  - done:\n      set: {{ answer: 42 }}\n"),
    );
    for ended in 1..=8 {
        let mut host = Victim::start(app.path(), &["run", "."]);
        assert!(host.says("the run completed"));
        assert!(host.kill().struck);
        let list = app.writ(&["runs", "list", "--json"]).expect(0).json();
        let runs = list.as_array().expect("runs are a list").iter();
        let completed = runs.filter(|run| run["status"] == "completed").count();
        assert_eq!(completed, ended, "an end was told and lost: {list}");
    }
}

/// How far a host was when it died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Opening,
    Recovering,
    Running,
    Finishing,
}

/// One folder with everything that was ever true of it.
struct Round {
    app: Invoices,
    kills: usize,
    /// Runs whose acceptance was printed.
    accepted: BTreeSet<String>,
    /// Runs whose completion was printed.
    completed: BTreeSet<String>,
    /// Beginnings of the ids of runs whose end was shown as progress.
    ended: BTreeSet<String>,
    /// Payments that were seen.
    payments: BTreeMap<String, Filed>,
    /// How many events of each run were seen.
    events: BTreeMap<String, u64>,
    /// Events of some runs, as they were told once.
    told: Vec<(String, Vec<String>)>,
}

impl Round {
    fn new(app: Invoices) -> Self {
        Self {
            app,
            kills: 0,
            accepted: BTreeSet::new(),
            completed: BTreeSet::new(),
            ended: BTreeSet::new(),
            payments: BTreeMap::new(),
            events: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    /// Starts a host, kills it, and looks at what it left.
    fn kill(&mut self, random: &mut Random, phases: &mut BTreeMap<Phase, usize>) {
        let arguments: &[&str] = match random.below(8) {
            0 => &["runs", "resume"],
            1 | 2 => &["run", ".", "--json"],
            _ => &["run", "."],
        };
        let host = Victim::start(self.app.path(), arguments);
        // While there is something to pay, half of the kills fall into the making of a payment or close to it.
        let left = if self.payments.len() < due().len() && random.below(2) == 0 {
            let begun = self.app.begun() + usize::try_from(random.below(5)).unwrap_or(0);
            host.die_when(|| self.app.begun() > begun, random.time_below_ms(3))
        } else {
            host.die(moment(random))
        };
        if left.struck {
            self.kills += 1;
            *phases.entry(phase(&left)).or_default() += 1;
        }
        self.note(&left);
        self.look();
        if random.below(4) == 0 {
            self.tell(random);
        }
    }

    /// What the host had promised.
    fn note(&mut self, left: &Left) {
        let told = |mark: &str| -> Vec<String> {
            left.err
                .iter()
                .filter_map(|line| line.strip_prefix(mark))
                .map(str::to_owned)
                .collect()
        };
        self.accepted.extend(told("accepted run "));
        for line in told("resumed run ") {
            self.completed
                .extend(line.strip_suffix(" completed").map(str::to_owned));
        }
        // `01a1fbf0-5138  the run completed with …`: the beginning of its id is enough.
        for line in &left.err {
            let Some((run, _)) = line.split_once("  the run completed") else {
                continue;
            };
            self.ended.insert(run.to_owned());
        }
        let Some(Ok(said)) = left.out.lines().last().map(serde_json::from_str::<Json>) else {
            return;
        };
        if said["status"] == "completed" {
            let run = said["run"].as_str().expect("runs are named").to_owned();
            self.accepted.insert(run.clone());
            self.completed.insert(run);
        }
    }

    /// What must hold whenever no host runs.
    fn look(&mut self) {
        let list = self.list();
        for (run, (status, events)) in &list {
            let before = self.events.insert(run.clone(), *events).unwrap_or(0);
            assert!(
                before <= *events,
                "run {run} had {before} events and has {events}"
            );
            let was_told = self.completed.contains(run)
                || self.ended.iter().any(|start| run.starts_with(start));
            assert!(
                status == "completed" || !was_told,
                "run {run} was told to be completed and is {status}"
            );
        }
        for run in self.accepted.iter().chain(self.events.keys()) {
            assert!(list.contains_key(run), "run {run} was accepted and is lost");
        }
        let payments = self.app.payments();
        for (name, filed) in &self.payments {
            assert_eq!(
                payments.get(name),
                Some(filed),
                "the payment {name} was touched again"
            );
        }
        if payments.len() > self.payments.len() {
            let intended = self.intended(list.keys());
            for (name, filed) in &payments {
                let payment: Json = serde_json::from_str(&filed.text).expect("a payment is whole");
                let digest = payment["sha256"]
                    .as_str()
                    .expect("a payment names its invoice");
                assert!(
                    intended.contains(digest),
                    "no journal knew of the payment {name} before it was made"
                );
            }
        }
        self.payments = payments;
    }

    /// Status and number of events of each run.
    fn list(&self) -> BTreeMap<String, (String, u64)> {
        let said = self.app.writ(&["runs", "list", "--json"]);
        if said.code == 2 && self.accepted.is_empty() {
            return BTreeMap::new();
        }
        let list = said.expect(0).json();
        let runs = list.as_array().expect("runs are a list").iter();
        runs.map(|run| {
            let text = |field: &str| run[field].as_str().expect("it is text").to_owned();
            (
                text("run"),
                (
                    text("status"),
                    run["events"].as_u64().expect("it is a number"),
                ),
            )
        })
        .collect()
    }

    fn events(&self, run: &str) -> Vec<String> {
        self.app
            .writ(&["runs", "events", run, "--json"])
            .expect(0)
            .out
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Digests of the invoices for whose payment some run has noted its intent.
    fn intended<'a>(&self, runs: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
        let mut intended = BTreeSet::new();
        for run in runs {
            let mut digests: BTreeMap<String, String> = BTreeMap::new();
            for line in self.events(run) {
                let record: Json = serde_json::from_str(&line).expect("events are JSON");
                let event = &record["event"];
                if let Some(digest) = event["output"]["invoice"]["digest"].as_str() {
                    digests.insert(event["index"].to_string(), digest.to_owned());
                }
                if event["call"]["function"] == "pay" {
                    intended.extend(digests.get(&event["index"].to_string()).cloned());
                }
            }
        }
        intended
    }

    /// Remembers what is told of one run, to compare it at the end.
    fn tell(&mut self, random: &mut Random) {
        let runs: Vec<&String> = self.events.keys().collect();
        if let Some(run) = usize::try_from(random.below(runs.len().max(1) as u64))
            .ok()
            .and_then(|one| runs.get(one))
        {
            let run = (*run).clone();
            self.told.push((run.clone(), self.events(&run)));
        }
    }

    /// Drives everything to its end.
    fn settle(mut self) {
        let last = self.app.writ(&["run", ".", "--json"]).expect(0).json();
        assert_eq!(last["output"]["paid"], due().len());
        let _ = self.app.writ(&["runs", "resume"]).expect(0);
        self.look();
        for (run, (status, _)) in self.list() {
            assert_eq!(status, "completed", "run {run} is {status}");
        }
        assert!(
            self.payments.keys().eq(due().iter()),
            "{:?}",
            self.payments.keys()
        );
        assert_eq!(self.app.leftovers(), Vec::<std::path::PathBuf>::new());
        for (run, told) in &self.told {
            assert!(
                self.events(run).starts_with(told),
                "the story of run {run} changed"
            );
        }
        let _ = self.app.writ(&["doctor"]).expect(0);
    }
}

/// Most kills fall anywhere; the others wait for what is quickly over.
fn moment(random: &mut Random) -> Moment {
    match random.below(12) {
        0..=5 => Moment::Elapsed(random.time_below_ms(400)),
        6 => Moment::Elapsed(Duration::from_millis(200) + random.time_below_ms(600)),
        7 => Moment::Said("resuming run", random.time_below_ms(30)),
        8 => Moment::Said("accepted run", random.time_below_ms(20)),
        9 => Moment::Said("triage started", random.time_below_ms(60)),
        10 => Moment::Said("triage started", random.time_below_ms(15)),
        _ => Moment::Said("the run completed", random.time_below_ms(8)),
    }
}

fn phase(left: &Left) -> Phase {
    let said = |text: &str| left.err.iter().any(|line| line.contains(text));
    if said("the run completed") {
        Phase::Finishing
    } else if is_taking_up(&left.err) {
        Phase::Recovering
    } else if said("triage started") || said("accepted run") || said("resuming run") {
        Phase::Running
    } else {
        Phase::Opening
    }
}

/// Whether a run was taken up, and nothing else was told of it yet. The new one was accepted before, and may be under way.
fn is_taking_up(err: &[String]) -> bool {
    let got_on = |line: &str, run: &str| line.starts_with(run) && !line.contains("was recovered");
    err.iter().enumerate().any(|(at, line)| {
        line.strip_prefix("resuming run ")
            .is_some_and(|run| !err[at + 1..].iter().any(|line| got_on(line, run)))
    })
}
