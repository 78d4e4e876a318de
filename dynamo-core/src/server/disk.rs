//! What survives: the records of a node in one redb file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use crate::{Time, Write};

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
    sync: bool,
}

/// What a disk held when it was opened.
pub(super) struct Found {
    pub(super) disk: Disk,
    pub(super) records: Records,
    /// The latest time that the node may have acted at.
    pub(super) clock: Time,
}

impl Disk {
    /// Opens the file of a folder, and makes both where there is none.
    pub(super) fn open(folder: &Path, sync: bool) -> Result<Found, String> {
        fs::create_dir_all(folder).map_err(|why| why.to_string())?;
        let database = Database::create(file(folder)).map_err(|why| why.to_string())?;
        let (records, clock) = read(&database).map_err(|why| why.to_string())?;
        Ok(Found {
            disk: Disk { database, sync },
            records,
            clock,
        })
    }

    /// Brings these writes to the disk, all or nothing, with the time until which the node has acted.
    pub(super) fn apply<'w>(
        &self,
        writes: impl Iterator<Item = &'w Write>,
        now: Time,
    ) -> Result<(), String> {
        self.commit(writes, now, self.sync)
            .map_err(|why| why.to_string())
    }

    /// Brings to the disk what was not synced.
    pub(super) fn flush(&self, now: Time) -> Result<(), String> {
        self.commit(std::iter::empty(), now, true)
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
            let found = Disk::open(&folder, sync).expect("a new folder opens");
            let writes = [write("a", Some("1")), write("b", Some("2"))];
            found
                .disk
                .apply(writes.iter(), Time(7))
                .expect("it has room");
            let writes = [write("a", None), write("b", Some("3"))];
            found
                .disk
                .apply(writes.iter(), Time(9))
                .expect("it has room");
            found.disk.flush(Time(11)).expect("it has room");
            drop(found);
            let found = Disk::open(&folder, sync).expect("it opens again");
            assert_eq!(
                found.records,
                Records::from([(b"b".to_vec(), b"3".to_vec())])
            );
            assert_eq!(found.clock, Time(11));
        }
        let _ = fs::remove_dir_all(folder);
    }

    #[test]
    fn one_process_at_a_time_and_no_file_of_others() {
        let folder = folder("other");
        let found = Disk::open(&folder, true).expect("a new folder opens");
        let why = Disk::open(&folder, true)
            .map(|_| ())
            .expect_err("it is open");
        assert!(
            why.contains("already open") || why.contains("lock"),
            "{why}"
        );
        drop(found);
        fs::write(file(&folder), b"no database").expect("the folder is there");
        assert!(Disk::open(&folder, true).is_err());
        let _ = fs::remove_dir_all(folder);
    }
}
