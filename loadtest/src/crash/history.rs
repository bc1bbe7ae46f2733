//! What was asked and what was heard, on disk before anything goes on: JSON lines outside the system.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::calls::{Call, Heard};

/// Lines that go to disk together, at most.
const TOGETHER: usize = 256;

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Written before the call is sent for the first time.
    Asked(Call),
    /// The same call is sent once more.
    Again { id: String },
    /// Written before anybody acts on it.
    Heard { id: String, heard: Heard },
}

type Kept = (Vec<u8>, oneshot::Sender<()>);

/// The file. Clones write to the same.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
    lines: mpsc::Sender<Kept>,
}

impl History {
    /// A new file at `path`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path) -> anyhow::Result<History> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        let (lines, inbox) = mpsc::channel();
        std::thread::spawn(move || write(file, &inbox));
        Ok(History { path: path.to_path_buf(), lines })
    }

    /// Returns when the line is on disk.
    ///
    /// # Errors
    /// The disk.
    pub async fn keep(&self, line: &Line) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let (done, kept) = oneshot::channel();
        self.lines.send((bytes, done)).context("the history's file is closed")?;
        kept.await.context("the history cannot be written")
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// A line that nobody wrote.
    pub fn read(&self) -> anyhow::Result<Story> {
        let mut story = Story::default();
        for line in BufReader::new(File::open(&self.path)?).lines() {
            story.add(serde_json::from_str(&line?)?)?;
        }
        Ok(story)
    }
}

/// Many callers wait for one `fdatasync`. An error closes the file: nobody goes on then.
fn write(mut file: File, inbox: &mpsc::Receiver<Kept>) {
    while let Ok((mut bytes, done)) = inbox.recv() {
        let mut waiting = vec![done];
        while waiting.len() < TOGETHER
            && let Ok((more, done)) = inbox.try_recv()
        {
            bytes.extend(more);
            waiting.push(done);
        }
        if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
            return;
        }
        for done in waiting {
            // A caller that is gone needs no answer.
            done.send(()).ok();
        }
    }
}

/// A call's whole life.
#[derive(Debug, Clone)]
pub struct Told {
    pub call: Call,
    /// How often it was sent.
    pub tries: u32,
    /// The answer that ended it.
    pub answer: Option<Heard>,
}

/// The history, by call.
#[derive(Debug, Default)]
pub struct Story {
    pub calls: BTreeMap<String, Told>,
    /// How often which answer came, and which silence.
    pub answers: BTreeMap<String, u64>,
}

impl Story {
    fn add(&mut self, line: Line) -> anyhow::Result<()> {
        match line {
            Line::Asked(call) => {
                let told = Told { call: call.clone(), tries: 1, answer: None };
                ensure!(self.calls.insert(call.id.clone(), told).is_none(), "{} was asked twice", call.id);
            }
            Line::Again { id } => {
                let told = self.calls.get_mut(&id).context("a call that was asked")?;
                told.tries = told.tries.saturating_add(1);
            }
            Line::Heard { id, heard } => {
                let told = self.calls.get_mut(&id).context("a call that was asked")?;
                let name = match &heard {
                    Heard::Success { .. } => "success".to_owned(),
                    Heard::Refused { code } => format!("refused: {code}"),
                    Heard::Nothing { why } => format!("no answer: {why}"),
                };
                let count = self.answers.entry(name).or_default();
                *count = count.saturating_add(1);
                match (&heard, &told.answer) {
                    (Heard::Nothing { .. }, _) => {}
                    (_, None) => told.answer = Some(heard),
                    (_, Some(first)) => bail!("{id} was answered twice: {first:?}, {heard:?}"),
                }
            }
        }
        Ok(())
    }

    /// The calls that ended well, each with its answer's hash and id.
    pub fn acknowledged(&self) -> impl Iterator<Item = (&Call, &str, &str)> {
        self.calls.values().filter_map(|told| match &told.answer {
            Some(Heard::Success { sha256, id }) => Some((&told.call, sha256.as_str(), id.as_str())),
            Some(Heard::Refused { .. } | Heard::Nothing { .. }) | None => None,
        })
    }

    /// The calls that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &Call> {
        let refused = self.calls.values().filter(|told| matches!(told.answer, Some(Heard::Refused { .. })));
        refused.map(|told| &told.call)
    }
}
