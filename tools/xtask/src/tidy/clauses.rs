//! The policy's clauses: every one has a row in docs/clauses.tsv, and every citation names one that exists.

use super::Fault;
use super::text::occurrences;
use super::tree::Tree;
use serde::Deserialize;
use syn::visit::{self, Visit};

const TABLE: &str = "docs/clauses.tsv";
const PACK: &str = "packs/ncsp-2025/clauses.toml";
const COLUMNS: &[&str] = &["id", "status", "code", "tests", "page", "note"];
const STATUSES: &[&str] = &["yes", "partly", "planned", "no"];
/// The policy as a whole is called by its year; that is no clause.
const POLICY_YEAR: &str = "2025";
const OWN: &str = "tools/xtask/src/tidy/";

#[derive(Deserialize)]
struct Pack {
    clause: Vec<Clause>,
}

#[derive(Deserialize)]
struct Clause {
    id: String,
}

/// One row of the table, and where it stands.
struct Row<'a> {
    line: usize,
    id: &'a str,
    status: &'a str,
    code: &'a str,
    tests: &'a str,
    page: &'a str,
}

pub fn check(tree: &Tree) -> Vec<Fault> {
    let (Some(table), Some(pack)) = (tree.text(TABLE), tree.text(PACK)) else {
        return vec![Fault::whole(TABLE, format!("this table and `{PACK}` must be there"))];
    };
    let ids: Vec<String> = match toml::from_str::<Pack>(pack) {
        Ok(pack) => pack.clause.into_iter().map(|clause| clause.id).collect(),
        Err(fault) => return vec![Fault::whole(PACK, format!("cannot be read: {}", fault.message()))],
    };
    let (rows, mut faults) = rows(table);
    faults.extend(check_ids(&rows, &ids));
    faults.extend(rows.iter().flat_map(|row| check_row(tree, row)));
    faults.extend(check_citations(tree, &ids));
    faults.extend(check_areas(tree, &ids));
    faults
}

fn rows(table: &str) -> (Vec<Row<'_>>, Vec<Fault>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (number, text) in table.lines().enumerate() {
        let (line, fields) = (number + 1, text.split('\t').collect::<Vec<_>>());
        if line == 1 {
            if fields != COLUMNS {
                faults.push(Fault::at(TABLE, line, format!("the columns are {}", COLUMNS.join(", "))));
            }
            continue;
        }
        match fields[..] {
            [id, status, code, tests, page, _note] => rows.push(Row { line, id, status, code, tests, page }),
            _ => faults.push(Fault::at(TABLE, line, format!("has {} columns, not {}", fields.len(), COLUMNS.len()))),
        }
    }
    (rows, faults)
}

/// The same ids as in the pack, in the same order: so each stands there exactly once.
fn check_ids(rows: &[Row<'_>], ids: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (row, id) in rows.iter().zip(ids) {
        if row.id != id {
            faults.push(Fault::at(TABLE, row.line, format!("clause `{id}` belongs here, not `{}`", row.id)));
            return faults;
        }
    }
    for id in ids.iter().skip(rows.len()) {
        faults.push(Fault::whole(TABLE, format!("clause `{id}` of `{PACK}` has no row")));
    }
    for row in rows.iter().skip(ids.len()) {
        faults.push(Fault::at(TABLE, row.line, format!("clause `{}` is not in `{PACK}`", row.id)));
    }
    faults
}

fn check_row(tree: &Tree, row: &Row<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(Fault::at(TABLE, row.line, what));
    if !STATUSES.contains(&row.status) {
        fault(format!("`{}` is no status; use one of {}", row.status, STATUSES.join(", ")));
    }
    let done = matches!(row.status, "yes" | "partly");
    for (column, places) in [("code", row.code), ("tests", row.tests)] {
        if done && places == "-" {
            fault(format!("clause `{}` is `{}` but names no {column}", row.id, row.status));
        }
        if !done && places != "-" {
            fault(format!("clause `{}` is `{}` and yet names {column}", row.id, row.status));
        }
        for place in places.split(' ').filter(|place| *place != "-") {
            if let Some(what) = missing(tree, place) {
                fault(what);
            }
        }
    }
    // A page is one of the guide (a file), or one of the portal (its path from `/`).
    if row.page != "-" && !row.page.starts_with('/') && !tree.has(row.page) {
        fault(format!("there is no page `{}`", row.page));
    }
    faults
}

/// A place is a path, or `path::name` where the file has a function of that name.
fn missing(tree: &Tree, place: &str) -> Option<String> {
    let (path, name) = place.split_once("::").map_or((place, None), |(path, name)| (path, Some(name)));
    if !tree.has(path) {
        return Some(format!("there is no `{path}`"));
    }
    let name = name?;
    let there = tree.text(path).is_some_and(|text| text.contains(&format!("fn {name}(")));
    (!there).then(|| format!("`{path}` has no function `{name}`"))
}

