//! Reads bytes with the values of secrets written over, byte for byte: lengths, offsets and ranges stay true.

use std::io::{self, Read};

use pipewright_store::Masks;

/// What is written over values.
const BLANK: u8 = b'*';
const PIECE: usize = 64 << 10;

/// A reader that hides values.
pub(crate) struct Blanking<R> {
    inner: R,
    masks: Masks,
    bytes: Vec<u8>,
    /// Bytes at the beginning that no value can reach from behind.
    ready: usize,
    is_end: bool,
}

impl<R: Read> Blanking<R> {
    pub(crate) fn new(inner: R, masks: Masks) -> Self {
        Self { inner, masks, bytes: Vec::new(), ready: 0, is_end: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        while self.ready == 0 && !self.is_end {
            let read = (&mut self.inner).take(PIECE as u64).read_to_end(&mut self.bytes)?;
            self.is_end = read < PIECE;
            for span in self.masks.spans(&self.bytes) {
                self.bytes[span].fill(BLANK);
            }
            // A value that begins in the last bytes may not be whole yet.
            let unsure = if self.is_end { 0 } else { self.masks.longest().saturating_sub(1) };
            self.ready = self.bytes.len().saturating_sub(unsure);
        }
        Ok(())
    }
}

impl<R: Read> Read for Blanking<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.masks.is_empty() {
            return self.inner.read(to);
        }
        self.fill()?;
        let count = self.ready.min(to.len());
        to[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes.drain(..count);
        self.ready -= count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blanked(text: &[u8]) -> Vec<u8> {
        let masks = Masks::new([b"hunter2".to_vec(), b"a very long secret value".to_vec()]);
        let mut all = Vec::new();
        Blanking::new(text, masks).read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn values_are_written_over_and_lengths_stay() {
        assert_eq!(blanked(b"say hunter2!"), b"say *******!");
        assert_eq!(blanked(b"hunter"), b"hunter");
        assert_eq!(blanked(b""), b"");
        // Across every border of what is read at once.
        for lead in PIECE - 30..PIECE + 3 {
            let mut text = vec![b'.'; lead];
            text.extend_from_slice(b"a very long secret value, hunter2");
            text.extend(vec![b'.'; PIECE]);
            let blanked = blanked(&text);
            assert_eq!(blanked.len(), text.len());
            assert!(!String::from_utf8_lossy(&blanked).contains("secret"), "{lead}");
            assert_eq!(&blanked[lead + 24..lead + 33], b", *******", "{lead}");
        }
    }
}
