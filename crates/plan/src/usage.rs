//! Use of the machine over time: what a launcher notes beside an attempt's log, and whoever shows it reads.
//!
//! A file of records of one length, in the order of time. It is written over in place when it is thinned, so a
//! reader may meet records of both: those that do not go forward in time are passed over.

/// The name of the file, beside the log.
pub const USAGE_FILE: &str = "usage";

/// Most samples that one attempt has.
pub const USAGE_SAMPLES: usize = 600;

/// What an attempt had used at one moment, with all its processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageSample {
    /// Since the command was started, in microseconds.
    pub at_us: u64,
    /// CPU time since then, in microseconds.
    pub cpu_us: u64,
    /// Most resident memory that was seen since the sample before, in bytes.
    pub memory_bytes: u64,
}

impl UsageSample {
    /// Length of a record.
    pub const BYTES: usize = 24;

    /// Writes the record.
    pub fn encode(self) -> [u8; Self::BYTES] {
        let mut record = [0; Self::BYTES];
        for (place, number) in record.chunks_exact_mut(8).zip([self.at_us, self.cpu_us, self.memory_bytes]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        record
    }

    /// Reads a file, of which the end may be missing.
    pub fn decode(file: &[u8]) -> Vec<Self> {
        let mut samples: Vec<Self> = Vec::new();
        for record in file.chunks_exact(Self::BYTES).take(USAGE_SAMPLES) {
            let number = |at: usize| {
                record[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
            };
            let sample = Self { at_us: number(0), cpu_us: number(8), memory_bytes: number(16) };
            if samples.last().is_none_or(|last| last.at_us < sample.at_us) {
                samples.push(sample);
            }
        }
        samples
    }

    /// Halves how many there are: the later of two tells of both, since CPU time adds up and memory is the most.
    pub fn thin(samples: &mut Vec<Self>) {
        let halved = samples.chunks(2).map(|pair| {
            let memory_bytes = pair.iter().map(|sample| sample.memory_bytes).max().unwrap_or(0);
            pair.last().map_or(Self::default(), |last| Self { memory_bytes, ..*last })
        });
        *samples = halved.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_us: u64, cpu_us: u64, memory_bytes: u64) -> UsageSample {
        UsageSample { at_us, cpu_us, memory_bytes }
    }

    #[test]
    fn files_are_read_as_far_as_they_go_forward() {
        let written = [sample(1, 10, 100), sample(2, 20, u64::MAX), sample(4, 30, 0)];
        let mut file: Vec<u8> = written.iter().flat_map(|sample| sample.encode()).collect();
        assert_eq!(UsageSample::decode(&file), written);
        // An old record behind new ones, and half a record.
        file.extend(sample(3, 25, 7).encode());
        file.extend([1, 2, 3]);
        assert_eq!(UsageSample::decode(&file), written);
    }

    #[test]
    fn thinning_keeps_the_end_and_the_peaks() {
        let mut samples = vec![sample(1, 10, 9), sample(2, 20, 4), sample(3, 30, 5)];
        UsageSample::thin(&mut samples);
        assert_eq!(samples, [sample(2, 20, 9), sample(3, 30, 5)]);
    }
}
