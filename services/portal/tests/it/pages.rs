//! What the pages say.
use proto::payments::v1::{PaymentState, ReceivableState};
use reqwest::StatusCode;
use tonic::Code;

use crate::world::{BILL, PAYMENT, World, channels};

#[tokio::test]
async fn an_open_bill_says_all_in_both_languages() {
    let world = World::start(|_| {}).await;
    for (lang, dir, words) in [
        (
            "en",
            "ltr",
            [
                "General Directorate of Traffic",
                "TO PAY",
                "BHD 12.500",
                "Amount due",
                "How do I know this is genuine?",
            ],
        ),
        (
            "ar",
            "rtl",
            [
                "الإدارة العامة للمرور",
                "مستحقة الدفع",
                "12.500 د.ب.",
                "المبلغ المستحق",
                "كيف أتأكد من أن هذه الصفحة حقيقية؟",
            ],
        ),
    ] {
        let page = world.page(&format!("/{lang}/bills/{BILL}")).await;
        assert!(page.contains(&format!("<html lang=\"{lang}\" dir=\"{dir}\">")), "{page}");
        for word in words {
            assert!(page.contains(word), "{lang}: {word}");
        }
        for token in [BILL, "2030-02-17", "TRF-2026-000123"] {
            assert!(
                page.contains(&format!("<bdi dir=\"ltr\" class=\"token\">{token}</bdi>")),
                "{lang}: {token} is isolated"
            );
        }
        assert!(!page.contains(['\u{200e}', '\u{200f}', '\u{a0}']), "no invisible characters");
        assert!(!page.contains("<script"));
    }
}

#[tokio::test]
async fn only_a_bill_that_can_be_paid_has_a_pay_button() {
    for (state, away, en, ar) in [
        (ReceivableState::Paid, None, "PAID", "مدفوعة"),
        (ReceivableState::Held, None, "PAYMENT UNDER WAY", "دفعة جارية"),
        (ReceivableState::Open, Some(Code::Unavailable), "NOT KNOWN NOW", "غير معروفة الآن"),
    ] {
        let world = World::start(|facts| (facts.receivable, facts.away) = (state, away)).await;
        for (lang, word) in [("en", en), ("ar", ar)] {
            let page = world.page(&format!("/{lang}/bills/{BILL}")).await;
            assert!(page.contains(&format!("<p class=\"badge\">{word}</p>")), "{lang} {state:?}");
            assert!(!page.contains("method=\"post\""), "{lang} {state:?}: no pay button");
            assert!(
                page.contains(if lang == "en" {
                    "<p class=\"amount\"><bdi>BHD 12.500<"
                } else {
                    "<p class=\"amount\"><bdi>12.500 د.ب.<"
                }),
                "{lang} {state:?}"
            );
        }
    }
    let world = World::start(|facts| facts.receivable = ReceivableState::Paid).await;
    assert!(world.page(&format!("/en/bills/{BILL}")).await.contains("MZN-2026-000777"), "its receipt");
}

#[tokio::test]
async fn a_bill_says_how_it_can_be_paid_until_when_and_how_not() {
    let world = World::start(|facts| facts.channels = channels()).await;
    let date = |day: &str| format!("<bdi dir=\"ltr\" class=\"token\">{day}</bdi>");
    let (until, since) = (date("2029-12-31"), date("2026-01-01"));
    for (lang, lines) in [
        (
            "en",
            [
                "<li class=\"open\">Wallet</li>".to_owned(),
                format!("<li class=\"open\">Cash at a kiosk: until the end of {until}</li>"),
                format!(
                    "<li class=\"closed\">Cash at the agency&#39;s counter: not taken since {since}</li>"
                ),
                "<li class=\"closed\">Card at the agency&#39;s terminal: not taken for this service</li>"
                    .to_owned(),
            ],
        ),
        (
            "ar",
            [
                "<li class=\"open\">المحفظة</li>".to_owned(),
                format!("<li class=\"open\">نقدًا في جهاز الخدمة الذاتية: حتى نهاية {until}</li>"),
                format!("<li class=\"closed\">نقدًا عند نافذة الجهة: غير مقبول منذ {since}</li>"),
                "<li class=\"closed\">البطاقة عبر جهاز الجهة: غير مقبول لهذه الخدمة</li>".to_owned(),
            ],
        ),
    ] {
        let page = world.page(&format!("/{lang}/bills/{BILL}")).await;
        for line in lines {
            assert!(page.contains(&line), "{lang}: {line}\n{page}");
        }
        assert!(page.contains("method=\"post\""), "{lang}: the wallet is open here");
    }
}

#[tokio::test]
async fn a_bill_that_is_not_paid_here_has_no_button_and_says_where_to_go() {
    let mut closed = channels();
    closed[0].open = false;
    let world = World::start(|facts| facts.channels = closed).await;
    for (lang, words) in
        [("en", "This bill is not paid on this page."), ("ar", "لا تُدفع هذه الفاتورة في هذه الصفحة.")]
    {
        let page = world.page(&format!("/{lang}/bills/{BILL}")).await;
        assert!(page.contains(words) && !page.contains("method=\"post\""), "{lang}: {page}");
    }
}

