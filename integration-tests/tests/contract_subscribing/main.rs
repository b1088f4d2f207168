//! Contract C, who is told: the slot, added subscribers, streams, inheritance, slow subscribers, and subscribers that act.

mod inheritance;
mod inside;
mod slot;
mod slow;
mod streams;
