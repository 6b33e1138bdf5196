//! Whether an attempt may go on: what the workflow's budget has left for it, and what it has used.

use std::time::Duration;

use aegis_contracts::agent::BudgetRemaining;
use aegis_contracts::usage::Usage;

use crate::agent::WorkError;
use crate::context::WorkContext;

/// Returns once the attempt has used more than it may: the work stops there, not at its end. Never without a budget.
pub async fn exceeded(ctx: &WorkContext) -> WorkError {
    let Some(left) = ctx.task().budget_remaining else {
        return std::future::pending().await;
    };
    let what = tokio::select! {
        what = overspent(ctx, &left) => what,
        what = overdue(&left) => what,
    };
    let message = format!(
        "{what}, more than the workflow's budget had left; a new workflow may be given more"
    );
    WorkError::permanent("budget_exceeded", message)
}

async fn overspent(ctx: &WorkContext, left: &BudgetRemaining) -> String {
    let mut spent = ctx.spent();
    loop {
        let usage = *spent.borrow_and_update();
        if let Some(what) = over(left, &usage) {
            return what;
        }
        if spent.changed().await.is_err() {
            // Nobody spends any more.
            return std::future::pending().await;
        }
    }
}

async fn overdue(left: &BudgetRemaining) -> String {
    let Some(seconds) = left.seconds else {
        return std::future::pending().await;
    };
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    format!("the attempt has taken {seconds} s")
}

fn over(left: &BudgetRemaining, usage: &Usage) -> Option<String> {
    if left.max_cost_usd.is_some_and(|max| usage.cost_usd > max) {
        return Some(format!("the attempt has cost ${:.4}", usage.cost_usd));
    }
    let tokens = usage.total_tokens();
    left.max_tokens
        .is_some_and(|max| tokens > max)
        .then(|| format!("the attempt has used {tokens} tokens"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_may_be_used_up() {
        let left = BudgetRemaining {
            max_cost_usd: Some(0.5),
            max_tokens: Some(100),
            seconds: None,
        };
        let used = |tokens, cost_usd| Usage {
            input_tokens: tokens,
            output_tokens: 10,
            cost_usd,
        };
        assert_eq!(over(&left, &used(90, 0.5)), None);
        assert!(over(&left, &used(91, 0.0)).is_some_and(|what| what.contains("101 tokens")));
        assert!(over(&left, &used(0, 0.51)).is_some_and(|what| what.contains("$0.51")));
        assert_eq!(over(&BudgetRemaining::default(), &used(1 << 40, 1e9)), None);
    }
}
