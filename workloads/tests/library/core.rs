//! Sound stores that say nothing of their mechanisms are not blamed: the core in many shapes.

use checker::Note;
use checker::note::Setup;
use dynamo_core::{ReadRepair, Resolution};
use dynamometer::drive::{Run, Undriven, drive};
use dynamometer::fault::{Fate, Fault};
use dynamometer::harness::Terms;
use dynamometer::load;
use dynamometer::plan::Shape;
use dynamometer::prelude::*;
use dynamometer::subject::reference::Reference;
use dynamometer::subject::{Ask, Happening, Subject, Unsupported};

/// The core with mechanisms that its test does not speak of.
struct Silent {
    shape: fn(Shape) -> Shape,
}

impl Bench for Silent {
    fn run(&self, plan: &Plan, terms: &Terms) -> Result<Run, Undriven> {
        let nodes = terms.shape.nodes;
        let Shape { n, r, w, .. } = terms.shape;
        // What a shape of this seed leaves to chance, with the quorum that was said.
        let drawn = Shape {
            nodes,
            n,
            r,
            w,
            ..load::shape(plan.seed)
        };
        let shape = (self.shape)(drawn).legal();
        let mut subject = Unsaid {
            core: Reference::new(plan.seed, shape, None),
            setup: terms.setup.clone(),
        };
        drive(plan, &mut subject)
    }
}

/// The core with another word on what it promises.
struct Unsaid {
    core: Reference,
    setup: Option<Setup>,
}

impl Subject for Unsaid {
    fn setup(&mut self, keys: &[String]) -> Vec<Note> {
        let mut notes = self.core.setup(keys);
        notes.retain(|note| !matches!(note, Note::Setup(_)));
        notes.splice(..0, self.setup.clone().map(Note::Setup));
        notes
    }

    fn submit(&mut self, ask: Ask) {
        self.core.submit(ask);
    }

    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time {
        self.core.advance(until, out)
    }

    fn fault(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Unsupported> {
        self.core.fault(window, fault, begins)
    }

    fn inspect(&mut self, keys: &[String]) -> Vec<Note> {
        self.core.inspect(keys)
    }

    fn fates(&self) -> Vec<(Time, u64, Fate)> {
        self.core.fates()
    }

    fn trace(&self) -> u64 {
        self.core.trace()
    }
}

fn core(nodes: u32, shape: fn(Shape) -> Shape) -> Undeclared<Silent> {
    Undeclared::new(nodes, Silent { shape })
}

/// No mechanism but quorums.
fn bare(shape: Shape) -> Shape {
    Shape {
        sloppy: false,
        hints: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..shape
    }
}

fn is_not_blamed<B: Bench>(test: Test<B>) {
    let held = test.runs(60).seed_base(20_261_126).check();
    let siblings = &held.promises[&Promise::SiblingPreservation];
    assert!(siblings.held * 10 > held.runs * 9, "{held}");
}

#[test]
fn quorums_alone_keep_siblings() {
    is_not_blamed(core(3, bare).keeps_siblings());
    is_not_blamed(core(5, bare).keeps_siblings());
}

#[test]
fn whatever_else_a_strict_quorum_has_it_keeps_siblings() {
    let strict = |shape| Shape {
        sloppy: false,
        ..shape
    };
    is_not_blamed(core(4, strict).keeps_siblings());
}

#[test]
fn a_sloppy_quorum_with_hints_keeps_siblings() {
    let sloppy = |shape| Shape {
        sloppy: true,
        hints: true,
        anti_entropy: false,
        ..shape
    };
    is_not_blamed(core(5, sloppy).keeps_siblings());
}

#[test]
fn quorums_that_do_not_overlap_are_not_held_to_complete_reads() {
    is_not_blamed(core(3, bare).keeps_siblings().quorum(3, 1, 1));
    is_not_blamed(core(4, |shape| shape).keeps_siblings().quorum(3, 1, 2));
}

#[test]
fn where_the_last_writer_wins_the_others_may_be_gone() {
    let last_writer = |shape| Shape {
        resolution: Resolution::LastWriterWins,
        ..shape
    };
    is_not_blamed(core(3, last_writer).last_writer_wins());
    is_not_blamed(core(5, last_writer).last_writer_wins().quorum(3, 1, 1));
}
