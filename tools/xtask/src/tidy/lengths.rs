//! Lengths of files and functions, with an allow-list that may only shrink: tools/xtask/tidy.toml.

use super::Fault;
use super::tree::{File, Tree};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// A file that fits on some eight screens is read from the top down.
const FILE_LINES_MAX: usize = 400;
/// Not even the allow-list lets a file grow over this.
const FILE_LINES_NEVER: usize = 1_000;
/// A function that fits on one tall screen.
const FUNCTION_LINES_MAX: usize = 70;
/// Half of the files are at most this long.
const MEDIAN_LINES_MAX: usize = 150;
/// So many of a thousand functions may be over the limit.
const LONG_FUNCTIONS_PER_1000_MAX: usize = 15;

/// Crates on the longest way down, the binary among them: what lies deep is built late.
const CRATE_DEPTH_MAX: usize = 5;

const LIST: &str = "tools/xtask/tidy.toml";
const LIST_HEAD: &str = "\
# Files over 400 lines, functions over 70 (tests, which are tables of data, are not counted), a median over 150,
# and crates more than 5 deep.
# This list may only shrink: an entry that is higher than need be, or not needed, fails `cargo xtask tidy`.
# `cargo xtask tidy --shrink` lowers the numbers and takes out what is not needed; it adds nothing.

";

/// What is longer than it should be, and how long it may stay.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    median_lines: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crate_depth: Option<usize>,
    #[serde(default)]
    files: BTreeMap<String, usize>,
    #[serde(default)]
    functions: BTreeMap<String, usize>,
}

impl Allowed {
    pub fn read(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read `{LIST}`"))?;
        toml::from_str(&text).with_context(|| format!("cannot understand `{LIST}`"))
    }
}

/// The length of every Rust file, and of every function by `path::Type::name`.
#[derive(Default)]
pub struct Measured {
    files: BTreeMap<String, usize>,
    functions: BTreeMap<String, usize>,
    function_count: usize,
    crate_depth: usize,
}

impl Measured {
    /// One line for people.
    pub fn figures(&self) -> String {
        format!(
            "{} Rust files, median {} lines, 95th percentile {}; {} functions, {} over {FUNCTION_LINES_MAX} lines; crates {} deep",
            self.files.len(),
            self.percentile(50),
            self.percentile(95),
            self.function_count,
            self.long_functions(),
            self.crate_depth,
        )
    }

    fn percentile(&self, percent: usize) -> usize {
        let mut lines: Vec<usize> = self.files.values().copied().collect();
        lines.sort_unstable();
        lines.get((lines.len() * percent / 100).min(lines.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn long_functions(&self) -> usize {
        self.functions.values().filter(|lines| **lines > FUNCTION_LINES_MAX).count()
    }
}

pub fn measure(tree: &Tree, crate_depth: usize) -> Measured {
    let mut measured = Measured { crate_depth, ..Measured::default() };
    for file in tree.rust() {
        measured.files.insert(file.path.clone(), file.text.lines().count());
        measure_functions(file, &mut measured);
    }
    measured
}

fn measure_functions(file: &File, measured: &mut Measured) {
    // What does not parse is a fault of its own, in rust.rs.
    let Ok(parsed) = syn::parse_file(&file.text) else { return };
    let in_tests = file.path.contains("tests/") || file.path.ends_with("tests.rs");
    let mut finder = Finder { path: &file.path, owner: String::new(), in_tests, measured };
    finder.visit_file(&parsed);
}

struct Finder<'a> {
    path: &'a str,
    owner: String,
    in_tests: bool,
    measured: &'a mut Measured,
}

impl Finder<'_> {
    fn found(&mut self, name: &syn::Ident, whole: proc_macro2::Span, attributes: &[syn::Attribute]) {
        if self.in_tests || attributes.iter().any(|attribute| attribute.path().is_ident("test")) {
            return;
        }
        let lines = whole.end().line - name.span().start().line + 1;
        let longest = self.measured.functions.entry(format!("{}::{}{name}", self.path, self.owner)).or_default();
        *longest = lines.max(*longest);
        self.measured.function_count += 1;
    }

    fn inside(&mut self, owner: String, work: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.owner, owner);
        work(self);
        self.owner = outer;
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.found(&item.sig.ident, item.span(), &item.attrs);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.found(&item.sig.ident, item.span(), &item.attrs);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.found(&item.sig.ident, item.span(), &item.attrs);
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|last| format!("{}::", last.ident)),
            _ => None,
        };
        self.inside(owner.unwrap_or_default(), |finder| visit::visit_item_impl(finder, item));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.inside(format!("{}::", item.ident), |finder| visit::visit_item_trait(finder, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let outer = self.in_tests;
        self.in_tests |= item.attrs.iter().any(is_cfg_test);
        visit::visit_item_mod(self, item);
        self.in_tests = outer;
    }
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
}

