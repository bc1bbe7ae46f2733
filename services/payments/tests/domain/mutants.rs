//! What `make mutants` leaves out.

/// The texts in quotes of one setting of cargo mutants.
fn texts(settings: &'static str, name: &str) -> Vec<&'static str> {
    let mut lines = settings.lines().skip_while(|line| !line.starts_with(name));
    let first = lines.next().unwrap_or_default();
    let rest = lines.take_while(|line| line.starts_with([' ', ']']));
    std::iter::once(first).chain(rest).flat_map(|line| line.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn the_page_names_what_is_left_out() {
    let settings = include_str!("../../../../.cargo/mutants.toml");
    let page = include_str!("../../../../docs/reliability.md");
    let section = page.split("## Mutants").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    assert_eq!(texts(settings, "examine_globs"), ["services/payments/src/domain/**/*.rs"]);
    for left_out in [texts(settings, "exclude_globs"), texts(settings, "exclude_re")].concat() {
        assert!(section.contains(&format!("`{left_out}`")), "docs/reliability.md: {left_out}");
    }
}