#[tokio::test]
async fn each_outcome_has_its_title() {
    for (state, failure, en, ar) in [
        (PaymentState::Captured, "", "Payment received", "تم استلام الدفعة"),
        (
            PaymentState::Failed,
            "declined",
            "Payment not completed. No money was taken",
            "لم تكتمل عملية الدفع. لم يتم خصم أي مبلغ",
        ),
        (
            PaymentState::Processing,
            "",
            "We do not know yet. Please do not pay again",
            "لم تتأكد النتيجة بعد. يرجى عدم الدفع مرة أخرى",
        ),
        (PaymentState::Authorised, "", "Approved. The amount is held", "تمت الموافقة. المبلغ محجوز"),
        (
            PaymentState::Late,
            "",
            "You paid twice. The second payment is yours",
            "تم الدفع مرتين. المبلغ الثاني محفوظ لك",
        ),
        (PaymentState::Failed, "amount_mismatch", "The wallet took another amount", "خصمت المحفظة مبلغًا آخر"),
    ] {
        let world = World::start(|facts| (facts.payment, facts.failure) = (state, failure)).await;
        for (lang, title) in [("en", en), ("ar", ar)] {
            let page = world.page(&format!("/{lang}/payments/{PAYMENT}")).await;
            assert!(page.contains(&format!("<h1>{title}</h1>")), "{lang} {state:?}: {page}");
            assert!(!page.contains("http-equiv"), "nothing reloads by itself");
        }
    }
}

#[tokio::test]
async fn approving_offers_the_wallet_first_and_the_code_second() {
    let world = World::start(|facts| facts.payment = PaymentState::ActionRequired).await;
    let page = world.page(&format!("/en/payments/{PAYMENT}")).await;
    let (link, code) = (page.find("https://wallet.example/pay/1").unwrap(), page.find("qr.svg").unwrap());
    assert!(link < code);
    let svg = world.page(&format!("/en/payments/{PAYMENT}/qr.svg")).await;
    assert!(svg.contains("<svg"), "{svg}");
}

#[tokio::test]
async fn an_unknown_reference_fails_visibly_and_is_shown_escaped() {
    let world = World::start(|_| {}).await;
    let answer = world.get("/en/bills?reference=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let page = answer.text().await.unwrap();
    assert!(page.contains("We do not find this bill") && page.contains("&#60;script&#62;"), "{page}");

    let found = world.get("/ar/bills?reference=%20trf-%D9%A2%D9%A0%D9%A2%D9%A6-000123-k7qm4").await;
    assert_eq!(found.headers()["location"], format!("/ar/bills/{BILL}"));
}

#[tokio::test]
async fn trying_references_is_slowed_and_known_bills_are_not() {
    let world = World::start(|_| {}).await;
    let mut codes = Vec::new();
    for n in 0..5 {
        codes.push(world.get(&format!("/en/bills/TRF-2026-00000{n}-AAAAA")).await.status());
    }
    assert_eq!(codes.iter().filter(|code| **code == StatusCode::TOO_MANY_REQUESTS).count(), 2, "{codes:?}");
    assert_eq!(world.get(&format!("/en/bills/{BILL}")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_page_is_guarded_by_its_headers() {
    let world = World::start(|_| {}).await;
    for path in [
        "/en/".to_owned(),
        format!("/ar/bills/{BILL}"),
        format!("/en/payments/{PAYMENT}"),
        "/nothing".to_owned(),
    ] {
        let answer = world.get(&path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    }
    let css = world.page("/assets/mizan.css").await;
    assert!(!css.contains("margin-left") && !css.contains("text-align: left"), "logical properties only");
}

#[tokio::test]
async fn bill_and_receipt_are_there_to_keep_in_the_language_of_the_page() {
    let world = World::start(|_| {}).await;
    for (lang, asked) in [("en", "1"), ("ar", "2")] {
        for (page, pdf, name) in [
            (format!("/{lang}/bills/{BILL}"), "invoice.pdf", "TRF-2026-000123"),
            (format!("/{lang}/payments/{PAYMENT}"), "receipt.pdf", "MZN-2026-000777"),
        ] {
            let link = format!("{page}/{pdf}");
            assert!(world.page(&page).await.contains(&format!("href=\"{link}\"")), "{link}");
            let answer = world.get(&link).await;
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), "application/pdf");
            assert_eq!(header("content-disposition"), format!("inline; filename=\"{name}.pdf\""));
            assert_eq!(answer.text().await.unwrap(), format!("%PDF {name} {asked}"));
        }
    }
    let early = World::start(|facts| facts.payment = PaymentState::Processing).await;
    let answer = early.get(&format!("/en/payments/{PAYMENT}/receipt.pdf")).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(answer.text().await.unwrap().contains("There is no receipt yet"));
    for (guess, status) in [(0, 404), (1, 404), (2, 404), (3, 429)] {
        let answer = early.get(&format!("/en/bills/TRF-2026-00000{guess}/invoice.pdf")).await;
        assert_eq!(answer.status(), status, "{guess}");
    }
}
