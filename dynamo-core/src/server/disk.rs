//! What survives: the records of a node in one redb file.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use crate::{Time, Write, record};

/// The records, by name: keys, hints, the membership history, ranges on their way.
const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");
/// What the host itself must know again: see [`Disk::apply`].
const HOST: TableDefinition<&str, u64> = TableDefinition::new("host");
/// The latest time by the clock of the node.
const CLOCK: &str = "clock_us";
/// The version of all this.
const FORMAT: (&str, u64) = ("format", 1);

/// Records as a node starts from them.
pub(super) type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A disk that is open, for one process at a time.
#[derive(Debug)]
pub(super) struct Disk {
    database: Database,
}

/// What a disk held when it was opened.
pub(super) struct Found {
    pub(super) disk: Disk,
    pub(super) records: Records,
    /// The latest time that the node may have acted at.
    pub(super) clock: Time,
}

/// Some records that follow each other by name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Names and values.
    pub(super) records: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether others follow.
    pub(super) goes_on: bool,
}

/// How large a page may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) records: usize,
    /// Of names and values. One record is always let in.
    pub(super) bytes: usize,
}

impl Disk {
    /// Opens the file of a folder, and makes both where there is none.
    pub(super) fn open(folder: &Path) -> Result<Found, String> {
        fs::create_dir_all(folder).map_err(|why| why.to_string())?;
        let database = Database::create(file(folder)).map_err(|why| why.to_string())?;
        let (records, clock) = read(&database).map_err(|why| why.to_string())?;
        Ok(Found {
            disk: Disk { database },
            records,
            clock,
        })
    }

