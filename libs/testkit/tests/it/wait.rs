use std::time::Duration;

use testkit::wait_for;

#[tokio::test]
async fn a_fact_is_returned_when_it_is_there() {
    let mut looks = 0;
    let found = wait_for("the third look", Duration::from_secs(5), async || {
        looks += 1;
        (looks == 3).then_some("here")
    });
    assert_eq!(found.await, "here");
}

#[tokio::test]
#[should_panic(expected = "in vain for: pigs fly")]
async fn waiting_in_vain_says_for_what() {
    wait_for("pigs fly", Duration::from_millis(30), async || None::<()>).await;
}

#[tokio::test]
#[should_panic(expected = "in vain for: an answer")]
async fn a_look_that_hangs_does_not_hang_the_test() {
    wait_for("an answer", Duration::from_millis(30), std::future::pending::<Option<()>>).await;
}
