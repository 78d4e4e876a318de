//! First-in-first-out queues, one for each key: enqueue, dequeue.

mod counts;
mod items;
mod order;
mod queues;
mod refute;

pub use queues::Queues;
