//! Many rows at once mean the same as one by one.

use super::make_table;
use crate::testing::each_store;
use crate::{Bulk, Column, StoreError, params, values};

const BULK: Bulk<'static> = Bulk {
    into: "insert into thing(id, name)",
    columns: &[Column::Bigint, Column::Text],
    then: "on conflict (id) do update set name = thing.name || excluded.name",
};

#[test]
fn rows_of_equal_key_count_one_after_the_other() {
    each_store(|store| async move {
        make_table(&store).await;
        let touched = store
            .write(|tx| {
                tx.bulk(&BULK, [values![1, "a"], values![2, "b"]])?;
                tx.bulk(&BULK, [values![1, "c"], values![3, "d"], values![1, "e"]])
            })
            .await;
        assert_eq!(touched.expect("written"), 3);
        let rows = store.read(|r| r.query("select name from thing order by id", params![])).await.expect("read");
        let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, ["ace", "b", "d"]);
    });
}

#[test]
fn more_rows_than_one_part_holds() {
    each_store(|store| async move {
        make_table(&store).await;
        let touched = store.write(|tx| tx.bulk(&BULK, (0..45_000).map(|id| values![id, Some("n")]))).await;
        assert_eq!(touched.expect("written"), 45_000);
        assert_eq!(super::count(&store).await, 45_000);
    });
}

#[test]
fn execute_many_and_query_many_keep_the_order() {
    each_store(|store| async move {
        make_table(&store).await;
        let sql = "insert into thing(id, name) values (?1, ?2) on conflict (id) do nothing";
        let touched = store.write(move |tx| tx.execute_many(sql, (0..1_000).map(|id| values![id / 2, "x"]))).await;
        assert_eq!(touched.expect("written"), 500);
        let answers = store
            .read(|r| r.query_many("select id from thing where id = ?1", (0..600).rev().map(|id| values![id])))
            .await
            .expect("read");
        let found: Vec<usize> = answers.iter().map(Vec::len).collect();
        assert_eq!(found, [vec![0; 100], vec![1; 500]].concat());
        assert_eq!(answers[100][0].get::<i64>(0), 499);
    });
}

#[test]
fn a_refused_row_undoes_all_rows() {
    each_store(|store| async move {
        make_table(&store).await;
        let refused = store
            .write(|tx| {
                let rows = (0..1_000).map(|id| values![id % 999, "x"]);
                tx.execute_many("insert into thing(id, name) values (?1, ?2)", rows)
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{refused:?}");
        assert_eq!(super::count(&store).await, 0);
    });
}