fn check_citations(tree: &Tree, ids: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| !file.path.starts_with(OWN)) {
        for (number, line) in file.text.lines().enumerate() {
            for id in occurrences(line, "NCSP ").map(leading_id).filter(|id| !is_known(id, ids)) {
                faults.push(Fault::at(&file.path, number + 1, format!("`NCSP {id}` is no clause of `{PACK}`")));
            }
        }
    }
    faults
}

/// What an area says it serves, in `fn clauses`, exists too.
fn check_areas(tree: &Tree, ids: &[String]) -> Vec<Fault> {
    let libs = tree.rust().filter(|file| file.path.starts_with("areas/") && file.path.ends_with("/src/lib.rs"));
    let mut faults = Vec::new();
    for file in libs {
        let mut served = Served::default();
        // What does not parse is a fault of its own, in rust.rs.
        if let Ok(parsed) = syn::parse_file(&file.text) {
            served.visit_file(&parsed);
        }
        for (line, id) in served.ids.into_iter().filter(|(_, id)| !ids.contains(id)) {
            faults.push(Fault::at(&file.path, line, format!("serves clause `{id}`, which is not in `{PACK}`")));
        }
    }
    faults
}

/// The strings inside functions called `clauses`.
#[derive(Default)]
struct Served {
    inside: bool,
    ids: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Served {
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.inside = item.sig.ident == "clauses";
        visit::visit_impl_item_fn(self, item);
        self.inside = false;
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        if self.inside {
            self.ids.push((text.span().start().line, text.value()));
        }
    }
}

fn leading_id(rest: &str) -> &str {
    let end = rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '.').unwrap_or(rest.len());
    rest[..end].trim_end_matches('.')
}

/// An id, the start of one up to its letter or a dot (`3.2` stands for 3.2a and 3.2b), or no id at all.
fn is_known(cited: &str, ids: &[String]) -> bool {
    let is_a_number = cited.starts_with(|first: char| first.is_ascii_digit());
    let starts =
        |id: &String| id.strip_prefix(cited).is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()));
    !is_a_number || cited == POLICY_YEAR || ids.iter().any(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id\tstatus\tcode\ttests\tpage\tnote\n";
    const SOME: &str = "[[clause]]\nid = \"2.2\"\n[[clause]]\nid = \"3.2a\"\n";

    fn faults(rows: &str, more: &[(&str, &str)]) -> Vec<String> {
        let table = format!("{HEAD}{rows}");
        let mut files = vec![(TABLE, table.as_str()), (PACK, SOME)];
        files.extend_from_slice(more);
        check(&Tree::of(&files)).iter().map(|fault| fault.what.clone()).collect()
    }

    #[test]
    fn rows_are_checked() {
        let code = ("areas/x/src/lib.rs", "fn blocks() {}");
        for (rows, expect) in [
            ("2.2\tplanned\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 0),
            ("2.2\tyes\tareas/x/src/lib.rs\tareas/x/src/lib.rs::blocks\t/decisions\t-\n3.2a\tno\t-\t-\t-\t-\n", 0),
            ("2.2\tplanned\t-\t-\t-\t-\n", 1),
            ("3.2a\tplanned\t-\t-\t-\t-\n2.2\tplanned\t-\t-\t-\t-\n", 1),
            ("2.2\tplanned\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 1),
            ("2.2\tperhaps\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 1),
            ("2.2\tyes\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 2),
            ("2.2\tyes\tareas/y\tareas/x/src/lib.rs::none\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 2),
            ("2.2\tplanned\tareas/x/src/lib.rs\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 1),
            ("2.2\tplanned\t-\t-\tdocs/src/none.md\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 1),
            ("2.2 planned\n2.2\tplanned\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n", 1),
        ] {
            let found = faults(rows, &[code]);
            assert_eq!(found.len(), expect, "{rows:?}: {found:?}");
        }
    }

    #[test]
    fn citations_name_a_clause_that_exists() {
        let rows = "2.2\tplanned\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n";
        for (line, expect) in [
            ("// NCSP 3.2a", 0),
            ("// NCSP 3.2 asks so.", 0),
            ("// NCSP 2.2.", 0),
            ("// the NCSP 2025", 0),
            ("// NCSP asks", 0),
            ("// NCSP 3.2b", 1),
            ("// NCSP 9.9", 1),
            ("// NCSP 3.20", 1),
        ] {
            let found = faults(rows, &[("areas/x/src/lib.rs", line)]);
            assert_eq!(found.len(), expect, "{line}: {found:?}");
        }
    }

    #[test]
    fn an_area_serves_clauses_that_exist() {
        let rows = "2.2\tplanned\t-\t-\t-\t-\n3.2a\tplanned\t-\t-\t-\t-\n";
        for (ids, expect) in [("[]", 0), ("[\"2.2\", \"3.2a\"]", 0), ("[\"3.2\"]", 1), ("[\"2.2\", \"9\"]", 1)] {
            let code = format!(
                "impl Area for X {{ fn clauses(&self) -> &[&str] {{ &{ids} }} fn name(&self) -> &str {{ \"x\" }} }}"
            );
            let found = faults(rows, &[("areas/x/src/lib.rs", &code)]);
            assert_eq!(found.len(), expect, "{ids}: {found:?}");
        }
    }
}
