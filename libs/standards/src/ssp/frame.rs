/// Begins a frame; inside, a data byte of this value stands twice.
const STX: u8 = 0x7F;

/// One frame, either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Flips with each new command; a repeated bit is a repeated command, and the acceptor repeats its answer.
    pub sequence: SequenceBit,
    /// The acceptor on the bus, 0 to 127.
    pub address: u8,
    /// 1 to 255 bytes.
    pub data: Vec<u8>,
}

/// The top bit beside the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceBit {
    /// 0
    Zero,
    /// 1
    One,
}

/// A frame carries 1 to 255 bytes and an address below 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an SSP frame carries 1 to 255 bytes for an address below 128")]
pub struct TooLong;

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Good so far: wait for more bytes.
    #[error("the frame is not complete")]
    Incomplete,
    /// The first byte is not STX: skip to the next one.
    #[error("the bytes do not begin with a frame")]
    NoStart,
    /// A lone STX inside: the sender began a new frame.
    #[error("the frame was broken off by another one")]
    Interrupted,
    /// The length is 0.
    #[error("the frame is empty")]
    Empty,
    /// The checksum does not fit: ask again with the same sequence bit.
    #[error("the checksum is wrong")]
    Checksum,
}

impl SequenceBit {
    /// The bit of the next command.
    #[must_use]
    pub const fn flip(self) -> Self {
        match self {
            Self::Zero => Self::One,
            Self::One => Self::Zero,
        }
    }
}

impl Frame {
    /// The bytes on the wire.
    ///
    /// # Errors
    /// `TooLong`.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let length = u8::try_from(self.data.len()).ok().filter(|length| *length > 0).ok_or(TooLong)?;
        if self.address > 0x7F {
            return Err(TooLong);
        }
        let bit = match self.sequence {
            SequenceBit::Zero => 0,
            SequenceBit::One => 0x80,
        };
        let mut inside = vec![bit | self.address, length];
        inside.extend_from_slice(&self.data);
        inside.extend_from_slice(&crc16(&inside).to_le_bytes());

        let mut wire = vec![STX];
        for byte in inside {
            wire.push(byte);
            if byte == STX {
                wire.push(STX);
            }
        }
        Ok(wire)
    }

    /// The frame at the start of `wire`, and how many bytes it took there.
    ///
    /// # Errors
    /// A [`FrameError`]; `Incomplete` says to call again with more bytes.
    pub fn decode(wire: &[u8]) -> Result<(Self, usize), FrameError> {
        match wire.split_first() {
            None => return Err(FrameError::Incomplete),
            Some((first, _)) if *first != STX => return Err(FrameError::NoStart),
            Some(_) => {}
        }
        let mut bytes = Unstuffed { wire, next: 1 };
        let head = bytes.take()?;
        let length = bytes.take()?;
        if length == 0 {
            return Err(FrameError::Empty);
        }
        let mut inside = vec![head, length];
        for _ in 0..length {
            inside.push(bytes.take()?);
        }
        let stated = u16::from_le_bytes([bytes.take()?, bytes.take()?]);
        if stated != crc16(&inside) {
            return Err(FrameError::Checksum);
        }
        let sequence = if head & 0x80 == 0 { SequenceBit::Zero } else { SequenceBit::One };
        let data = inside.split_off(2);
        Ok((Self { sequence, address: head & 0x7F, data }, bytes.next))
    }
}

/// Bytes after the first STX, with doubled ones made single.
struct Unstuffed<'a> {
    wire: &'a [u8],
    next: usize,
}

impl Unstuffed<'_> {
    fn take(&mut self) -> Result<u8, FrameError> {
        let byte = *self.wire.get(self.next).ok_or(FrameError::Incomplete)?;
        self.next += 1;
        if byte == STX {
            match self.wire.get(self.next) {
                None => return Err(FrameError::Incomplete),
                Some(&STX) => self.next += 1,
                Some(_) => return Err(FrameError::Interrupted),
            }
        }
        Ok(byte)
    }
}

/// CRC-16, polynomial 8005, start FFFF.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x8005 }
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../vectors/ssp_frames.json")).unwrap()
    }

    fn bytes(value: &Value) -> Vec<u8> {
        hex::decode(value.as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_vectors_are_written_and_read() {
        let crc = &vectors()["crc"];
        assert_eq!(crc16(&bytes(&crc["input"])).to_le_bytes().to_vec(), bytes(&crc["low_high"]));
        for case in vectors()["frames"].as_array().unwrap() {
            let sequence = if case["seq"] == 0 { SequenceBit::Zero } else { SequenceBit::One };
            let address = u8::try_from(case["address"].as_u64().unwrap()).unwrap();
            let frame = Frame { sequence, address, data: bytes(&case["data"]) };
            let wire = bytes(&case["frame"]);
            assert_eq!(frame.encode().unwrap(), wire, "{case}");
            assert_eq!(Frame::decode(&wire), Ok((frame.clone(), wire.len())));

            for cut in 0..wire.len() {
                assert_eq!(Frame::decode(&wire[..cut]), Err(FrameError::Incomplete), "{case} cut at {cut}");
            }
            let twice = [wire.clone(), wire.clone()].concat();
            assert_eq!(Frame::decode(&twice), Ok((frame, wire.len())));
        }
    }

    #[test]
    fn broken_frames_are_told_apart() {
        let good = Frame { sequence: SequenceBit::One, address: 0, data: vec![0x11] }.encode().unwrap();
        let mut flipped = good.clone();
        flipped[3] ^= 1;
        assert_eq!(Frame::decode(&flipped), Err(FrameError::Checksum));
        assert_eq!(Frame::decode(&good[1..]), Err(FrameError::NoStart));
        assert_eq!(Frame::decode(&[0x7F, 0x80, 0x00]), Err(FrameError::Empty));
        assert_eq!(Frame::decode(&[0x7F, 0x80, 0x7F, 0x80, 0x01]), Err(FrameError::Interrupted));
    }

    #[test]
    fn stuffing_is_undone_wherever_it_happens() {
        for length in [1, 127, 255] {
            let frame = Frame { sequence: SequenceBit::Zero, address: 0x7F, data: vec![0x7F; length] };
            let wire = frame.encode().unwrap();
            assert_eq!(Frame::decode(&wire), Ok((frame, wire.len())));
        }
        for data in [vec![], vec![0; 256]] {
            assert_eq!(Frame { sequence: SequenceBit::Zero, address: 0, data }.encode(), Err(TooLong));
        }
        let high = Frame { sequence: SequenceBit::Zero.flip(), address: 0x80, data: vec![1] };
        assert_eq!(high.encode(), Err(TooLong));
    }
}
