//! Large rows are compressed before they are sealed: what is written once, copied at each WAL checkpoint and read again to
//! be removed costs by its length. Small ones would gain nothing.

/// The first byte of what is sealed; on disk, so append only.
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

pub(super) fn pack(data: &[u8]) -> Vec<u8> {
    if data.len() >= WORTH_IT
        && let Ok(mut packed) = zstd::bulk::compress(data, LEVEL)
    {
        packed.insert(0, ZSTD);
        return packed;
    }
    let mut packed = Vec::with_capacity(data.len() + 1);
    packed.push(PLAIN);
    packed.extend_from_slice(data);
    packed
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
