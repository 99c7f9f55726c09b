//! Large rows are compressed before they are sealed: what is written once, copied at each WAL checkpoint and read again to
//! be removed costs by its length. Small ones would gain nothing.

use std::cell::RefCell;
use std::io::{self, Cursor, Seek, SeekFrom};

use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::seal::Draft;

/// The first byte of what is sealed; on disk, so append only.
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

pub(super) fn pack(data: &[u8]) -> Draft {
    if data.len() >= WORTH_IT
        && let Ok(packed) = compress(data)
    {
        return packed;
    }
    let mut packed = Draft::with_capacity(1 + data.len());
    packed.bytes.push(PLAIN);
    packed.bytes.extend_from_slice(data);
    packed
}

/// A compressor's tables are larger than what it compresses, so the thread that writes keeps its own.
fn compress(data: &[u8]) -> io::Result<Draft> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(LEVEL)?),
        };
        let mut packed = Draft::with_capacity(1 + compress_bound(data.len()));
        packed.bytes.push(ZSTD);
        let mut rest = Cursor::new(&mut packed.bytes);
        rest.seek(SeekFrom::End(0))?;
        compressor.compress_to_buffer(data, &mut rest)?;
        Ok(packed)
    })
}

/// `None` for what was not packed here.
pub(super) fn unpack(mut packed: Vec<u8>) -> Option<Vec<u8>> {
    match *packed.first()? {
        PLAIN => {
            packed.remove(0);
            Some(packed)
        }
        ZSTD => zstd::stream::decode_all(&packed[1..]).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

const WORTH_IT: usize = 4096;

/// Checkpoints are random challenges between texts that repeat: at this level they are a tenth longer than at 1 and take less
/// than half the time.
const LEVEL: i32 = -3;
