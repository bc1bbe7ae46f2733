//! Tells an answer from chatter: on HTTP/2 (gRPC) a server also sends settings and pings, which answer nothing.

use std::sync::atomic::{AtomicBool, Ordering};

/// What both directions of a connection know about its protocol.
#[derive(Debug, Default)]
pub(super) struct Talk {
    asked: AtomicBool,
    http2: AtomicBool,
}

impl Talk {
    /// The client has sent `bytes`.
    pub(super) fn client_said(&self, bytes: &[u8]) {
        if !self.asked.swap(true, Ordering::SeqCst) {
            self.http2.store(bytes.starts_with(b"PRI * HTTP/2"), Ordering::SeqCst);
        }
    }

    /// Whether `bytes` of the server answer something. `frames` has seen all its earlier bytes.
    pub(super) fn is_answer(&self, frames: &mut Frames, bytes: &[u8]) -> bool {
        let http2_answer = frames.see(bytes);
        self.asked.load(Ordering::SeqCst) && (http2_answer || !self.http2.load(Ordering::SeqCst))
    }
}

/// Follows the frames of an HTTP/2 stream of bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    header: Vec<u8>,
    payload_left: usize,
}

impl Frames {
    /// Whether a DATA or HEADERS frame begins in `bytes`.
    fn see(&mut self, mut bytes: &[u8]) -> bool {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        let mut found = false;
        while let Some((first, rest)) = bytes.split_first() {
            if self.payload_left > 0 {
                let passed = self.payload_left.min(bytes.len());
                self.payload_left -= passed;
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            self.header.push(*first);
            bytes = rest;
            if let [a, b, c, kind, _, _, _, _, _] = *self.header.as_slice() {
                self.payload_left = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
                found |= kind == DATA || kind == HEADERS;
                self.header.clear();
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Frames, Talk};

    const SETTINGS: &[u8] = &[0, 0, 2, 4, 0, 0, 0, 0, 0, 1, 1];
    const HEADERS: &[u8] = &[0, 0, 1, 1, 0, 0, 0, 0, 1, 9];

    #[test]
    fn settings_are_no_answer_and_headers_are_also_when_cut_anywhere() {
        let whole = [SETTINGS, HEADERS].concat();
        for cut in 0..whole.len() {
            let mut frames = Frames::default();
            let (first, second) = whole.split_at(cut);
            let seen = [frames.see(first), frames.see(second)];
            assert_eq!(seen.iter().filter(|seen| **seen).count(), 1, "cut at {cut}");
            assert!(!Frames::default().see(SETTINGS));
        }
    }

    #[test]
    fn a_server_that_greets_first_has_not_answered() {
        let (talk, mut frames) = (Talk::default(), Frames::default());
        assert!(!talk.is_answer(&mut frames, b"INFO {}\r\n"));
        talk.client_said(b"CONNECT {}\r\n");
        assert!(talk.is_answer(&mut frames, b"+OK\r\n"));
    }
}
