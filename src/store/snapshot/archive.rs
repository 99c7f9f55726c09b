//! The format of a snapshot file: a header, then the compressed database in sealed chunks. Each chunk is bound to this very
//! snapshot, to its number and to whether it is the last, so chunks cannot be cut off, swapped or mixed. It is read and
//! written as a stream; a whole database is never in memory.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use rand::Rng;
use sha2::{Digest, Sha256};

use super::{SnapshotError, at};
use crate::store::files;
use crate::store::seal::{Keyring, UnsealError};

/// What was written, for the manifest.
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// Writes and syncs `archive` from the file `source`.
pub(super) fn pack(
    source: &Path,
    archive: &Path,
    keyring: &Keyring,
) -> Result<Written, SnapshotError> {
    let mut input = File::open(source).map_err(at(source))?;
    let output = files::create_private_file(archive).map_err(at(archive))?;
    pack_stream(&mut input, output, keyring).map_err(at(archive))
}

/// Writes and syncs the file `target` from `archive`.
pub(super) fn unpack(
    archive: &Path,
    target: &Path,
    keyring: &Keyring,
) -> Result<(), SnapshotError> {
    let input = BufReader::new(File::open(archive).map_err(at(archive))?);
    let chunks = ChunkReader::new(input, keyring).map_err(|error| explain(archive, error))?;
    let mut decoder =
        zstd::stream::read::Decoder::new(chunks).map_err(|error| explain(archive, error))?;
    let mut output = files::create_private_file(target).map_err(at(target))?;
    io::copy(&mut decoder, &mut output).map_err(|error| explain(archive, error))?;
    output.sync_all().map_err(at(target))
}

/// The SHA-256 of a whole file, in hex.
pub(super) fn file_sha256(path: &Path) -> Result<String, SnapshotError> {
    let mut file = File::open(path).map_err(at(path))?;
    let mut hash = Hashing {
        inner: io::sink(),
        hash: Sha256::new(),
        bytes: 0,
    };
    io::copy(&mut file, &mut hash).map_err(at(path))?;
    Ok(hash.hex())
}

fn pack_stream(input: &mut File, output: File, keyring: &Keyring) -> io::Result<Written> {
    let output = Hashing {
        inner: BufWriter::new(output),
        hash: Sha256::new(),
        bytes: 0,
    };
    let mut encoder = zstd::stream::write::Encoder::new(ChunkWriter::new(output, keyring)?, LEVEL)?;
    // The frame's own checksum: what comes out is what went in, whatever the memory did.
    encoder.include_checksum(true)?;
    io::copy(input, &mut encoder)?;
    let mut output = encoder.finish()?.finish()?;
    output.flush()?;
    output.inner.get_ref().sync_all()?;
    Ok(Written {
        bytes: output.bytes,
        sha256: output.hex(),
    })
}

/// Cuts what is written to it into sealed chunks.
struct ChunkWriter<'a, W> {
    output: W,
    seals: Seals<'a>,
    buffer: Vec<u8>,
}

impl<'a, W: Write> ChunkWriter<'a, W> {
    fn new(mut output: W, keyring: &'a Keyring) -> io::Result<Self> {
        let mut snapshot = [0; SNAPSHOT_ID];
        rand::rng().fill_bytes(&mut snapshot);
        output.write_all(MAGIC)?;
        output.write_all(&snapshot)?;
        Ok(Self {
            output,
            seals: Seals {
                keyring,
                snapshot,
                chunk: 0,
            },
            buffer: Vec::with_capacity(CHUNK),
        })
    }

    fn finish(mut self) -> io::Result<W> {
        self.put_chunk(LAST)?;
        Ok(self.output)
    }

