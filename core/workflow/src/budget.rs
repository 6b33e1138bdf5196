//! What a workflow may still use, and whether it has used more than its request allows.

use aegis_contracts::agent::BudgetRemaining;
use aegis_contracts::flow::Name;
use aegis_contracts::time::Timestamp;

use crate::codes;
use crate::state::{Failure, Share, Work, Workflow};

/// Why nothing more begins, if the workflow would go on at `at`.
pub(crate) fn over_budget(workflow: &Workflow, at: &Name, now: Timestamp) -> Option<Failure> {
    let budget = workflow.budget?;
    let usage = workflow.usage;
    let minutes = now.since(workflow.created_at).as_secs_f64() / 60.0;
    let message = if budget.max_cost_usd.is_some_and(|max| usage.cost_usd > max) {
        format!(
            "the agents have cost ${:.4}, more than `max_cost_usd` allows; a new workflow may be given more",
            usage.cost_usd
        )
    } else if budget
        .max_tokens
        .is_some_and(|max| usage.total_tokens() > max)
    {
        format!(
            "the agents have used {} tokens, more than `max_tokens` allows; a new workflow may be given more",
            usage.total_tokens()
        )
    } else if budget.max_duration_minutes.is_some_and(|max| minutes > max) {
        format!(
            "{minutes:.1} minutes have passed, more than `max_duration_minutes` allows; a new workflow may be given more"
        )
    } else {
        return None;
    };
    Some(Failure {
        code: codes::BUDGET_EXCEEDED.to_owned(),
        message,
        at: at.clone(),
        of: None,
        stopped: Vec::new(),
    })
}

impl Workflow {
    /// What an attempt may use that begins now, if what is left is shared with others that wait, so that `among` get the
    /// same. What those at work may use is not left. `None`: without a budget, and for an attempt that is alone.
    pub(crate) fn share(&self, among: usize) -> Option<Share> {
        let budget = self.budget?;
        if among <= 1 && self.work().is_empty() {
            return None;
        }
        let among = u32::try_from(among.max(1)).unwrap_or(u32::MAX);
        let (mut cost, mut tokens) = (self.usage.cost_usd, self.usage.total_tokens());
        for work in self.work() {
            let may = |share: &Share| (share.max_cost_usd, share.max_tokens);
            let (may_cost, may_tokens) = work.share.as_ref().map_or((None, None), may);
            cost += work.usage.cost_usd.max(may_cost.unwrap_or_default());
            let may_tokens = may_tokens.unwrap_or_default();
            tokens = tokens.saturating_add(work.usage.total_tokens().max(may_tokens));
        }
        Some(Share {
            max_cost_usd: budget
                .max_cost_usd
                .map(|max| (max - cost).max(0.0) / f64::from(among)),
            max_tokens: budget
                .max_tokens
                .map(|max| max.saturating_sub(tokens) / u64::from(among)),
        })
    }

    /// What is left for an attempt at work; `None` without a budget.
    pub fn budget_remaining(&self, work: &Work, now: Timestamp) -> Option<BudgetRemaining> {
        let budget = self.budget?;
        let spent = now.since(self.created_at).as_secs_f64();
        let left = |minutes: f64| (minutes * 60.0 - spent).max(0.0).floor() as u64;
        let share = work.share.unwrap_or(Share {
            max_cost_usd: budget
                .max_cost_usd
                .map(|max| (max - self.usage.cost_usd).max(0.0)),
            max_tokens: budget
                .max_tokens
                .map(|max| max.saturating_sub(self.usage.total_tokens())),
        });
        Some(BudgetRemaining {
            max_cost_usd: share.max_cost_usd,
            max_tokens: share.max_tokens,
            seconds: budget.max_duration_minutes.map(left),
        })
    }
}
