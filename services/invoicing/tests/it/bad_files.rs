use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use proto::invoicing::v1 as pb;
use proto::invoicing::v1::create_upload_request::Part;
use zip::write::SimpleFileOptions;

use crate::Stack;
use crate::stack::{MAX_UPLOAD_BYTES, call};

/// An archive with these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_file_that_is_no_table_of_bills_is_refused_with_the_reason() {
    let t = Stack::start().await;
    let noise: Vec<u8> = (0..=255_u8).rev().cycle().take(4_000).collect();
    let bomb = archive(&[("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", &vec![b' '; 64 << 20])]);
    assert!(bomb.len() < 100_000, "small outside, large inside");
    let many: Vec<String> = (0..600).map(|n| format!("xl/{n}.xml")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    let many = archive(&many);
    let word = archive(&[("word/document.xml", b"<x/>")]);
    let broken = archive(&[("xl/workbook.xml", b"this is no workbook")]);
    let rows = format!("reference,service,name,cpr,due_date\n{}", "a,b,c,d,e\n".repeat(1_000_001));
    let headless: &[u8] = b"name,amount\nNoora,5\n";
    let cases: [(&str, &[u8], &str, &str); 13] = [
        ("empty.csv", b"", "file_empty", "empty"),
        ("blank.csv", b" \r\n\r\n", "file_empty", "empty"),
        ("bills.csv", b"%PDF-1.7 ...", "file_type_unknown", "a PDF"),
        ("bills.csv", b"\x89PNG\r\n\x1a\n", "file_type_unknown", "an image"),
        ("old.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1....", "file_type_unknown", "old Excel"),
        ("page.xls", b"<html><table>", "file_type_unknown", "a web page"),
        ("letter.xlsx", &word, "file_type_unknown", "a Word document"),
        ("broken.xlsx", &broken, "file_type_unknown", "damaged"),
        ("bomb.xlsx", &bomb, "archive_suspicious", "unpacks"),
        ("many.xlsx", &many, "archive_suspicious", "too many files"),
        ("noise.csv", &noise, "encoding_unknown", "CSV UTF-8"),
        ("utf32.csv", b"\xFF\xFE\0\0a\0\0\0", "encoding_unknown", "UTF-32"),
        ("bills.csv", headless, "header_missing", "reference, service, cpr, due date"),
    ];
    for (name, bytes, code, says) in cases {
        let refused = t.upload("TRF", name, bytes).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.kind), (code, tonic::Code::InvalidArgument), "{name}");
        assert!(refused.detail.contains(says), "{name}: {}", refused.detail);
    }
    let t = Stack::start_with(16 * MAX_UPLOAD_BYTES).await;
    let refused = t.upload("TRF", "rows.csv", rows.as_bytes()).await.unwrap_err();
    assert_eq!(refused.code, "too_many_rows");
    assert_eq!((t.count("upload").await, t.count("idempotency").await), (0, 0));
    assert_eq!(t.count("upload_piece").await, 0, "nothing of it stays");
}

#[tokio::test]
async fn a_huge_file_is_refused_before_it_is_sent_to_its_end() {
    let t = Stack::start().await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let head = Part::Head(pb::UploadHead { file_name: "huge.csv".to_owned() });
    // 200 MB in pieces that are made only when they are asked for.
    let pieces = (0..3_200).map(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Part::Chunk(vec![b'x'; 64 * 1024])
    });
    let parts = std::iter::once(head).chain(pieces).map(|part| pb::CreateUploadRequest { part: Some(part) });
    let request = call("TRF", "k").request(futures::stream::iter(parts)).unwrap();
    let refused = t.uploads.clone().create_upload(request).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&refused).code, "file_too_large");
    assert!(sent.load(Ordering::Relaxed) < 1_000, "most of it was never sent");
}

#[tokio::test]
async fn files_that_never_end_keep_nobody_out_for_long() {
    let t = Stack::start().await;
    let endless = || {
        let head = Part::Head(pb::UploadHead { file_name: "slow.csv".to_owned() });
        let head = pb::CreateUploadRequest { part: Some(head) };
        let parts = futures::stream::iter([head]).chain(futures::stream::pending());
        let request = call("TRF", "slow").request(parts).unwrap();
        let mut client = t.uploads.clone();
        async move { boot::Problem::from_status(&client.create_upload(request).await.unwrap_err()) }
    };
    let code = |problem: &boot::Problem| problem.code.to_string();
    // One more than there is room for: whichever comes last is told to come back.
    let slow: FuturesUnordered<_> = (0..9).map(|_| endless()).collect();
    let mut ended = slow.inspect(|problem| assert!(!problem.detail.is_empty()));
    let refused = ended.next().await.unwrap();
    assert_eq!((code(&refused).as_str(), refused.retry_after_ms), ("overloaded", Some(1_000)));

    t.env.clock.advance(Duration::from_mins(11));
    let others: Vec<_> = ended.collect().await;
    assert!(others.len() == 8 && others.iter().all(|problem| code(problem) == "upload_too_slow"));
    let file = "reference,service,name,cpr,due_date,amount\nT-1,FINE,Ali,900101123,2030-01-31,1.000\n";
    t.upload("TRF", "good.csv", file.as_bytes()).await.unwrap();
}
