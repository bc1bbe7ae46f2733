//! Limits hold with Redis and without.
use reqwest::{Method, StatusCode};

use crate::world::{ALL, READER, World, problem};

async fn refused_of(world: &World, key: &str, requests: usize) -> usize {
    let mut refused = 0;
    for _ in 0..requests {
        let answer = world.request(Method::GET, "/v1/payments/p").bearer_auth(key).send().await.unwrap();
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key("retry-after"));
            refused += 1;
        } else {
            assert_eq!(answer.status(), StatusCode::OK);
        }
    }
    refused
}

#[tokio::test]
async fn a_client_that_asks_too_much_is_slowed_and_no_other() {
    let world = World::with_rate(5, None).await;
    assert!(refused_of(&world, ALL, 30).await >= 10, "five a second, and five at once");
    assert_eq!(refused_of(&world, READER, 3).await, 0, "another client has its own bucket");
    let (status, code, _) = problem(world.request(Method::GET, "/v1/payments/p").bearer_auth(ALL)).await;
    assert_eq!((status, code.as_str()), (StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
}

#[tokio::test]
async fn without_redis_the_local_count_decides() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::with_rate(5, Some(format!("redis://{nobody}/0"))).await;
    let refused = refused_of(&world, ALL, 12).await;
    assert!((1..12).contains(&refused), "{refused} of 12: it answers, and it counts");
    assert!(world.env.ctx.health.is_ready(), "Redis is nothing to wait for");
}
