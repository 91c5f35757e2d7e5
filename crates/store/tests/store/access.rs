//! Sessions and the audit log.

use pipewright_store::engine::Timestamp;
use pipewright_store::{AuditEntry, Session};

use crate::sqlite::Home;

#[tokio::test]
async fn sessions_end_by_time_and_by_wish() {
    let home = Home::new();
    let store = home.store();
    let later = Timestamp(i64::MAX - 1);
    let session = |user: &str, expires_at| Session {
        user: user.to_owned(),
        stamp: "s".to_owned(),
        groups: vec!["ml".to_owned()],
        expires_at,
    };
    store.create_session("past".to_owned(), session("ada", Timestamp(5))).await.unwrap();
    store.create_session("a".to_owned(), session("ada", later)).await.unwrap();
    store.create_session("b".to_owned(), session("bob", later)).await.unwrap();
    let found = |hash: &str| store.session(hash.to_owned(), Timestamp(6));
    assert_eq!(found("a").await.unwrap(), Some(session("ada", later)));
    assert_eq!(found("past").await.unwrap(), None);
    store.delete_session("a".to_owned()).await.unwrap();
    assert_eq!(found("a").await.unwrap(), None);
    assert_eq!(found("b").await.unwrap().map(|session| session.user), Some("bob".to_owned()));
}

#[tokio::test]
async fn the_audit_log_is_read_newest_first() {
    let home = Home::new();
    let store = home.store();
    for number in 1..=5_u16 {
        let entry = AuditEntry {
            number: 0,
            at: Timestamp(i64::from(number)),
            user: "ada".to_owned(),
            method: "session".to_owned(),
            verb: "create".to_owned(),
            resource: "runs".to_owned(),
            namespace: if number % 2 == 0 { "team-a" } else { "default" }.to_owned(),
            path: "/apis/v2beta1/runs".to_owned(),
            status: 200 + number,
        };
        store.record_audit(entry).await.unwrap();
    }
    let newest = store.audit_entries(None, None, 2).await.unwrap();
    assert_eq!(newest.iter().map(|entry| entry.status).collect::<Vec<_>>(), [205, 204]);
    let rest = store.audit_entries(None, Some(newest[1].number), 1000).await.unwrap();
    assert_eq!(rest.iter().map(|entry| entry.at.0).collect::<Vec<_>>(), [3, 2, 1]);
    for (before, expected) in [(None, &[4, 2][..]), (Some(newest[1].number), &[2])] {
        let found = store.audit_entries(Some("team-a".to_owned()), before, 10).await.unwrap();
        assert_eq!(found.iter().map(|entry| entry.at.0).collect::<Vec<_>>(), expected);
    }
}
