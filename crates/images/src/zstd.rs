//! Plain bytes of layers that are compressed by zstd, in any number of frames.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What a file of this kind begins with; frames that are to be skipped begin otherwise.
pub(crate) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads frame after frame.
pub(crate) struct Decoder<R: Read> {
    source: BufReader<R>,
    frame: FrameDecoder,
    is_in_frame: bool,
}

impl<R: Read> Decoder<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source: BufReader::new(source), frame: FrameDecoder::new(), is_in_frame: false }
    }

    /// Goes to the next frame with content; false at the end.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut (&mut self.source).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        Ok(false)
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame && !self.begin()? {
                return Ok(0);
            }
            self.is_in_frame = true;
            if self.frame.can_collect() > 0 || buffer.is_empty() {
                return self.frame.read(buffer);
            }
            if self.frame.is_finished() {
                self.is_in_frame = false;
                continue;
            }
            let some = BlockDecodingStrategy::UptoBytes(buffer.len());
            self.frame
                .decode_blocks(&mut self.source, some)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    #[test]
    fn frames_are_joined_and_others_skipped() {
        let texts: [Vec<u8>; 3] = [b"hello ".repeat(50_000), Vec::new(), b"again".to_vec()];
        let mut packed = Vec::new();
        for text in &texts {
            packed.extend(compress_to_vec(text.as_slice(), CompressionLevel::Fastest));
            // A frame of three bytes that says nothing of the content, as tables of contents are.
            packed.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        }
        assert!(packed.starts_with(&MAGIC));
        let mut plain = Vec::new();
        Decoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
        assert!(plain == texts.concat());
        // What is cut off is told.
        let cut = &packed[..packed.len() / 2];
        assert!(Decoder::new(cut).read_to_end(&mut Vec::new()).is_err());
    }
}