    /// Brings these writes to the disk, all or nothing, with the time until which the node has acted.
    /// Synced, so is all that came before.
    pub(super) fn apply<'w>(
        &self,
        writes: impl Iterator<Item = &'w Write>,
        now: Time,
        sync: bool,
    ) -> Result<(), String> {
        self.commit(writes, now, sync)
            .map_err(|why| why.to_string())
    }

    fn commit<'w>(
        &self,
        writes: impl Iterator<Item = &'w Write>,
        now: Time,
        sync: bool,
    ) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        if !sync {
            transaction.set_durability(Durability::None)?;
        }
        {
            let mut records = transaction.open_table(RECORDS)?;
            for Write { key, value } in writes {
                match value {
                    Some(value) => records.insert(key.as_slice(), value.as_slice())?,
                    None => records.remove(key.as_slice())?,
                };
            }
            transaction.open_table(HOST)?.insert(CLOCK, now.0)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What is kept of keys, as data and as hints, by the names of the records: those after this name, as
    /// many as there is room for. Each page is of one moment, two need not be.
    pub(super) fn page(&self, after: Option<&[u8]>, room: Room) -> Result<Page, String> {
        self.read_page(after, room).map_err(|why| why.to_string())
    }

    fn read_page(&self, after: Option<&[u8]>, room: Room) -> Result<Page, redb::Error> {
        let [first, end] = record::HOLDINGS;
        let from = match after {
            Some(name) => Bound::Excluded(name.max(first)),
            None => Bound::Included(first),
        };
        let mut page = Page {
            records: Vec::new(),
            goes_on: false,
        };
        if after.is_some_and(|name| name >= end) {
            return Ok(page);
        }
        let transaction = self.database.begin_read()?;
        let records = transaction.open_table(RECORDS)?;
        let mut bytes = 0;
        for entry in records.range::<&[u8]>((from, Bound::Excluded(end)))? {
            let (name, value) = entry?;
            bytes += name.value().len() + value.value().len();
            let first = page.records.is_empty();
            if !first && (page.records.len() >= room.records || bytes > room.bytes) {
                page.goes_on = true;
                break;
            }
            let record = (name.value().to_vec(), value.value().to_vec());
            page.records.push(record);
        }
        Ok(page)
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("node.redb")
}

fn read(database: &Database) -> Result<(Records, Time), redb::Error> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(RECORDS)?;
        let mut host = transaction.open_table(HOST)?;
        let format = host.get(FORMAT.0)?.map(|format| format.value());
        match format {
            None => {
                host.insert(FORMAT.0, FORMAT.1)?;
            }
            Some(format) if format == FORMAT.1 => {}
            Some(format) => {
                let why = format!(
                    "it is of format {format}, and this program knows {}",
                    FORMAT.1
                );
                return Err(redb::Error::Corrupted(why));
            }
        }
    }
    transaction.commit()?;
    let transaction = database.begin_read()?;
    let mut records = Records::new();
    for entry in transaction.open_table(RECORDS)?.iter()? {
        let (name, value) = entry?;
        records.insert(name.value().to_vec(), value.value().to_vec());
    }
    let clock = transaction.open_table(HOST)?.get(CLOCK)?;
    Ok((records, Time(clock.map_or(0, |clock| clock.value()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("dynamo-disk-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn write(name: &str, value: Option<&str>) -> Write {
        Write {
            key: name.into(),
            value: value.map(Into::into),
        }
    }

    #[test]
    fn what_was_applied_is_found_again_with_the_latest_time() {
        let folder = folder("again");
        for sync in [true, false] {
            let found = Disk::open(&folder).expect("a new folder opens");
            let writes = [write("a", Some("1")), write("b", Some("2"))];
            found
                .disk
                .apply(writes.iter(), Time(7), sync)
                .expect("it has room");
            let writes = [write("a", None), write("b", Some("3"))];
            found
                .disk
                .apply(writes.iter(), Time(9), sync)
                .expect("it has room");
            let nothing = std::iter::empty();
            found
                .disk
                .apply(nothing, Time(11), true)
                .expect("it has room");
            drop(found);
            let found = Disk::open(&folder).expect("it opens again");
            assert_eq!(
                found.records,
                Records::from([(b"b".to_vec(), b"3".to_vec())])
            );
            assert_eq!(found.clock, Time(11));
        }
        let _ = fs::remove_dir_all(folder);
    }

    #[test]
    fn pages_follow_each_other_and_show_what_is_kept_of_keys() {
        let folder = folder("pages");
        let found = Disk::open(&folder).expect("a new folder opens");
        let disk = found.disk;
        let names = ["d", "da", "db", "dc", "h0000a", "m", "s", "t"];
        let writes = names.map(|name| write(name, Some("1")));
        disk.apply(writes.iter(), Time(7), true)
            .expect("it has room");
        let pages = |records: usize, bytes: usize| {
            let (mut pages, mut after) = (Vec::new(), None);
            loop {
                let room = Room { records, bytes };
                let page = disk.page(after.as_deref(), room).expect("it is read");
                after = page.records.last().map(|(name, _)| name.clone());
                let names = page.records.into_iter().map(|(name, _)| name);
                let names = names.map(|name| String::from_utf8(name).expect("it is text"));
                pages.push(names.collect::<Vec<_>>().join(" "));
                if !page.goes_on {
                    return pages;
                }
            }
        };
        assert_eq!(pages(9, 99), ["d da db dc h0000a"]);
        assert_eq!(pages(2, 99), ["d da", "db dc", "h0000a"]);
        assert_eq!(pages(5, 99), ["d da db dc h0000a"]);
        assert_eq!(pages(9, 5), ["d da", "db", "dc", "h0000a"]);
        assert_eq!(pages(9, 0).len(), 5);
        let room = Room {
            records: 9,
            bytes: 99,
        };
        let beyond = disk.page(Some(b"s"), room).expect("it is read");
        assert_eq!((beyond.records.len(), beyond.goes_on), (0, false));
        let all = disk.page(Some(b"a"), room).expect("it is read");
        assert_eq!(
            all.records.len(),
            4,
            "but for what the name itself stands for"
        );
        let _ = fs::remove_dir_all(folder);
    }

    #[test]
    fn one_process_at_a_time_and_no_file_of_others() {
        let folder = folder("other");
        let found = Disk::open(&folder).expect("a new folder opens");
        let why = Disk::open(&folder).map(|_| ()).expect_err("it is open");
        assert!(
            why.contains("already open") || why.contains("lock"),
            "{why}"
        );
        drop(found);
        fs::write(file(&folder), b"no database").expect("the folder is there");
        assert!(Disk::open(&folder).is_err());
        let _ = fs::remove_dir_all(folder);
    }
}
