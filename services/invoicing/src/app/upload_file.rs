//! The bytes of a file: sealed piece by piece as they arrive, and read back row by row.

use std::io::Read;
use std::sync::Arc;

use boot::seal::DataKey;
use ids::UploadId;
use pg::Tx;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::{Invoicing, blocking};
use crate::domain::upload::{self, Form, Look, Refusal, Row, Source, Text};
use crate::{Error, person, sentences, store};

/// Bytes of a piece. Enough that the header and what tells the kind of file stand in the first one.
const PIECE_BYTES: usize = 1024 * 1024;
/// Pieces that wait for the reader of rows.
const PIECES_AHEAD: usize = 2;

/// A file while it arrives.
pub struct Arriving {
    svc: Invoicing,
    id: UploadId,
    key: Arc<DataKey>,
    sha256: Sha256,
    look: Option<Look>,
    bytes: usize,
    piece: Vec<u8>,
    pieces: i32,
}

/// A file that arrived whole. It belongs to no upload yet.
pub struct Arrived {
    pub id: UploadId,
    pub key: Arc<DataKey>,
    pub sha256: [u8; 32],
    pub source: Source,
}

/// Takes rows one by one.
pub trait Sink: Send + 'static {
    /// # Errors
    /// The file is refused as a whole.
    fn take(&mut self, row: Row) -> Result<(), Refusal>;
}

