//! The page says what the code does.

#[test]
fn the_readme_holds_the_graph_of_the_code() {
    let graph = kiosk_relay::states_dot("device").unwrap();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    assert!(page.contains(graph.trim()), "paste into README.md:\n{graph}");
    assert!(kiosk_relay::states_dot("payment").is_none());
}
