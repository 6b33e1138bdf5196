//! States that cannot be read: counted, taken out of what is due, kept.

use aegis_contracts::ids::WorkflowId;
use aegis_contracts::time::Timestamp;
use aegis_engine::ports::{Table, Write};
use aegis_workflow::STATE_VERSION;
use async_trait::async_trait;

use super::index::due;
use super::table::{THEN, commit, later, open};
use crate::flow::stored;
use crate::life::Life;

/// Puts any text in the place of a stored state, as broken code or an operator would.
#[async_trait]
pub trait Vandal: Send + Sync {
    async fn overwrite(&self, id: &WorkflowId, json: &str);
}

fn far() -> Timestamp {
    later(1_000_000)
}

async fn is_due(table: &dyn Table, life: &Life) -> bool {
    due(table, &[life], far()).await == [life.id().clone()]
}

async fn broken(table: &dyn Table, vandal: &dyn Vandal) -> Life {
    let life = open(table, "broken", THEN).await;
    vandal.overwrite(life.id(), "{\"half\":").await;
    life
}

/// The table is read by the tests that come after, too.
async fn mend(table: &dyn Table, vandal: &dyn Vandal, life: &Life) {
    let json = serde_json::to_string(&life.workflow).unwrap();
    vandal.overwrite(life.id(), &json).await;
    commit(table, life, &life.cancelled(later(1))).await;
}

pub async fn what_cannot_be_read_is_counted(table: &dyn Table, vandal: &dyn Vandal) {
    let life = broken(table, vandal).await;
    for expected in 1..=3 {
        assert_eq!(table.count_unreadable(life.id()).await, Ok(expected));
    }
    assert!(
        table
            .load(life.id())
            .await
            .is_err_and(|error| error.is_permanent())
    );
    assert!(is_due(table, &life).await, "counting changes nothing else");
    let nobody = WorkflowId::derive("contract", "nobody's");
    assert_eq!(table.count_unreadable(&nobody).await, Ok(0));
    assert_eq!(
        table.load(&nobody).await,
        Ok(None),
        "nor does it make an item"
    );
    table.quarantine(life.id()).await.unwrap();
    mend(table, vandal, &life).await;
}

pub async fn the_quarantined_are_kept_and_not_due(table: &dyn Table, vandal: &dyn Vandal) {
    let life = broken(table, vandal).await;
    assert_eq!(table.quarantine(life.id()).await, Ok(Write::Done));
    assert!(!is_due(table, &life).await);
    assert_eq!(table.history(life.id()).await, Ok(vec![life.entry.clone()]));
    // Mended: the next write counts from the beginning, and puts it back where the sweep looks.
    let json = serde_json::to_string(&life.workflow).unwrap();
    vandal.overwrite(life.id(), &json).await;
    assert_eq!(
        table.load(life.id()).await,
        Ok(Some(stored(&life.workflow)))
    );
    let touched = life.dispatched(later(1));
    let outcome = table.touch(life.workflow.seq, &touched.workflow).await;
    assert_eq!(outcome, Ok(Write::Done));
    assert!(is_due(table, &life).await);
    assert_eq!(table.count_unreadable(life.id()).await, Ok(1));
    commit(table, &touched, &touched.cancelled(later(2))).await;
}

pub async fn what_can_be_read_is_never_quarantined(table: &dyn Table, vandal: &dyn Vandal) {
    let life = open(table, "readable", THEN).await;
    assert_eq!(table.quarantine(life.id()).await, Ok(Write::Conflict));
    assert!(is_due(table, &life).await);
    let mut newer = serde_json::to_value(&life.workflow).unwrap();
    newer["state_version"] = (STATE_VERSION + 1).into();
    vandal.overwrite(life.id(), &newer.to_string()).await;
    assert_eq!(table.quarantine(life.id()).await, Ok(Write::Conflict));
    assert!(is_due(table, &life).await, "newer code will look");
    let nobody = WorkflowId::derive("contract", "nobody's");
    assert_eq!(table.quarantine(&nobody).await, Ok(Write::Conflict));
    mend(table, vandal, &life).await;
}
