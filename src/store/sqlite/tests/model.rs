//! Any run of commits, reopenings and crashes answers as the engine in memory does.

use proptest::prelude::*;

use super::*;
use crate::store::memory::Memory;
use crate::store::tests::Time;
use crate::store::{AuditKeep, AuditMatch, AuditQuery, AuditRow};

#[derive(Debug, Clone)]
enum Step {
    Commit(Commit),
    Trim(Uuid, AuditKeep),
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

fn an_entry() -> impl Strategy<Value = AuditRow> {
    (0..6_u64, 0..4_u128, 0..3_u8, any::<u16>()).prop_map(|(at, id, kind, data)| AuditRow {
        at,
        id: Uuid::from_u128(id),
        kind,
        data: data.to_be_bytes().to_vec(),
    })
}

/// What is asked, but for the match on the data: with an odd number of entries asked for there is one.
type Asked = (Option<u64>, Option<u64>, Vec<u8>, u64, u64, u64);

fn a_question() -> impl Strategy<Value = Asked> {
    let time = || proptest::option::of(0..6_u64);
    let kinds = proptest::collection::vec(0..3_u8, 0..3);
    (time(), time(), kinds, 0..20_u64, 0..5_u64, 0..20_u64)
}

fn query((after, before, kinds, newest, skip, take): Asked) -> AuditQuery {
    let matches = (take % 2 == 1).then(|| -> AuditMatch { Box::new(|data| data[1] < 128) });
    AuditQuery {
        after,
        before,
        kinds,
        matches,
        newest,
        skip,
        take,
    }
}

fn a_step() -> impl Strategy<Value = Step> {
    let puts = || proptest::collection::vec(a_put(), 0..4);
    let change = prop_oneof![
        2 => puts().prop_map(Change::Create),
        12 => puts().prop_map(Change::Update),
        1 => Just(Change::Delete),
    ];
    let audit = proptest::collection::vec(an_entry(), 0..4);
    let commit = (1..4_u128, change, audit).prop_map(|(number, change, audit)| Commit {
        tenant: tenant(number),
        change,
        audit,
    });
    let keep = (0..8_u64, 0..4_u64).prop_map(|(newest, since)| AuditKeep { newest, since });
    let trim = (1..4_u128, keep).prop_map(|(number, keep)| Step::Trim(tenant(number), keep));
    prop_oneof![12 => commit.prop_map(Step::Commit), 1 => trim, 1 => Just(Step::Reopen), 1 => Just(Step::Crash)]
}

fn same(store: &Sqlite, model: &Memory, asked: &Asked) {
    for number in 1..4 {
        assert_eq!(rows(store, tenant(number)), rows(model, tenant(number)));
        for query in [|_: Asked| everything(), query] {
            let pages = [
                store.audit(tenant(number), query(asked.clone())),
                model.audit(tenant(number), query(asked.clone())),
            ];
            let [page, expected] = pages.map(|page| wait(page).unwrap());
            assert_eq!(page, expected);
        }
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
    fn the_engine_answers_as_the_model_does(steps in proptest::collection::vec(a_step(), 1..60), asked in a_question()) {
        let disk = Disk::new();
        let model = Memory::new(Time::new().clock());
        let mut store = disk.open();
        for step in steps {
            match step {
                Step::Commit(commit) => {
                    let answers = [wait(store.commit(commit.clone())), wait(model.commit(commit))];
                    prop_assert_eq!(format!("{:?}", answers[0]), format!("{:?}", answers[1]));
                }
                Step::Trim(tenant, keep) => {
                    let answers = [wait(store.trim_audit(tenant, keep)), wait(model.trim_audit(tenant, keep))];
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
        same(&store, &model, &asked);
    }
}
