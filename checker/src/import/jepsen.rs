//! Histories of operations that call, return and inform, read with guesses until one holds.

use super::edn::Notation;
use super::error::{ImportError, What};
use super::format::{Format, NilMeaning, Options};
use super::guess::Guess;
use super::keys::Keys;
use super::lines::Lines;
use super::log::Log;
use super::members::{Members, Operations};
use super::object::Object;
use super::operation::Operation;
use super::pairs::{Alphabet, Pairs, Placed};
use super::place::Place;
use super::read::Imported;
use super::registers::{self, Registers};
use super::source::Source;
use super::window::{Progress, Window};
use super::{counters, mutexes, queues, sets, strings, txns};
use crate::domain::Domain;
use crate::history::History;

/// What a file says, and how it was read.
pub(super) struct Jepsen {
    pub(super) history: Imported,
    pub(super) lines: Lines,
    pub(super) nil: NilMeaning,
    pub(super) keyed: bool,
    pub(super) timed: bool,
}

/// Why reading stopped.
enum Stop {
    Wrong(ImportError),
    /// The guess was wrong, as this place shows.
    Again(Place),
}

impl From<ImportError> for Stop {
    fn from(wrong: ImportError) -> Self {
        Stop::Wrong(wrong)
    }
}

/// Reads a file of one of the formats that have operations.
pub(super) fn read(
    source: &mut dyn Source,
    told: &mut dyn FnMut(Progress),
    format: Format,
    options: Options,
) -> Result<Jepsen, ImportError> {
    let mut guess = Guess::new(options);
    loop {
        guess.begin();
        let window = Window::new(&mut *source, &mut *told);
        let reading = match format {
            Format::PorcupineEtcd => guess.read(Log::new(window), format),
            Format::ElleJson => guess.read(Members::new(window, Notation::Json), format),
            _ => guess.read(Members::new(window, Notation::Edn), format),
        };
        let place = match reading {
            Ok(jepsen) => return Ok(jepsen),
            Err(Stop::Wrong(wrong)) => return Err(wrong),
            Err(Stop::Again(place)) => place,
        };
        match source.rewind() {
            Ok(true) => {}
            Ok(false) => return Err(place.error(What::Gone)),
            Err(why) => return Err(place.error(What::Unreadable(why.to_string()))),
        }
    }
}

impl Guess {
    /// Reads a file once, by this guess.
    fn read(&mut self, mut file: impl Operations, format: Format) -> Result<Jepsen, Stop> {
        if self.sorted {
            let held = held(&mut file)?;
            return self.read_in_order(held.into_iter(), format);
        }
        self.read_in_order(file, format)
    }

    fn read_in_order(&mut self, file: impl Operations, format: Format) -> Result<Jepsen, Stop> {
        let (object, keys) = (self.object, self.keys);
        let nil = self.nil(format);
        let source = match format {
            Format::PorcupineEtcd => registers::Source::EtcdLog,
            _ => registers::Source::Jepsen,
        };
        match object {
            Object::Register => {
                let alphabet = Registers::new(keys, nil, source);
                self.pair(file, alphabet, nil, Imported::Register)
            }
            Object::Set => self.pair(file, sets::Sets::new(keys, nil), nil, Imported::Set),
            Object::Counter => {
                let alphabet = counters::Counters::new(keys, nil);
                self.pair(file, alphabet, nil, Imported::Counter)
            }
            Object::Queue => self.pair(file, queues::Queues::new(keys, nil), nil, Imported::Queue),
            Object::Mutex => self.pair(file, mutexes::Mutexes::new(keys), nil, Imported::Mutex),
            Object::Txn => {
                let alphabet = txns::Txns::new(keys, nil, self.parts);
                self.pair(file, alphabet, nil, Imported::Txn)
            }
            Object::Append | Object::Kv => {
                self.pair(file, strings::Strings::new(nil), nil, Imported::Append)
            }
        }
    }

    /// Brings the operations of a file together to a history.
    fn pair<A: Alphabet>(
        &mut self,
        mut file: impl Operations,
        mut alphabet: A,
        nil: NilMeaning,
        imported: fn(History<A::Domain>) -> Imported,
    ) -> Result<Jepsen, Stop> {
        let (mut pairs, mut lines) = (Pairs::default(), Lines::default());
        let mut stop = None;
        let entries = std::iter::from_fn(|| {
            let next = self.next(&mut file, &mut pairs, &mut alphabet);
            next.unwrap_or_else(|why| {
                stop = Some(why);
                None
            })
        });
        let history = if A::DRAINS {
            let mut entries: Vec<Placed<A::Domain>> = entries.collect();
            pairs.end::<A>();
            let drains = std::mem::take(&mut pairs.drains);
            entries = drains.merge(entries, pairs.fresh(), &alphabet);
            place(entries, &mut lines)
        } else {
            place(entries, &mut lines)
        };
        if let Some(stop) = stop {
            return Err(stop);
        }
        if pairs.is_empty() {
            return Err(Place::START.error(What::Empty).into());
        }
        self.end().map_err(|what| Place::START.error(what))?;
        Ok(Jepsen {
            history: imported(history?),
            lines,
            nil,
            keyed: self.keys != Keys::None || A::OBJECT == Object::Append,
            timed: !pairs.are_bare(),
        })
    }

    /// The next entry that the operations of a file make.
    fn next<A: Alphabet>(
        &mut self,
        file: &mut impl Operations,
        pairs: &mut Pairs<A::Domain>,
        alphabet: &mut A,
    ) -> Result<Option<Placed<A::Domain>>, Stop> {
        if let Some(behind) = pairs.behind.take() {
            return Ok(Some(behind));
        }
        while let Some(operation) = file.next()? {
            let place = operation.place;
            self.see(&operation).map_err(|_| Stop::Again(place))?;
            match pairs.read(operation, alphabet) {
                Ok(None) => {}
                Ok(entry) => return Ok(entry),
                Err(what) => return Err(self.stop(file, place.error(what))),
            }
        }
        Ok(None)
    }

    /// What to do about something wrong: where the guess is, what it says may be right.
    fn stop(&mut self, file: &mut impl Operations, wrong: ImportError) -> Stop {
        while !self.is_sure() {
            match file.next() {
                Ok(Some(operation)) if self.see(&operation).is_err() => {
                    return Stop::Again(operation.place);
                }
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        Stop::Wrong(wrong)
    }
}

/// Entries as a history, and the line of each.
fn place<D: Domain>(
    entries: impl IntoIterator<Item = Placed<D>>,
    lines: &mut Lines,
) -> Result<History<D>, ImportError> {
    let entries = entries.into_iter().map(|(entry, line)| {
        lines.push(line);
        entry
    });
    let history = History::new(entries);
    history.map_err(|malformed| ImportError::of(&malformed, lines))
}

/// All operations of a file: by their index if each has one, else as they stand.
fn held(file: &mut impl Operations) -> Result<Vec<Operation>, ImportError> {
    let mut held = Vec::new();
    while let Some(operation) = file.next()? {
        held.push(operation);
    }
    if held.iter().all(|operation| operation.index.is_some()) {
        held.sort_by_key(|operation| operation.index);
        for pair in held.windows(2) {
            if pair[0].index == pair[1].index {
                let what = What::Index(pair[1].index.unwrap_or_default());
                return Err(pair[1].place.error(what));
            }
        }
    }
    Ok(held)
}
