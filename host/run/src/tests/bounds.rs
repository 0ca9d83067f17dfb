//! Bounds: of a step, of a run, of what is live; and that a step's cost does not grow.

use serde_json::json;

use crate::{Limits, Signal, Status};

use super::harness::{Host, define, with_limits};

#[test]
fn an_endless_loop_faults_with_a_clear_problem_that_nothing_catches() {
    let limits = Limits {
        tasks_max: 500,
        ..Limits::default()
    };
    for body in [
        "do: [{a: {set: {x: 1}, then: a}}]",
        "do: [{t: {try: [{a: {raise: {error: {type: 'urn:x', status: 400}}}}], catch: {errors: {with: {status: 400}}}, then: t}}]",
        "do: [{t: {try: [{a: {raise: {error: {type: 'urn:x', status: 400}}}}], catch: {retry: {delay: {seconds: 0}}}}}]",
    ] {
        let definition = with_limits(body, limits);
        let mut host = Host::new(&definition);
        host.strict = false;
        host.run_to_end(json!({}));
        assert_eq!(host.error().r#type, "urn:writ:error:limit", "{body}");
        assert!(host.error().detail.unwrap().contains("500 tasks"));
    }
}

#[test]
fn one_advance_does_so_much_and_asks_to_go_on() {
    let limits = Limits {
        steps_per_advance_max: 10,
        ..Limits::default()
    };
    let definition = with_limits(
        "do: [{l: {for: {in: '${ [range(100)] }'}, do: [{a: {set: {x: 1}}}]}}]",
        limits,
    );
    let mut host = Host::new(&definition);
    host.run_to_end(json!({}));
    assert_eq!(host.output(), json!({"x": 1}));
}

#[test]
fn nesting_and_live_tasks_are_bounded() {
    let limits = Limits {
        nesting_max: 2,
        live_tasks_max: 4,
        ..Limits::default()
    };
    for (body, what) in [
        (
            "do: [{a: {do: [{b: {do: [{c: {do: [{d: {set: {x: 1}}}]}}]}}]}}]",
            "2 tasks inside tasks",
        ),
        (
            "do: [{a: {fork: {branches: [{b: {set: {x: 1}}}, {c: {set: {x: 1}}}, {d: {set: {x: 1}}}, {e: {set: {x: 1}}}]}}}]",
            "4 live tasks",
        ),
    ] {
        let definition = with_limits(body, limits);
        let error = Host::new(&definition).run_to_end(json!({})).error();
        assert!(error.detail.unwrap().contains(what), "{body}");
    }
}

#[test]
fn a_value_that_grows_deeper_without_end_is_refused_before_a_journal_could_not_read_it() {
    for body in [
        "do: [{a: {set: {x: '${ . }'}, then: a}}]",
        "do: [{a: {for: {in: '${ [1] }'}, metadata: {writ: {concurrency: 1}}, do: [{w: {wait: PT0S}}], then: a}}]",
    ] {
        let definition = define(body);
        let error = Host::new(&definition).run_to_end(json!({})).error();
        assert!(error.detail.unwrap().contains("100 levels"), "{body}");
    }
}

#[test]
fn ten_thousand_steps_leave_no_more_behind_than_ten() {
    let definition = define("do: [{l: {for: {in: '${ [range(.n)] }'}, do: [{a: {set: {x: 1}}}]}}]");
    for n in [10, 10_000] {
        let mut host = Host::new(&definition);
        host.strict = false;
        host.run_to_end(json!({"n": n}));
        assert_eq!(host.journal.len(), n + 4);
        assert_eq!(host.run.state.next_task, n as u64 + 1);
        assert!(
            host.run.state.live.is_empty()
                && host.run.life.todo.is_empty()
                && host.run.life.outstanding.is_empty()
        );
    }
}

#[test]
fn signals_before_the_start_do_nothing() {
    let definition = define("do: [{a: {set: {x: 1}}}]");
    let mut host = Host::new(&definition);
    for signal in [
        Signal::Woken,
        Signal::Recovered,
        Signal::Suspend,
        Signal::Cancel {
            reason: String::new(),
        },
    ] {
        host.signal(signal);
    }
    assert_eq!(
        (host.run.status(), host.journal.len()),
        (Status::Pending, 0)
    );
}
