//! Makes the plan that failed as short as it can be.

use crate::plan::Plan;

/// Leaves out of the plan what it fails without: of the commands first many at once, then single ones.
pub(crate) fn shrink(plan: Plan, fails: impl Fn(&Plan) -> bool) -> Plan {
    let mut plan = plan;
    let mut step = plan.commands.len() / 2;
    while step > 0 {
        let mut at = 0;
        while at < plan.commands.len() {
            let mut shorter = plan.clone();
            shorter.commands.drain(at..(at + step).min(plan.commands.len()));
            if fails(&shorter) {
                plan = shorter;
            } else {
                at += step;
            }
        }
        step /= 2;
    }
    plan
}
