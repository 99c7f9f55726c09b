//! Any run of commits, reopenings and crashes answers as the engine in memory does.

use proptest::prelude::*;

use super::*;
use crate::store::memory::Memory;
use crate::store::tests::Time;

#[derive(Debug, Clone)]
enum Step {
    Commit(Commit),
    Reopen,
    Crash,
}

fn a_put() -> impl Strategy<Value = Put> {
    let expect = prop_oneof![4 => Just(Expect::Any), 1 => Just(Expect::Absent), 1 => (1..6_u64).prop_map(Expect::Rev)];
    let data = proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..20));
    let expires = proptest::option::weighted(0.2, Just(u64::MAX));
    (0..2_u8, 0..4_u8, expect, data, expires).prop_map(|(kind, id, expect, data, expires)| Put {
        kind: Kind(kind),
        id: vec![id; usize::from(id)].into(),
        expect,
        data,
        // The end of time is cut to what a column holds; the model is not.
        expires: expires.map(|at| at / 4),
    })
}

fn a_step() -> impl Strategy<Value = Step> {
    let puts = || proptest::collection::vec(a_put(), 0..4);
    let change = prop_oneof![
        2 => puts().prop_map(Change::Create),
        12 => puts().prop_map(Change::Update),
        1 => Just(Change::Delete),
    ];
    let commit = (1..4_u128, change).prop_map(|(number, change)| Commit {
        tenant: tenant(number),
        change,
        audit: Vec::new(),
    });
    prop_oneof![12 => commit.prop_map(Step::Commit), 1 => Just(Step::Reopen), 1 => Just(Step::Crash)]
}

fn same(store: &Sqlite, model: &Memory) {
    for number in 1..4 {
        assert_eq!(rows(store, tenant(number)), rows(model, tenant(number)));
    }
    for kind in [Kind(0), Kind(1)] {
        let mut listed = [
            wait(store.list(kind)).unwrap(),
            wait(model.list(kind)).unwrap(),
        ];
        for list in &mut listed {
            list.sort_by_key(|entry| entry.0);
        }
        assert_eq!(listed[0], listed[1]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_engine_answers_as_the_model_does(steps in proptest::collection::vec(a_step(), 1..60)) {
        let disk = Disk::new();
        let model = Memory::new(Time::new().clock());
        let mut store = disk.open();
        for step in steps {
            match step {
                Step::Commit(commit) => {
                    let answers = [wait(store.commit(commit.clone())), wait(model.commit(commit))];
                    prop_assert_eq!(format!("{:?}", answers[0]), format!("{:?}", answers[1]));
                }
                Step::Reopen => {
                    wait(store.close()).unwrap();
                    store = disk.open();
                }
                Step::Crash => {
                    drop(store);
                    store = disk.open();
                }
            }
        }
        same(&store, &model);
    }
}
