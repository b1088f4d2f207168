//! WebSockets that are made anew when they end: attempts and pauses, the queue, the ends.

mod ends;
mod healing;
mod queue;
mod restarts;
mod resuming;
mod scene;
