//! A stored answer is shown the same to the byte.
use crate::world::{World, good};

#[tokio::test]
async fn the_same_answer_of_a_service_is_the_same_bytes() {
    let world = World::start().await;
    let mut bodies = Vec::new();
    for _ in 0..3 {
        let answer = world.pay(&good()).send().await.unwrap();
        bodies.push((answer.status(), answer.bytes().await.unwrap()));
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[1], bodies[2]);
    let shown: serde_json::Value = serde_json::from_slice(&bodies[0].1).unwrap();
    assert_eq!(shown["amount"], serde_json::json!({ "amount": "12.500", "currency": "BHD" }));
    assert_eq!(shown["state"], "created");
}
