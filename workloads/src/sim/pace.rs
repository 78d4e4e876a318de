//! How fast things go in the simulator when nothing is wrong.

/// Bounds of all durations, in microseconds, and the most events a run may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A message between two replicas takes this long or longer; most of them not much.
    pub message_us_min: u64,
    /// No message takes longer, unless a fault delays it.
    pub message_us_max: u64,
    /// The least time between a client and its node, each way.
    pub client_us_min: u64,
    /// The most time between a client and its node, each way.
    pub client_us_max: u64,
    /// The least time until a store is durable.
    pub sync_us_min: u64,
    /// The most time until a store is durable, when no store waits before it.
    pub sync_us_max: u64,
    /// A client gives up after this time; the outcome is then unknown.
    pub patience_us: u64,
    /// A run with more events than this has a replica that does not come to rest.
    pub events_max: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            message_us_min: 200,
            message_us_max: 5_000,
            client_us_min: 100,
            client_us_max: 500,
            sync_us_min: 100,
            sync_us_max: 2_000,
            patience_us: 1_000_000,
            events_max: 5_000_000,
        }
    }
}
