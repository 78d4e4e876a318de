//! First-in-first-out queues, one for each key: enqueue, dequeue.

mod queues;

pub use queues::Queues;
