//! The graphs of the README are those of the code.

#[test]
fn the_readme_draws_the_states_of_the_code() {
    let readme = include_str!("../../README.md");
    for noun in ["invoice", "upload"] {
        let dot = invoicing::states_dot(noun).unwrap();
        assert!(readme.contains(&format!("```dot\n{dot}```")), "put this into README.md:\n{dot}");
    }
    assert_eq!(invoicing::states_dot("refund"), None);
}
