//! What readers and computers find in a PDF, by poppler's tools; and whether two pictures of pages are alike.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::tools::{poppler, project_root};

/// Side of the squares that are compared, in pixels: what a renderer does to the edge of a letter is lost in them.
const SQUARE: usize = 8;
/// Squares whose mean brightness differs by more are unlike.
const BRIGHTNESS: u64 = 24;

fn said(tool: &str, arguments: &[&str], files: &[&Path]) -> anyhow::Result<Vec<u8>> {
    let done = Command::new(poppler(tool)).args(arguments).args(files).output()?;
    ensure!(done.status.success(), "{tool}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(done.stdout)
}

/// Words in the order and with the characters a person sees, whatever the direction of their line.
///
/// # Errors
/// It is no PDF.
pub fn text(pdf: &Path) -> anyhow::Result<String> {
    Ok(String::from_utf8(said("pdftotext", &["-layout"], &[pdf, Path::new("-")])?)?)
}

/// A file inside.
///
/// # Errors
/// There is none of this name.
pub fn attached(pdf: &Path, name: &str) -> anyhow::Result<String> {
    let out = pdf.with_extension("attached");
    said("pdfdetach", &["-savefile", name, "-o"], &[&out, pdf])?;
    Ok(std::fs::read_to_string(out)?)
}

/// Leaves it in `target/documents`, where `tools/check-pdf` judges it.
///
/// # Errors
/// It cannot be copied.
pub fn keep(pdf: &Path, name: &str) -> anyhow::Result<()> {
    let folder = project_root().join("target/documents");
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(pdf, folder.join(format!("{}.pdf", name.to_lowercase())))?;
    Ok(())
}

/// A picture of its first page, beside it.
///
/// # Errors
/// It is no PDF.
pub fn picture(pdf: &Path) -> anyhow::Result<PathBuf> {
    let name = pdf.with_extension("");
    said("pdftoppm", &["-r", "110", "-png", "-singlefile"], &[pdf, &name])?;
    Ok(name.with_extension("png"))
}

/// How many of a thousand squares of two pictures are unlike; all of them when the pictures are of other sizes.
///
/// # Errors
/// One is no PNG of eight bits a sample.
pub fn unlike_per_mille(one: &Path, other: &Path) -> anyhow::Result<usize> {
    let (one, other) = (squares(one)?, squares(other)?);
    if one.len() != other.len() {
        return Ok(1_000);
    }
    let unlike = one.iter().zip(&other).filter(|(one, other)| one.abs_diff(**other) > BRIGHTNESS).count();
    Ok((unlike * 1_000).div_ceil(one.len().max(1)))
}

/// The mean brightness of each square, row by row.
fn squares(file: &Path) -> anyhow::Result<Vec<u64>> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(file)?)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a picture that fits into memory")?];
    let info = reader.next_frame(&mut pixels)?;
    ensure!(info.bit_depth == png::BitDepth::Eight, "{}: not eight bits a sample", file.display());
    let samples = info.color_type.samples();
    let rows: Vec<&[u8]> = pixels.chunks(info.line_size).take(usize::try_from(info.height)?).collect();
    let mut squares = Vec::new();
    for band in rows.chunks(SQUARE) {
        let width = usize::try_from(info.width)?.div_ceil(SQUARE);
        let (mut sums, mut counts) = (vec![0_u64; width], vec![0_u64; width]);
        for row in band {
            let parts = row.chunks(SQUARE * samples).zip(sums.iter_mut().zip(&mut counts));
            for (part, (sum, count)) in parts {
                *sum += part.iter().map(|sample| u64::from(*sample)).sum::<u64>();
                *count += u64::try_from(part.len())?;
            }
        }
        squares.extend(sums.into_iter().zip(counts).map(|(sum, count)| sum / count.max(1)));
    }
    Ok(squares)
}
