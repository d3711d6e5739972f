//! The pages of the guide: tests run what a person would paste from them, so that no page drifts from what was tried.

/// A page, as it stands in `docs/src`.
pub struct Page(pub &'static str);

impl Page {
    /// The lines that are no configuration.
    fn outside(&self) -> impl Iterator<Item = &'static str> {
        let mut is_fenced = false;
        self.0.lines().filter(move |line| {
            let is_fence = line.starts_with("```");
            is_fenced ^= is_fence;
            !is_fence && !is_fenced
        })
    }

    /// Its commands: what is indented. A line that ends with a backslash goes on in the next.
    pub fn commands(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        let mut goes_on = false;
        for line in self.outside().filter_map(|line| line.strip_prefix("    ")) {
            match commands.last_mut().filter(|_| goes_on) {
                Some(last) => last.push_str(&format!("\n{line}")),
                None => commands.push(line.to_owned()),
            }
            goes_on = line.ends_with('\\');
        }
        commands
    }

    /// The first command that begins so, on a line of its own or in a sentence.
    pub fn command(&self, begins: &str) -> String {
        let in_sentences = self.outside().flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned);
        let mut all = self.commands().into_iter().chain(in_sentences);
        all.find(|one| one.starts_with(begins)).unwrap_or_else(|| panic!("the page has no command `{begins}`"))
    }

    /// The configuration that holds `word`.
    pub fn block(&self, word: &str) -> &'static str {
        let mut blocks = self.0.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
        blocks.find(|(_, text)| text.contains(word)).unwrap_or_else(|| panic!("the page has no block with `{word}`")).1
    }
}

#[test]
fn commands_and_configuration_are_told_apart() {
    let page = Page("Do `one a` and `one b`:\n\n    two \\\n      more\n    three\n\n```toml\n    [four]\n```\n");
    assert_eq!(page.commands(), ["two \\\n  more", "three"]);
    assert_eq!((page.command("one").as_str(), page.command("thr").as_str()), ("one a", "three"));
    assert_eq!(page.block("four"), "    [four]\n");
}
