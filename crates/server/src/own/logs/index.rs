//! Where lines begin in a log that may grow: every [`STEP`]th of them, found once and kept while the log is read.
//!
//! A log is scanned once for line ends; afterwards any line is at most [`STEP`] lines away from a known offset.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pipewright_store::{MASK, Masks};

use crate::reach::open_itself;

/// Lines between two known offsets.
const STEP: u64 = 256;
/// Logs whose lines are known at once.
const KEPT: usize = 64;
const CHUNK: usize = 1 << 20;
/// Bytes of a line that are shown.
pub(super) const CUT: usize = 16 << 10;

/// A log and its index.
type Kept = (PathBuf, Arc<Mutex<Index>>);

/// The lines of the logs that were read of late; a cheap handle.
#[derive(Clone, Default)]
pub(crate) struct Indexes {
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

impl Indexes {
    /// Returns the index of a log, an empty one when it was not read of late.
    pub(super) fn of(&self, path: &Path) -> Arc<Mutex<Index>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(known, _)| known == path).and_then(|at| kept.remove(at));
        let (path, index) = found.unwrap_or_else(|| (path.to_owned(), Arc::default()));
        kept.push_back((path, index.clone()));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        index
    }
}

/// What is known of one log.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Offsets of lines 0, STEP, 2 STEP, …
    offsets: Vec<u64>,
    scanned: u64,
    /// Line ends so far.
    ends: u64,
    /// Where the line after the last end begins.
    last: u64,
}

/// One line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) offset: u64,
    pub(super) text: String,
    /// Its whole length in bytes, when it was cut.
    pub(super) cut: Option<u64>,
}

impl Index {
    /// Looks at what was written since; a missing file is an empty log.
    pub(super) fn catch_up(&mut self, path: &Path) -> io::Result<Option<File>> {
        let mut file = match open_itself(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length < self.scanned {
            *self = Self::default();
        }
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        if length > self.scanned {
            file.seek(SeekFrom::Start(self.scanned))?;
            let mut chunk = vec![0; CHUNK.min(usize::try_from(length - self.scanned).unwrap_or(CHUNK))];
            loop {
                let count = file.read(&mut chunk)?;
                if count == 0 {
                    break;
                }
                for at in memchr::memchr_iter(b'\n', &chunk[..count]) {
                    self.ends += 1;
                    self.last = self.scanned + at as u64 + 1;
                    if self.ends.is_multiple_of(STEP) {
                        self.offsets.push(self.last);
                    }
                }
                self.scanned += count as u64;
            }
        }
        Ok(Some(file))
    }

    pub(super) fn size(&self) -> u64 {
        self.scanned
    }

    /// Lines that have ended, and the one that has not.
    pub(super) fn lines(&self) -> u64 {
        self.ends + u64::from(self.last < self.scanned)
    }

    pub(super) fn ended_lines(&self) -> u64 {
        self.ends
    }

    /// Returns the number of the line that holds this byte.
    pub(super) fn line_at(&self, file: &mut File, offset: u64) -> io::Result<u64> {
        let known = self.offsets.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.offsets.get(known).copied().unwrap_or(0);
        let mut line = known as u64 * STEP;
        let mut left = offset.min(self.scanned).saturating_sub(start);
        file.seek(SeekFrom::Start(start))?;
        let mut chunk = vec![0; CHUNK];
        while left > 0 {
            let wanted = chunk.len().min(usize::try_from(left).unwrap_or(chunk.len()));
            let count = file.read(&mut chunk[..wanted])?;
            if count == 0 {
                break;
            }
            line += memchr::memchr_iter(b'\n', &chunk[..count]).count() as u64;
            left -= count as u64;
        }
        Ok(line.min(self.lines().saturating_sub(1)))
    }

    /// Reads lines, at most `count` of them and about `bytes` of text, with the values of secrets hidden.
    pub(super) fn read(
        &self,
        file: &mut File,
        first: u64,
        (count, bytes): (u64, u64),
        masks: &Masks,
    ) -> io::Result<Vec<Line>> {
        let last = self.lines().min(first.saturating_add(count));
        if first >= last {
            return Ok(Vec::new());
        }
        let margin = masks.longest();
        let mut reader = Reader::new(file, self.offset_before(first), self.scanned)?;
        for _ in 0..first % STEP {
            reader.line(0)?;
        }
        // What stands before and behind may be a part of the same value.
        let mut text = reader.before(margin)?;
        let mut lines: Vec<(u64, Range<usize>, u64)> = Vec::new();
        let mut taken = 0;
        for _ in first..last {
            let offset = reader.at;
            let (line, length) = reader.line(CUT + margin)?;
            let start = text.len();
            text.extend_from_slice(&line);
            lines.push((offset, start..text.len(), length));
            text.push(b'\n');
            taken += line.len() as u64;
            if taken >= bytes {
                break;
            }
        }
        if margin > 0 {
            text.extend(reader.line(margin)?.0);
        }
        let spans = masks.spans(&text);
        let shown = lines.into_iter().map(|(offset, range, length)| {
            let mut line = masked(&text, &range, &spans);
            let is_cut = length > range.len() as u64 || line.len() > CUT;
            if is_cut {
                line.truncate(CUT);
            }
            let text = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
            Line { offset, text, cut: is_cut.then_some(length) }
        });
        Ok(shown.collect())
    }

    fn offset_before(&self, line: u64) -> u64 {
        usize::try_from(line / STEP).ok().and_then(|at| self.offsets.get(at)).copied().unwrap_or(0)
    }
}

/// Returns a part of a text without what the spans cover.
fn masked(text: &[u8], range: &Range<usize>, spans: &[Range<usize>]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(range.len());
    let mut at = range.start;
    for span in &spans[spans.partition_point(|span| span.end <= range.start)..] {
        if span.start >= range.end {
            break;
        }
        shown.extend_from_slice(&text[at..span.start.max(at)]);
        shown.extend_from_slice(MASK.as_bytes());
        at = span.end.min(range.end);
    }
    shown.extend_from_slice(&text[at..range.end]);
    shown
}

/// Reads line by line up to a known length.
struct Reader<'f> {
    file: &'f mut File,
    /// Of the next line.
    at: u64,
    end: u64,
    chunk: Vec<u8>,
    used: usize,
}

