//! Stories of a few nodes: what they promise together, and how each flaw breaks it.

mod alone;
mod background;
mod buffering;
mod clients;
mod coordination;
mod deletes;
mod durability;
mod flaws;
mod foreground;
mod freshness;
mod handoff;
mod handovers;
mod membership;
mod mending;
mod network;
mod oracle;
mod overlaps;
mod robustness;
mod routing;
mod sins;
mod soak;
mod strays;
mod suspicion;
mod terms;
mod words;
mod writebacks;
