//! Makes the plan that failed as short as it can be.

/// Leaves out of the plan what it fails without: of the commands first many at once, then single ones.
pub(crate) fn shrink<P: Clone, C>(plan: P, commands: fn(&mut P) -> &mut Vec<C>, fails: impl Fn(&P) -> bool) -> P {
    let mut plan = plan;
    let mut step = commands(&mut plan).len() / 2;
    while step > 0 {
        let mut at = 0;
        while at < commands(&mut plan).len() {
            let mut shorter = plan.clone();
            let left = commands(&mut shorter);
            left.drain(at..(at + step).min(left.len()));
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
