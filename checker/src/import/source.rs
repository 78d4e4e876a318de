//! Where bytes come from, and whether they can be had a second time.

use std::io::{self, Read, Seek, SeekFrom};

/// How much of a stream is kept so that it can be read again.
const KEPT_MAX: usize = 64 << 20;

/// Bytes that may be read again from their beginning.
pub(super) trait Source {
    /// As [`Read::read`].
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Goes back to the beginning; false where that is not possible any more.
    fn rewind(&mut self) -> io::Result<bool>;
}

/// A file, or bytes in memory.
#[derive(Debug)]
pub(super) struct Seekable<R> {
    inner: R,
    start: u64,
}

impl<R: Read + Seek> Seekable<R> {
    pub(super) fn new(mut inner: R) -> io::Result<Self> {
        let start = inner.stream_position()?;
        Ok(Seekable { inner, start })
    }
}

impl<R: Read + Seek> Source for Seekable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.inner.seek(SeekFrom::Start(self.start))?;
        Ok(true)
    }
}

/// A stream, of which the beginning is kept while it is short.
#[derive(Debug)]
pub(super) struct Stream<R> {
    inner: R,
    kept: Vec<u8>,
    /// How many of the kept bytes were given out since the last rewinding.
    given: usize,
    whole: bool,
}

impl<R: Read> Stream<R> {
    pub(super) fn new(inner: R) -> Self {
        Stream {
            inner,
            kept: Vec::new(),
            given: 0,
            whole: true,
        }
    }
}

impl<R: Read> Source for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given < self.kept.len() {
            let length = buffer.len().min(self.kept.len() - self.given);
            buffer[..length].copy_from_slice(&self.kept[self.given..][..length]);
            self.given += length;
            return Ok(length);
        }
        let length = self.inner.read(buffer)?;
        if self.whole && self.kept.len() + length <= KEPT_MAX {
            self.kept.extend_from_slice(&buffer[..length]);
            self.given = self.kept.len();
        } else if self.whole {
            (self.whole, self.kept, self.given) = (false, Vec::new(), 0);
        }
        Ok(length)
    }

    fn rewind(&mut self) -> io::Result<bool> {
        self.given = 0;
        Ok(self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &mut dyn Source) -> usize {
        let (mut buffer, mut length) = (vec![0; 1 << 20], 0);
        loop {
            match source.read(&mut buffer).expect("bytes in memory") {
                0 => return length,
                more => length += more,
            }
        }
    }

    #[test]
    fn a_short_stream_can_be_read_again_at_any_time() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut stream = Stream::new(&bytes[..]);
        let mut half = [0; 100];
        assert_eq!(stream.read(&mut half).expect("bytes in memory"), 100);
        assert!(stream.rewind().expect("it is short"));
        assert_eq!(all(&mut stream), 256);
        assert!(stream.rewind().expect("it is short"));
        assert_eq!(all(&mut stream), 256);
    }

    #[test]
    fn a_long_stream_can_be_read_once() {
        let mut stream = Stream::new(io::repeat(1).take(KEPT_MAX as u64 + 1));
        assert_eq!(all(&mut stream), KEPT_MAX + 1);
        assert!(!stream.rewind().expect("that is no error"));
        assert!(stream.kept.is_empty());
    }

    #[test]
    fn a_file_is_read_again_from_where_it_began() {
        let mut cursor = io::Cursor::new([1, 2, 3]);
        cursor.set_position(1);
        let mut source = Seekable::new(cursor).expect("bytes in memory");
        assert_eq!(all(&mut source), 2);
        assert!(source.rewind().expect("bytes in memory"));
        assert_eq!(all(&mut source), 2);
    }
}