    fn put_chunk(&mut self, flag: u8) -> io::Result<()> {
        let sealed = self
            .seals
            .keyring
            .seal(&self.seals.binding(flag), &self.buffer);
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        self.output.write_all(&length.to_be_bytes())?;
        self.output.write_all(&sealed)?;
        self.seals.chunk += 1;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> Write for ChunkWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Only when there is more is a full chunk known not to be the last one.
        if self.buffer.len() == CHUNK {
            self.put_chunk(MORE)?;
        }
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives the plaintext of the chunks back; the file's end must be the last chunk's.
struct ChunkReader<'a, R> {
    input: R,
    seals: Seals<'a>,
    /// The length of the chunk that comes next; `None` at the end of the file.
    next: Option<usize>,
    plain: io::Cursor<Vec<u8>>,
}

impl<'a, R: Read> ChunkReader<'a, R> {
    fn new(mut input: R, keyring: &'a Keyring) -> io::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        let mut snapshot = [0; SNAPSHOT_ID];
        input.read_exact(&mut magic)?;
        input.read_exact(&mut snapshot)?;
        if magic != *MAGIC {
            return Err(not_a_snapshot());
        }
        let next = Some(read_length(&mut input)?.ok_or_else(not_a_snapshot)?);
        Ok(Self {
            input,
            seals: Seals {
                keyring,
                snapshot,
                chunk: 0,
            },
            next,
            plain: io::Cursor::default(),
        })
    }

    fn open_next(&mut self, length: usize) -> io::Result<()> {
        let mut sealed = vec![0; length];
        self.input.read_exact(&mut sealed)?;
        self.next = read_length(&mut self.input)?;
        let flag = if self.next.is_none() { LAST } else { MORE };
        let plain = self.seals.keyring.open(&self.seals.binding(flag), &sealed);
        let plain = plain.map_err(|source| {
            io::Error::other(BadChunk {
                chunk: self.seals.chunk,
                source,
            })
        })?;
        self.seals.chunk += 1;
        self.plain = io::Cursor::new(plain);
        Ok(())
    }
}

impl<R: Read> Read for ChunkReader<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.plain.read(target)?;
            match self.next {
                None => return Ok(count),
                Some(_) if count > 0 => return Ok(count),
                Some(length) => self.open_next(length)?,
            }
        }
    }
}

/// What a chunk is bound to.
struct Seals<'a> {
    keyring: &'a Keyring,
    snapshot: [u8; SNAPSHOT_ID],
    chunk: u64,
}

impl Seals<'_> {
    fn binding(&self, flag: u8) -> Vec<u8> {
        [
            MAGIC.as_slice(),
            &self.snapshot,
            &self.chunk.to_be_bytes(),
            &[flag],
        ]
        .concat()
    }
}

/// Carried through the reader that zstd sees.
#[derive(Debug, thiserror::Error)]
#[error("chunk {chunk}: {source}")]
struct BadChunk {
    chunk: u64,
    source: UnsealError,
}

fn explain(archive: &Path, error: io::Error) -> SnapshotError {
    let path = archive.to_owned();
    if matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    ) {
        return SnapshotError::NotASnapshot { path };
    }
    match error.downcast::<BadChunk>() {
        Ok(BadChunk { chunk, source }) => SnapshotError::Chunk {
            path,
            chunk,
            source,
        },
        Err(source) => SnapshotError::File { path, source },
    }
}

fn not_a_snapshot() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

/// `None` at the end of the file.
fn read_length(input: &mut impl Read) -> io::Result<Option<usize>> {
    let mut bytes = Vec::with_capacity(4);
    input.take(4).read_to_end(&mut bytes)?;
    match *bytes.as_slice() {
        [] => Ok(None),
        [a, b, c, d] => match usize::try_from(u32::from_be_bytes([a, b, c, d])) {
            Ok(length) if length <= SEALED_MAX => Ok(Some(length)),
            Ok(_) | Err(_) => Err(not_a_snapshot()),
        },
        _ => Err(not_a_snapshot()),
    }
}

struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    fn hex(&self) -> String {
        let hash: [u8; 32] = self.hash.clone().finalize().into();
        let (words, _) = hash.as_chunks::<8>();
        words.iter().fold(String::new(), |hex, word| {
            format!("{hex}{:016x}", u64::from_be_bytes(*word))
        })
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.bytes += u64::try_from(count).map_err(io::Error::other)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The format's name and version; both are part of what every chunk is bound to.
const MAGIC: &[u8; 21] = b"keywright snapshot 1\n";
const SNAPSHOT_ID: usize = 16;
const CHUNK: usize = 1 << 20;
/// A length beyond this is rot; it must not make us ask for gigabytes.
const SEALED_MAX: usize = CHUNK + 1024;
const MORE: u8 = 0;
const LAST: u8 = 1;
const LEVEL: i32 = 3;
