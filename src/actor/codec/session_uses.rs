//! The row that says when sessions were last used: one for all that a worker has heard of since its last.

use minicbor::Encoder;
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};
use uuid::Uuid;

use super::{SESSION_USES, malformed, removal};
use crate::store::{Expect, Put, Row};
use crate::tenant::ids::Timestamp;

/// Nobody needs it any more when the last of the uses has been too long ago.
///
/// # Panics
/// Never: it is encoded to memory.
pub fn put(
    (boot, worker, number): (u64, u8, u64),
    uses: &[(Uuid, Timestamp)],
    expires_at: Timestamp,
) -> Put {
    let mut id = boot.to_be_bytes().to_vec();
    id.push(worker);
    id.extend(number.to_be_bytes());
    Put {
        expires: Some(expires_at.seconds().saturating_add(1)),
        data: Some(encode(uses).expect("encoding to memory does not fail")),
        ..removal(SESSION_USES, &id, Expect::Any)
    }
}

/// Ids and times, one after the other.
fn encode(
    uses: &[(Uuid, Timestamp)],
) -> Result<Vec<u8>, minicbor::encode::Error<std::convert::Infallible>> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.begin_array()?;
    for (session, at) in uses {
        encoder.bytes(session.as_bytes())?.encode(at)?;
    }
    encoder.end()?;
    Ok(encoder.into_writer())
}

pub(super) fn of(row: &Row) -> Result<Vec<(Uuid, Timestamp)>, Error> {
    let mut decoder = Decoder::new(&row.data);
    let mut uses = Vec::new();
    decoder.array()?;
    while decoder.datatype()? != Type::Break {
        let session = Uuid::from_slice(decoder.bytes()?);
        let session = session.map_err(|_| malformed("a use of a session"))?;
        uses.push((session, decoder.decode()?));
    }
    Ok(uses)
}
