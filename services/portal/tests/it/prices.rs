//! What services cost, for everybody.
use reqwest::StatusCode;

use crate::world::World;

#[tokio::test]
async fn prices_are_found_by_agency_and_day_in_both_languages() {
    let world = World::start(|_| {}).await;
    for (lang, agency, service, price) in [
        ("en", "General Directorate of Traffic", "Vehicle registration renewal", "private: BHD 20.000"),
        ("ar", "الإدارة العامة للمرور", "تجديد تسجيل مركبة", "private: 20.000 د.ب."),
    ] {
        let all = world.page(&format!("/{lang}/prices")).await;
        assert!(all.contains(&format!("<a href=\"/{lang}/prices/TRF\">{agency}</a>")), "{all}");
        let page = world.page(&format!("/{lang}/prices/TRF?date=2026-03-01")).await;
        for words in [agency, service, price, "value=\"2026-03-01\"", "?date=2027-01-01"] {
            assert!(page.contains(words), "{lang}: {words} in {page}");
        }
    }
    for (path, status, words) in [
        ("/en/prices/ZZZ", StatusCode::NOT_FOUND, "We do not find this agency"),
        ("/en/prices/traffic", StatusCode::NOT_FOUND, "We do not find this agency"),
        ("/en/prices/TRF?date=soon", StatusCode::UNPROCESSABLE_ENTITY, "This is no date"),
    ] {
        let refused = world.get(path).await;
        assert_eq!(refused.status(), status, "{path}");
        assert!(refused.text().await.unwrap().contains(words), "{path}");
    }
}
