//! Runs that are taken up: held to what is signed then, to what this host has seen, and to what they began with.

use super::{
    Desk, READ, WRITE, has, refused,
    stranger::{Key, statement},
};

/// An app whose run waits long enough to be interrupted.
fn waiting(requests: &str) -> Desk {
    let desk = Desk::strict(requests);
    let _ = desk.key("alice", "reviewer");
    desk.change(
        "workflow.yaml",
        "do:\n",
        "do:\n  - rest: { wait: { milliseconds: 1500 } }\n",
    );
    desk.approve("alice");
    desk
}

/// The signed writ of the plugin again, approved in this year and with so many of its grants.
fn signed(desk: &Desk, year: u16, grants: usize) -> String {
    let mut again = statement(&desk.read(&desk.paper("")));
    again["predicate"]["approved"] = format!("{year}-01-01T00:00:00.000Z").into();
    let all = again["predicate"]["grants"].as_array_mut();
    all.expect("a list").truncate(grants);
    Key::of(desk, "alice").envelope(&again)
}

#[test]
fn a_run_that_is_taken_up_is_held_to_it_as_well() {
    let desk = waiting(READ);
    desk.interrupted();
    let paper = desk.read(&desk.paper(""));
    desk.remove(&desk.paper(""));
    has(
        &desk.writ(&["runs", "resume"]).expect(6).err,
        &["stays unfinished", "plugin files has no signed writ"],
    );
    desk.app.write(&desk.paper(""), &paper);
    let _ = desk
        .writ(&["grant", "revoke", ".", "files", "--key", "alice"])
        .expect(0);
    has(
        &desk.writ(&["runs", "resume"]).expect(6).err,
        &["stays unfinished", "was revoked by alice+"],
    );
    desk.approve("alice");
    let _ = desk.writ(&["runs", "resume"]).expect(0);
}

#[test]
fn a_wider_writ_of_before_is_no_way_back_for_a_run() {
    let desk = waiting(&format!("{READ}{WRITE}"));
    let paper = desk.paper("");
    let (wide, narrow) = (signed(&desk, 2020, 2), signed(&desk, 2021, 1));
    desk.app.write(&paper, &narrow);
    desk.interrupted();
    desk.app.write(&paper, &wide);
    has(
        &desk.writ(&["runs", "resume"]).expect(6).err,
        &[
            "stays unfinished",
            "was approved 2020-01-01",
            "an old one was put back",
        ],
    );
    desk.app.write(&paper, &narrow);
    let _ = desk.writ(&["runs", "resume"]).expect(0);
}

#[test]
fn a_run_goes_on_with_the_writ_that_it_began_with() {
    let desk = waiting(&format!("{READ}{WRITE}"));
    let paper = desk.paper("");
    let (older, newer) = (signed(&desk, 2020, 2), signed(&desk, 2021, 1));
    desk.app.write(&paper, &older);
    desk.interrupted();
    // Meanwhile a newer one was used, in a run that is taken up with it as well.
    desk.app.write(&paper, &newer);
    desk.interrupted();
    desk.app.write(&paper, &older);
    let said = desk.writ(&["runs", "resume", "--json"]).expect(6);
    let ended = said.json();
    assert_eq!(ended.as_array().map(Vec::len), Some(1), "{ended}");
    assert_eq!(ended[0]["output"], "hello");
    desk.app.write(&paper, &newer);
    let _ = desk.writ(&["runs", "resume"]).expect(0);
}

#[test]
fn what_a_run_was_taken_up_on_is_remembered() {
    let desk = waiting(READ);
    let paper = desk.paper("");
    let (older, newer) = (signed(&desk, 2020, 1), signed(&desk, 2021, 1));
    desk.app.write(&paper, &older);
    desk.interrupted();
    desk.app.write(&paper, &newer);
    let _ = desk.writ(&["runs", "resume"]).expect(0);
    desk.app.write(&paper, &older);
    refused(
        desk.writ(&["run", "."]),
        4,
        &["was approved 2020-01-01", "this host has used the one of"],
        &["put the newer one back"],
    );
}
