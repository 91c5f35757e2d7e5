//! Hides the values of secrets in what is shown.
//!
//! Hidden are each value as it is, its longer lines and its base64 form. Values shorter than [`SHORTEST`] would
//! hide half of every text and are left alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands for a hidden value.
pub const MASK: &str = "***";
/// What stands for each of its bytes where bytes keep their places.
const BLANK: u8 = b'*';
/// Fewest bytes of a value that is hidden.
const SHORTEST: usize = 4;
/// Fewest bytes of a line that is hidden by itself.
const SHORTEST_LINE: usize = 12;

/// Values to hide.
#[derive(Clone, Default)]
pub struct Masks {
    /// Longest first.
    values: Vec<Vec<u8>>,
    /// Bytes that a value begins with.
    beginnings: Vec<bool>,
}

impl std::fmt::Debug for Masks {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Masks").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl Masks {
    /// Hides these values.
    pub fn new(values: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut all: Vec<Vec<u8>> = Vec::new();
        for value in values {
            let whole = value.trim_ascii();
            all.push(STANDARD.encode(&value).into_bytes());
            all.push(STANDARD.encode(whole).into_bytes());
            let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            all.extend(lines.filter(|line| line.len() >= SHORTEST_LINE).map(<[u8]>::to_vec));
            all.push(whole.to_vec());
        }
        all.retain(|value| value.len() >= SHORTEST);
        all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        all.dedup();
        let mut beginnings = vec![false; 256];
        for value in &all {
            beginnings[usize::from(value[0])] = true;
        }
        Self { values: all, beginnings }
    }

    /// Tells whether nothing is to be hidden.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns a whole text without the values.
    pub fn mask(&self, text: &[u8]) -> Vec<u8> {
        if self.is_empty() {
            return text.to_vec();
        }
        let mut masker = Masker::default();
        let mut masked = masker.push(self, text);
        masked.extend(masker.finish(self));
        masked
    }

    /// Returns where values stand in a whole text.
    pub fn spans(&self, text: &[u8]) -> Vec<std::ops::Range<usize>> {
        let mut spans = Vec::new();
        let mut at = 0;
        while !self.is_empty() && at < text.len() {
            match self.look(&text[at..], true) {
                Seen::Value(length) => {
                    spans.push(at..at + length);
                    at += length;
                }
                Seen::Unclear | Seen::Clear => at += 1,
            }
        }
        spans
    }

    /// Returns the length of the longest value.
    pub fn longest(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Returns what stands at the text's beginning: a value, maybe one once there is more, or neither.
    fn look(&self, text: &[u8], is_end: bool) -> Seen {
        if !self.beginnings[usize::from(text[0])] {
            return Seen::Clear;
        }
        for value in &self.values {
            if text.starts_with(value) {
                return Seen::Value(value.len());
            }
            if !is_end && value.len() > text.len() && value.starts_with(text) {
                return Seen::Unclear;
            }
        }
        Seen::Clear
    }
}

enum Seen {
    Value(usize),
    Unclear,
    Clear,
}

/// Hides values in a text that comes piece by piece; keeps back what may be a value's beginning.
#[derive(Debug, Default)]
pub struct Masker {
    kept: Vec<u8>,
    /// As many bytes are shown as there are.
    is_in_place: bool,
}

impl Masker {
    /// Writes over values byte by byte, so that what is shown is as long as the text.
    pub fn in_place() -> Self {
        Self { kept: Vec::new(), is_in_place: true }
    }

    /// Takes a piece and returns what can be shown by now.
    pub fn push(&mut self, masks: &Masks, piece: &[u8]) -> Vec<u8> {
        self.kept.extend_from_slice(piece);
        self.show(masks, false)
    }

    /// Returns what was kept back.
    pub fn finish(&mut self, masks: &Masks) -> Vec<u8> {
        self.show(masks, true)
    }

    fn show(&mut self, masks: &Masks, is_end: bool) -> Vec<u8> {
        if masks.is_empty() {
            return std::mem::take(&mut self.kept);
        }
        let text = std::mem::take(&mut self.kept);
        let mut shown = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            match masks.look(&text[at..], is_end) {
                Seen::Clear => {
                    shown.push(text[at]);
                    at += 1;
                }
                Seen::Value(length) => {
                    if self.is_in_place {
                        shown.resize(shown.len() + length, BLANK);
                    } else {
                        shown.extend_from_slice(MASK.as_bytes());
                    }
                    at += length;
                }
                Seen::Unclear => {
                    self.kept = text[at..].to_vec();
                    break;
                }
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_however_the_text_is_cut() {
        let key = "-----BEGIN KEY-----\nMIIBVQIBADANBg\nshort\n-----END KEY-----\n";
        let values = ["hunter2", "hunter2-long", "abc", "  spaced \n", key];
        let masks = Masks::new(values.map(|value| value.as_bytes().to_vec()));
        let cases = [
            ("", ""),
            ("nothing here, hunte", "nothing here, hunte"),
            ("is hunter2.", "is ***."),
            ("hunter2hunter2", "******"),
            ("hunter2-lon", "***-lon"),
            ("hunter2-long", "***"),
            ("abc", "abc"),
            ("a spaced b", "a *** b"),
            ("aHVudGVyMg==", "***"),
            (key.trim(), "***"),
            ("at MIIBVQIBADANBg, short", "at ***, short"),
        ];
        for (text, expected) in cases {
            for size in 1..=text.len().max(1) {
                let mut masker = Masker::default();
                let mut shown = Vec::new();
                for piece in text.as_bytes().chunks(size) {
                    shown.extend(masker.push(&masks, piece));
                }
                shown.extend(masker.finish(&masks));
                assert_eq!(String::from_utf8(shown).unwrap(), expected, "{text} by {size}");
            }
            assert_eq!(String::from_utf8(masks.mask(text.as_bytes())).unwrap(), expected);
            let mut masker = Masker::in_place();
            let mut shown = masker.push(&masks, text.as_bytes());
            shown.extend(masker.finish(&masks));
            assert_eq!(shown.len(), text.len(), "{text} in place");
            assert_eq!(shown == text.as_bytes(), text == expected, "{text} in place");
        }
        assert_eq!(Masks::default().mask(b"as it is"), b"as it is");
    }
}
