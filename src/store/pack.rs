//! Large rows are compressed before they are sealed: what is written once, copied at each WAL checkpoint and read again to
//! be removed costs by its length. Small ones would gain nothing.

use std::cell::RefCell;
use std::io;

use zstd::bulk::Compressor;

/// The first byte of what is sealed; on disk, so append only.
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

pub(super) fn pack(data: &[u8]) -> Vec<u8> {
    if data.len() >= WORTH_IT
        && let Ok(packed) = compress(data)
    {
        return packed;
    }
    let mut packed = Vec::with_capacity(data.len() + 1);
    packed.push(PLAIN);
    packed.extend_from_slice(data);
    packed
}

/// A compressor's tables are larger than what it compresses, so the thread that writes keeps its own.
fn compress(data: &[u8]) -> io::Result<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(LEVEL)?),
        };
        let mut packed = vec![ZSTD];
        packed.resize(1 + zstd::zstd_safe::compress_bound(data.len()), 0);
        let length = compressor.compress_to_buffer(data, &mut packed[1..])?;
        packed.truncate(1 + length);
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

const WORTH_IT: usize = 4096;
const LEVEL: i32 = 1;