impl Arriving {
    pub fn new(svc: &Invoicing) -> Arriving {
        Arriving {
            svc: svc.clone(),
            id: UploadId(svc.ctx.ids.uuid(svc.ctx.clock.now())),
            key: Arc::new(svc.master.new_data_key(&svc.ctx.ids)),
            sha256: Sha256::new(),
            look: None,
            bytes: 0,
            piece: Vec::new(),
            pieces: 0,
        }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// `FileTooLarge`; `File` as soon as the first piece tells that it is no table; the database is away.
    pub async fn take(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let limit_bytes = self.svc.max_upload_bytes;
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > limit_bytes {
            return Err(Error::FileTooLarge { limit_bytes });
        }
        self.piece.extend_from_slice(chunk);
        if self.piece.len() >= PIECE_BYTES { self.put_away().await } else { Ok(()) }
    }

    async fn put_away(&mut self) -> Result<(), Error> {
        let piece = std::mem::take(&mut self.piece);
        let look = match self.look.take() {
            Some(look) => look,
            None => Look::begin(&piece).map_err(|refusal| refused(&self.svc, refusal))?,
        };
        let (key, id, number) = (self.key.clone(), self.id, self.pieces);
        let mut sha256 = self.sha256.clone();
        let (look, sha256, sealed) = blocking(move || {
            let mut look = look;
            look.feed(&piece);
            sha256.update(&piece);
            (look, sha256, person::seal_piece(&key, id, number, &piece))
        })
        .await?;
        (self.look, self.sha256) = (Some(look), sha256);
        let mut tx = self.svc.pg.begin().await?;
        store::upload_piece::insert(&mut tx, id, (number, &sealed), self.svc.ctx.clock.now()).await?;
        tx.commit().await?;
        self.pieces += 1;
        Ok(())
    }

    /// No more bytes come.
    ///
    /// # Errors
    /// `File`; the database is away.
    pub async fn finish(&mut self) -> Result<Arrived, Error> {
        if self.pieces == 0 || !self.piece.is_empty() {
            self.put_away().await?;
        }
        let look = self.look.take().ok_or(Error::Corrupt { table: "upload_piece" })?;
        let source = look.finish().map_err(|refusal| refused(&self.svc, refusal))?;
        let sha256 = self.sha256.clone().finalize().into();
        Ok(Arrived { id: self.id, key: self.key.clone(), sha256, source })
    }

    /// Destroys what has come of a file that is not taken. What a broken-off call leaves is found later.
    pub async fn forget(&self) {
        if self.pieces > 0 {
            forget(&self.svc, self.id).await;
        }
    }
}

/// Destroys the pieces of a file; failing that, they are found later.
pub async fn forget(svc: &Invoicing, id: UploadId) {
    let forgotten = async {
        let mut tx = svc.pg.begin().await?;
        store::upload_piece::forget(&mut tx, id).await?;
        Ok::<_, Error>(tx.commit().await?)
    };
    if let Err(error) = forgotten.await {
        tracing::warn!(%error, "pieces of a file that was not taken stay for an hour");
    }
}

/// The key of an upload's pieces and parts.
///
/// # Errors
/// `UploadUnknown`, `SheetGone`.
pub async fn key(svc: &Invoicing, tx: &mut Tx, id: UploadId) -> Result<Arc<DataKey>, Error> {
    let wrapped = store::upload::key(tx, id).await?;
    if wrapped.is_empty() {
        return Err(Error::SheetGone);
    }
    let key = svc.master.unwrap(&wrapped).map_err(|source| Error::Sealed { table: "upload", source })?;
    Ok(Arc::new(key))
}

/// A refusal as the clerk hears it.
pub fn refused(svc: &Invoicing, refusal: Refusal) -> Error {
    Error::File { detail: sentences::refusal(&svc.texts, &refusal), refusal }
}

/// Gives every row of the file to `sink`, in order, and gives it back.
///
/// # Errors
/// `File`; the database is away.
pub async fn read<S: Sink>(
    svc: &Invoicing,
    (id, key, source): (UploadId, &Arc<DataKey>, &Source),
    sink: S,
) -> Result<(Form, S), Error> {
    let read = match source {
        Source::Workbook => read_workbook(svc, (id, key), sink).await?,
        Source::Text { reading, form } => {
            let (send, receive) = mpsc::channel(PIECES_AHEAD);
            let fed = feed(svc, (id, key), Text::of(*reading), send);
            let (form, mut sink) = (form.clone(), sink);
            let read = blocking(move || {
                upload::read_text(Pieces::from(receive), &form, &mut |row| sink.take(row))?;
                Ok((form, sink))
            });
            let (fed, read) = tokio::join!(fed, read);
            // Without all pieces the text only looks shorter.
            fed?;
            read?
        }
    };
    read.map_err(|refusal| refused(svc, refusal))
}

async fn read_workbook<S: Sink>(
    svc: &Invoicing,
    (id, key): (UploadId, &Arc<DataKey>),
    mut sink: S,
) -> Result<Result<(Form, S), Refusal>, Error> {
    let room = svc.workbook_room.acquire().await.map_err(boot::Problem::internal)?;
    let mut bytes = Vec::new();
    for number in 0.. {
        let Some(piece) = piece(svc, (id, key), number).await? else { break };
        bytes.extend_from_slice(&piece);
    }
    let read = blocking(move || {
        let form = upload::read_workbook(&bytes, &mut |row| sink.take(row))?;
        Ok((form, sink))
    })
    .await?;
    drop(room);
    Ok(read)
}

/// Sends the text of every piece, until nobody listens any more.
async fn feed(
    svc: &Invoicing,
    file: (UploadId, &Arc<DataKey>),
    mut text: Text,
    send: mpsc::Sender<String>,
) -> Result<(), Error> {
    for number in 0.. {
        let Some(piece) = piece(svc, file, number).await? else { break };
        if send.send(text.next(&piece)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn piece(
    svc: &Invoicing,
    (id, key): (UploadId, &Arc<DataKey>),
    number: i32,
) -> Result<Option<Vec<u8>>, Error> {
    let mut tx = svc.pg.read().await?;
    let sealed = store::upload_piece::get(&mut tx, id, number).await?;
    tx.commit().await?;
    sealed.map(|sealed| person::open_piece(key, id, (number, &sealed))).transpose()
}

/// Text that comes piece by piece, for a reader on a thread of its own.
struct Pieces {
    receive: mpsc::Receiver<String>,
    piece: std::io::Cursor<String>,
}

impl From<mpsc::Receiver<String>> for Pieces {
    fn from(receive: mpsc::Receiver<String>) -> Pieces {
        Pieces { receive, piece: std::io::Cursor::default() }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.receive.blocking_recv() {
                Some(piece) => self.piece = std::io::Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}