pub fn check(measured: &Measured, allowed: &Allowed) -> Vec<Fault> {
    let mut faults = ratchet(&measured.files, &allowed.files, FILE_LINES_MAX, "split the file");
    faults.extend(ratchet(&measured.functions, &allowed.functions, FUNCTION_LINES_MAX, "split the function"));
    let over = measured.files.iter().filter(|(_, lines)| **lines > FILE_LINES_NEVER);
    faults.extend(over.map(|(path, _)| Fault::whole(path, format!("no file is over {FILE_LINES_NEVER} lines"))));
    faults.extend(figure("median_lines", measured.percentile(50), allowed.median_lines, MEDIAN_LINES_MAX));
    faults.extend(figure("crate_depth", measured.crate_depth, allowed.crate_depth, CRATE_DEPTH_MAX));
    let long = measured.long_functions();
    if long * 1_000 > measured.function_count * LONG_FUNCTIONS_PER_1000_MAX {
        let limit = LONG_FUNCTIONS_PER_1000_MAX;
        faults.push(Fault::whole(LIST, format!("{long} long functions are more than {limit} in a thousand")));
    }
    faults
}

/// A figure of the whole is held to its limit, or to what the list allows until it is better.
fn figure(name: &str, now: usize, allowed: Option<usize>, limit: usize) -> Option<Fault> {
    let what = match allowed {
        None if now > limit => format!("`{name}` is {now}; at most {limit}"),
        Some(entry) if now > entry && now > limit => format!("`{name}` grew from {entry} to {now}"),
        Some(entry) if now < entry || now <= limit => {
            format!("`{name}` is {now} now, {limit} is good: `cargo xtask tidy --shrink`")
        }
        _ => return None,
    };
    Some(Fault::whole(LIST, what))
}

fn ratchet(
    lengths: &BTreeMap<String, usize>,
    allowed: &BTreeMap<String, usize>,
    limit: usize,
    remedy: &str,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, &lines) in lengths {
        let path = place.split("::").next().unwrap_or(place);
        match allowed.get(place) {
            None if lines > limit => {
                faults.push(Fault::whole(path, format!("`{place}` has {lines} lines; at most {limit}: {remedy}")));
            }
            Some(&entry) if lines > entry && lines > limit => {
                faults.push(Fault::whole(path, format!("`{place}` grew from {entry} to {lines} lines: {remedy}")));
            }
            _ => {}
        }
    }
    for (place, &entry) in allowed {
        let lines = lengths.get(place).copied().unwrap_or_default();
        if lines <= limit {
            faults.push(Fault::whole(LIST, format!("`{place}` is not needed any more: `cargo xtask tidy --shrink`")));
        } else if lines < entry {
            faults.push(Fault::whole(LIST, format!("`{place}` has {lines} lines now: `cargo xtask tidy --shrink`")));
        }
    }
    faults
}

/// Lower every number to what is there now, and take out what is not needed.
pub fn shrink(root: &Path, measured: &Measured) -> Result<()> {
    let mut allowed = Allowed::read(root)?;
    allowed.median_lines = lower_figure(allowed.median_lines, measured.percentile(50), MEDIAN_LINES_MAX);
    allowed.crate_depth = lower_figure(allowed.crate_depth, measured.crate_depth, CRATE_DEPTH_MAX);
    lower(&mut allowed.files, &measured.files, FILE_LINES_MAX);
    lower(&mut allowed.functions, &measured.functions, FUNCTION_LINES_MAX);
    let text = toml::to_string(&allowed).context("cannot write the allow-list as TOML")?;
    std::fs::write(root.join(LIST), format!("{LIST_HEAD}{text}")).with_context(|| format!("cannot write `{LIST}`"))
}

