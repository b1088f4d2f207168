//! What deciding which wire serves whom (pure) takes: no more is known of a wire there.

/// What the pool must know of a wire.
pub(super) trait Pooled {
    /// Has it served before? A request that just failed on a used wire wants a fresh one.
    fn is_used(&self) -> bool;
    /// May it serve (again)? Asked when it is about to be lent.
    fn is_sound(&mut self) -> bool;
    /// How many more exchanges a wire can carry now that carries several at a time; `None` while it takes no new ones. It is not
    /// moved to who borrows it, but shared.
    fn room(&self) -> Option<usize> {
        None
    }
    /// Does it carry several exchanges at a time?
    fn carries_several(&self) -> bool {
        false
    }
    /// Does nobody know yet how many exchanges such a wire carries?
    fn may_carry_more(&self) -> bool {
        false
    }
    /// Is whatever comes next better off on another one?
    fn is_burdened(&self) -> bool {
        false
    }
    /// Another hold of such a wire; `None` for one that carries one exchange at a time.
    fn share(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}
