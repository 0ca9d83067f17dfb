//! Whatever is done in whatever order, a journal answers as a plain model in memory does, also after it was opened again.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Say {
        run: u8,
        length: usize,
    },
    Set {
        run: u8,
        key: u8,
        value: Option<usize>,
    },
    Flush,
    Reopen {
        forget_state: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let length = prop_oneof![0usize..100, 3900usize..4300];
    prop_oneof![
        5 => (0u8..3, length).prop_map(|(run, length)| Step::Say { run, length }),
        5 => (0u8..3, 0u8..4, proptest::option::of(0usize..5000)).prop_map(|(run, key, value)| Step::Set { run, key, value }),
        2 => Just(Step::Flush),
        1 => any::<bool>().prop_map(|forget_state| Step::Reopen { forget_state }),
    ]
}

#[derive(Default)]
struct Model {
    events: BTreeMap<u8, Vec<Event>>,
    pairs: BTreeMap<String, Vec<u8>>,
}

fn agree(journal: &Journal, model: &Model) {
    for (n, events) in &model.events {
        let kept: Vec<Event> = journal
            .read(run(*n))
            .unwrap()
            .map(|record| record.unwrap().event)
            .collect();
        assert_eq!(&kept, events);
    }
    let keys: Vec<String> = model.pairs.keys().cloned().collect();
    assert_eq!(journal.kv_keys("b", None, 100).unwrap(), keys);
    for (key, value) in &model.pairs {
        assert_eq!(journal.kv_get("b", key).unwrap().as_ref(), Some(value));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_journal_is_its_model(steps in proptest::collection::vec(step(), 1..40)) {
        let home = dir();
        let mut journal = open_small(home.path()).0;
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Say { run: n, length } => {
                    let event = said("z".repeat(length));
                    journal.append(run(n), 1, std::slice::from_ref(&event)).unwrap();
                    model.events.entry(n).or_default().push(event);
                }
                Step::Set { run: n, key, value } => {
                    let (key, value) = (format!("k{key}"), value.map(|length| vec![key; length]));
                    let event = set("b", &key, value.as_deref());
                    journal.append(run(n), 1, std::slice::from_ref(&event)).unwrap();
                    model.events.entry(n).or_default().push(event);
                    match value {
                        Some(value) => model.pairs.insert(key, value),
                        None => model.pairs.remove(&key),
                    };
                }
                Step::Flush => journal.flush_blocking(journal.head()).unwrap(),
                Step::Reopen { forget_state } => {
                    journal.close().unwrap();
                    if forget_state {
                        std::fs::remove_dir_all(home.path().join("state")).unwrap();
                    }
                    let (again, opened) = open_small(home.path());
                    prop_assert_eq!(opened.repairs, vec![]);
                    journal = again;
                }
            }
            agree(&journal, &model);
        }
        journal.close().unwrap();
        crate::audit::verify(home.path()).unwrap();
    }
}
