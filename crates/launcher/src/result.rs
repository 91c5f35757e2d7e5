//! What a command writes to its standard output, kept as an output while it goes to the log.
//!
//! Source: v1 semantics 4: the last 256 kB, one newline at the end trimmed.

use std::fs::File;
use std::io::{PipeReader, Read, Write};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How much of the end is kept.
const KEPT: usize = 256 * 1024;
/// How long the pipe may stay open after every process of the command was killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The reading of one command's output. A thread copies, because this process waits for signals meanwhile; it is
/// made after the command was started, and this process forks no more.
pub(crate) struct Captured {
    thread: JoinHandle<Vec<u8>>,
}

impl Captured {
    /// Copies from the pipe to the log until nobody can write any more.
    pub(crate) fn begin(mut reader: PipeReader, mut log: File) -> Self {
        let thread = std::thread::spawn(move || {
            let mut kept = Vec::new();
            let mut piece = vec![0; 64 * 1024];
            loop {
                match reader.read(&mut piece) {
                    Ok(0) => break,
                    Ok(length) => {
                        // A full disk costs the log, not the result.
                        let _ = log.write_all(&piece[..length]);
                        kept.extend_from_slice(&piece[..length]);
                        if kept.len() > 4 * KEPT {
                            kept.drain(..kept.len() - KEPT);
                        }
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            kept
        });
        Self { thread }
    }

    /// Returns the end of what was written. Errors: it is no text, or something still holds the pipe.
    pub(crate) fn end(self) -> Result<String, String> {
        let give_up = Instant::now() + PATIENCE;
        while !self.thread.is_finished() {
            if Instant::now() > give_up {
                return Err("a process that cannot be killed still holds the standard output".to_owned());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let kept = self.thread.join().map_err(|_| "the standard output could not be read".to_owned())?;
        Ok(tail(&kept))
    }
}

/// The last part, without half a character at its beginning and without a newline at its end.
fn tail(kept: &[u8]) -> String {
    let mut from = kept.len().saturating_sub(KEPT);
    while from > 0 && kept.get(from).is_some_and(|byte| byte & 0xC0 == 0x80) {
        from += 1;
    }
    let text = String::from_utf8_lossy(&kept[from..]).into_owned();
    text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::{KEPT, tail};

    #[test]
    fn the_end_is_kept() {
        assert_eq!(tail(b""), "");
        assert_eq!(tail(b"heads\n"), "heads");
        assert_eq!(tail(b"a\n\n"), "a\n");
        let long = format!("{}\n", "x".repeat(KEPT + 10));
        assert_eq!(tail(long.as_bytes()).len(), KEPT - 1);
        let wide = "é".repeat(KEPT);
        let kept = tail(format!("{wide}a").as_bytes());
        assert!(kept.ends_with("éa") && kept.starts_with('é') && kept.len() < KEPT, "{}", kept.len());
    }
}
