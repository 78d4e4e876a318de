//! Ranges that change owner when members join or leave: offer, confirm, transfer, drop (§4.9).
//!
//! Each part of the circle goes from one that ceases to own it to one that begins to. Until the new
//! owner has it all, it does not pass for a replica that knows every write: it says so when it is
//! asked ([`Message::NotYet`]), and it vouches for a write only once the old owner is known to act by
//! the new ring. The old owner keeps what it has until the new one has it on disk.
//!
//! An old owner that does not answer is not waited for for ever: after thirty claims the copies of the
//! others will do. If it is cut off and does not know of the change, puts with a W of one still succeed
//! there, and no R finds them until it is back.
//!
//! While changes overlap, some nodes may pass over a view that others acted by, and claim a range from
//! one that has given it to another already: it cannot tell that from a range in which nothing was put,
//! and hands over what it has left. So an owner may then lack what two others hold, until anti-entropy
//! has compared them, and quorums need not meet until then. Nothing that was acknowledged is lost.

mod give;
mod plan;
mod state;
mod take;
#[cfg(test)]
mod tests;

pub(super) use state::Transfers;