impl<'f> Reader<'f> {
    fn new(file: &'f mut File, at: u64, end: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(at))?;
        Ok(Self { file, at, end, chunk: Vec::new(), used: 0 })
    }

    /// Returns up to `most` bytes before the next line, and goes on there.
    fn before(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let count = (most as u64).min(self.at);
        if count == 0 {
            return Ok(Vec::new());
        }
        self.file.seek(SeekFrom::Start(self.at - count))?;
        let mut text = vec![0; usize::try_from(count).unwrap_or_default()];
        self.file.read_exact(&mut text)?;
        (self.chunk, self.used) = (Vec::new(), 0);
        Ok(text)
    }

    /// Returns the next line's first bytes and its whole length, both without its end.
    fn line(&mut self, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let (mut line, mut length) = (Vec::new(), 0);
        loop {
            if self.used == self.chunk.len() {
                let read = self.at + length;
                let wanted = self.end.saturating_sub(read).min(64 << 10);
                if wanted == 0 {
                    break;
                }
                self.chunk.resize(usize::try_from(wanted).unwrap_or_default(), 0);
                let count = self.file.read(&mut self.chunk)?;
                self.chunk.truncate(count);
                self.used = 0;
                if count == 0 {
                    break;
                }
            }
            let rest = &self.chunk[self.used..];
            let end = memchr::memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            let room = most.saturating_sub(line.len()).min(part.len());
            line.extend_from_slice(&part[..room]);
            length += part.len() as u64;
            self.used += part.len() + usize::from(end.is_some());
            if end.is_some() {
                self.at += length + 1;
                return Ok((line, length));
            }
        }
        self.at += length;
        Ok((line, length))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn any_line_is_found_while_the_log_grows() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut index = Index::default();
        let mut text = String::new();
        let mut written = 0;
        for until in [0, 1, 255, 256, 257, 1000, 3000] {
            while written < until {
                writeln!(text, "line {written} {}", "x".repeat(written % 50)).unwrap();
                written += 1;
            }
            std::fs::write(file.path(), format!("{text}open")).unwrap();
            let mut open = index.catch_up(file.path()).unwrap().unwrap();
            assert_eq!((index.lines(), index.ended_lines()), (until as u64 + 1, until as u64));
            let expected: Vec<&str> = text.lines().chain(["open"]).collect();
            for first in [0, 1, 254, 255, 256, 511, 2998, until as u64] {
                let lines = index.read(&mut open, first, (4, u64::MAX), &Masks::default()).unwrap();
                let wanted = expected.iter().skip(first as usize).take(4);
                assert!(lines.iter().map(|line| &line.text).eq(wanted), "{first} of {until}: {lines:?}");
                for (number, line) in lines.iter().enumerate() {
                    let found = index.line_at(&mut open, line.offset).unwrap();
                    assert_eq!(found, first + number as u64);
                }
            }
        }
    }

    #[test]
    fn secrets_are_hidden_across_lines_and_long_lines_are_cut() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let long = "y".repeat(CUT - 3);
        writeln!(file, "a hunter2 b\nkey=one\ntwo\nrest\n{long}hunter2 {}", "z".repeat(40_000)).unwrap();
        let mut index = Index::default();
        let mut open = index.catch_up(file.path()).unwrap().unwrap();
        let masks = Masks::new([b"hunter2".to_vec(), b"one\ntwo".to_vec()]);
        let texts = |first| -> Vec<String> {
            let lines = index.read(&mut open.try_clone().unwrap(), first, (3, u64::MAX), &masks).unwrap();
            lines.into_iter().map(|line| line.text).collect()
        };
        assert_eq!(texts(0), ["a *** b", "key=***", "***"]);
        // Begun in the middle of the value.
        assert_eq!(texts(2)[..2], ["***", "rest"]);
        let lines = index.read(&mut open, 4, (1, u64::MAX), &masks).unwrap();
        assert_eq!(lines[0].text, format!("{long}***"));
        assert_eq!(lines[0].cut, Some((CUT - 3 + 8 + 40_000) as u64));
    }
}