fn lower_figure(allowed: Option<usize>, now: usize, limit: usize) -> Option<usize> {
    allowed.filter(|_| now > limit).map(|entry| now.min(entry))
}

fn lower(allowed: &mut BTreeMap<String, usize>, lengths: &BTreeMap<String, usize>, limit: usize) {
    allowed.retain(|place, entry| {
        let lines = lengths.get(place).copied().unwrap_or_default();
        *entry = lines.min(*entry);
        lines > limit
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    fn list(files: &[(&str, usize)], functions: &[(&str, usize)]) -> Allowed {
        let map = |rows: &[(&str, usize)]| rows.iter().map(|(place, lines)| ((*place).to_owned(), *lines)).collect();
        Allowed { files: map(files), functions: map(functions), ..Allowed::default() }
    }

    /// The faults of one file with `lines` lines against an entry, other than those of the figures.
    fn file_faults(lines: usize, allowed: &Allowed) -> usize {
        let text = "//\n".repeat(lines);
        let faults = check(&measure(&Tree::of(&[("a/src/x.rs", &text)]), 1), allowed);
        faults.iter().filter(|fault| !fault.what.contains("median_lines")).count()
    }

    #[test]
    fn the_ratchet_on_files() {
        for (lines, entry, expect) in [
            (400, None, 0),
            (401, None, 1),
            (500, Some(500), 0),
            (501, Some(500), 1),
            (450, Some(500), 1),
            (400, Some(500), 1),
            (1_001, Some(1_001), 1),
        ] {
            let allowed = entry.map_or_else(Allowed::default, |entry| list(&[("a/src/x.rs", entry)], &[]));
            assert_eq!(file_faults(lines, &allowed), expect, "{lines} lines, entry {entry:?}");
        }
    }

    #[test]
    fn an_entry_for_a_file_that_is_gone_is_a_fault() {
        assert_eq!(file_faults(10, &list(&[("a/src/gone.rs", 500)], &[])), 1);
    }

    #[test]
    fn functions_are_counted_by_their_owner_and_tests_are_not() {
        let long = function("long", 71);
        let text = format!(
            "{}\nimpl Thing {{\n{long}}}\n#[test]\n{}#[cfg(test)]\nmod tests {{\n{long}}}\n",
            function("short", 70),
            function("table", 90)
        );
        let measured = measure(&Tree::of(&[("a/src/x.rs", &text)]), 1);
        let lengths: Vec<_> = measured.functions.iter().map(|(name, lines)| (name.as_str(), *lines)).collect();
        assert_eq!(lengths, [("a/src/x.rs::Thing::long", 71), ("a/src/x.rs::short", 70)]);
        let faults = check(&measured, &list(&[], &[]));
        assert!(faults.iter().any(|fault| fault.what.starts_with("`a/src/x.rs::Thing::long` has 71")), "{faults:?}");
    }

    #[test]
    fn a_figure_is_a_ratchet_too() {
        for (now, allowed, fault) in [
            (150, None, false),
            (151, None, true),
            (180, Some(180), false),
            (181, Some(180), true),
            (170, Some(180), true),
            (150, Some(180), true),
            (150, Some(150), true),
        ] {
            assert_eq!(figure("x", now, allowed, 150).is_some(), fault, "{now} {allowed:?}");
        }
    }

    #[test]
    fn shrinking_lowers_and_takes_out_but_adds_nothing() {
        let mut allowed = list(&[("a.rs", 600), ("b.rs", 500), ("c.rs", 450)], &[]).files;
        let now = BTreeMap::from([("a.rs".to_owned(), 550), ("c.rs".to_owned(), 470), ("d.rs".to_owned(), 900)]);
        lower(&mut allowed, &now, FILE_LINES_MAX);
        assert_eq!(allowed, BTreeMap::from([("a.rs".to_owned(), 550), ("c.rs".to_owned(), 450)]));
    }
}
