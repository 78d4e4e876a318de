//! A store of one node that keeps one value a key, under every fault of the simulator.

use dynamometer::prelude::*;

/// What is on the disk is all it knows.
struct Shelf(Disk);

impl Replica for Shelf {
    /// What nodes say to one another: there is one node only.
    type Message = ();

    fn handle(&mut self, _now: Time, input: Input<()>, out: &mut Vec<Output<()>>) {
        match input {
            Input::Request {
                id,
                request: Request::Get { key },
            } => {
                let values = self.0.get(&key).cloned().into_iter().collect();
                let reply = Reply::Values {
                    values,
                    context: vec![],
                };
                out.push(Output::Reply { id, reply });
            }
            Input::Request {
                id,
                request: Request::Put { key, value, .. },
            } => {
                self.0.insert(key.clone(), value.clone());
                let writes = vec![(key, Some(value))];
                out.push(Output::Store { ticket: id, writes });
            }
            // Only what is durable is acknowledged: try it the other way round.
            Input::Stored { ticket: id } => out.push(Output::Reply {
                id,
                reply: Reply::Stored,
            }),
            _ => {}
        }
    }
}

#[test]
fn keeps_its_promises() {
    simulate(|boot| Shelf(boot.disk.clone()))
        .last_writer_wins()
        .nodes(1)
        .check();
}
