//! What goes in comes out, and what does not fit is refused alike.

use crate::testing::each_store;
use crate::{StoreError, Value, params};
use sipar_model::TimestampMs;

const TABLE: &str =
    "create table v(id bigint primary key, small smallint, real double precision, words text, raw bytea)";

#[test]
fn every_kind_comes_back_as_it_went_in() {
    each_store(|store| async move {
        store.write(|tx| tx.batch(TABLE)).await.expect("a table");
        let row = store
            .write(|tx| {
                let raw: &[u8] = &[0, 1, 255];
                tx.execute(
                    "insert into v(id, small, real, words, raw) values (?1, ?2, ?3, ?4, ?5)",
                    params![TimestampMs(i64::MAX), true, 2, "سپر ?1 'x'", raw],
                )?;
                tx.execute("insert into v(id, words) values (?1, ?2)", params![i64::MIN, Option::<String>::None])?;
                tx.query_one("select id, small, real, words, raw from v where words = ?1", params!["سپر ?1 'x'"])
            })
            .await
            .expect("written and read");
        assert_eq!(row.get::<TimestampMs>(0), TimestampMs(i64::MAX));
        assert!(row.get::<bool>(1));
        assert!((row.get::<f64>(2) - 2.0).abs() < f64::EPSILON);
        assert_eq!(row.get::<String>(3), "سپر ?1 'x'");
        assert_eq!(row.get::<Vec<u8>>(4), vec![0, 1, 255]);
        let nulls = store.read(|r| r.query_one("select small, real, words, raw from v where id < ?1", params![0]));
        let nulls = nulls.await.expect("the row of nulls");
        assert_eq!(nulls.get::<Option<i16>>(0), None);
        assert_eq!(nulls.get::<Option<f64>>(1), None);
        assert_eq!(nulls.get::<Option<String>>(2), None);
        assert_eq!(nulls.get::<Option<Vec<u8>>>(3), None);
    });
}

#[test]
fn a_wrong_kind_is_an_error_that_names_the_column() {
    each_store(|store| async move {
        let error = store
            .read(|r| r.query_one("select cast(1 as bigint), 'two'", params![])?.try_get::<i64>(1))
            .await
            .expect_err("text is no integer");
        assert_eq!(error.to_string(), "column 1 holds text, where a 64-bit integer was asked for");
        let error = store
            .read(|r| r.query_one("select cast(70000 as bigint)", params![])?.try_get::<i16>(0))
            .await
            .expect_err("too large");
        assert!(error.to_string().contains("70000"), "{error}");
    });
}

#[test]
fn what_no_column_can_hold_is_refused() {
    each_store(|store| async move {
        store.write(|tx| tx.batch(TABLE)).await.expect("a table");
        let check = async |words: Value<'static>, id: Value<'static>| {
            let refused = store
                .write(move |tx| tx.execute("insert into v(id, words) values (?1, ?2)", &[id.clone(), words.clone()]))
                .await;
            assert!(matches!(refused, Err(StoreError::Statement { .. })), "{refused:?}");
        };
        check("a\0b".into(), 1.into()).await;
        check("a".into(), u64::MAX.into()).await;
    });
}

#[test]
fn portable_statements_mean_the_same() {
    each_store(|store| async move {
        let check = async |sql: &'static str, expect: i64| {
            let got = store.read(move |r| r.query_one(sql, params![])?.try_get::<i64>(0)).await;
            assert_eq!(got.expect(sql), expect, "{sql}");
        };
        check("select case when 'abc' like 'ABC' then 1 else 0 end", 0).await;
        check("select case when 'a' < 'B' then 1 else 0 end", 0).await;
        check("select count(*) from (select 1 as n where 1 = 0) as none", 0).await;
        check("with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select count(*) from n", 9)
            .await;
        check("select cast(coalesce(sum(x), 7) as bigint) from (select 1 as x where 1 = 0) as none", 7).await;
    });
}
