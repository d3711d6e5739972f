//! A new area: one folder, one line in the workspace, two in sipar/, and who may do what in packs/access.
//!
//! What it makes builds and passes its tests on the spot; then its rules take the place of the example.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A name longer than this is no name but a sentence.
const NAME_BYTES_MAX: usize = 24;
/// Folders of the other rings, and words that Rust keeps for itself: no area is called so.
const TAKEN: &[&str] = &[
    "area",
    "authz",
    "ledger",
    "model",
    "snapshot",
    "store",
    "web",
    "dns",
    "reputation",
    "xtask",
    "bench",
    "fuzz",
    "abstract",
    "async",
    "await",
    "box",
    "const",
    "crate",
    "dyn",
    "else",
    "enum",
    "extern",
    "final",
    "impl",
    "loop",
    "macro",
    "match",
    "move",
    "override",
    "priv",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Each file of a new area, with `@name@` and `@Name@` where its name goes.
const TEMPLATE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    ("src/model.rs", include_str!("template/model.rs.txt")),
    ("src/store.rs", include_str!("template/store.rs.txt")),
    ("src/http.rs", include_str!("template/http.rs.txt")),
];

/// Who may do what in it.
const POLICIES: &[(&str, &str)] =
    &[("cedarschema", include_str!("template/schema.txt")), ("cedar", include_str!("template/policies.txt"))];

const WORKSPACE: &str = "Cargo.toml";
const BINARY: &str = "sipar/Cargo.toml";
const LIST: &str = "sipar/src/areas.rs";

/// Make it, and say what to do next.
pub fn run(root: &Path, name: &str) -> Result<()> {
    let files = plan(root, name)?;
    for (path, text) in &files {
        let file = root.join(path);
        let folder = file.parent().unwrap_or(root);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        std::fs::write(&file, text).with_context(|| format!("cannot write `{path}`"))?;
        println!("wrote {path}");
    }
    // Only the new files and the list: rustfmt needs no whole workspace that builds.
    let formatted = [format!("areas/{name}/src/lib.rs"), LIST.to_owned()];
    shell::run(shell::command("rustfmt", root).args(["--edition", "2024"]).args(formatted))?;
    println!("next: `cargo nextest run -p sipar-{name}`, then write what it is for into areas/{name}/src/lib.rs,");
    println!(
        "      who may do what into packs/access/{name}.cedar, its clauses into docs/clauses.tsv, and run `cargo xtask flow` once it says or hears something"
    );
    Ok(())
}

/// Every file that is to be written, with its text; nothing is written before all of them are known.
fn plan(root: &Path, name: &str) -> Result<Vec<(String, String)>> {
    check_name(name)?;
    let folder = format!("areas/{name}");
    if root.join(&folder).exists() {
        bail!("`{folder}` exists already");
    }
    let read = |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| format!("cannot read `{path}`"));
    let mut files: Vec<(String, String)> =
        TEMPLATE.iter().map(|(path, text)| (format!("{folder}/{path}"), fill(text, name))).collect();
    files.extend(POLICIES.iter().map(|(end, text)| (format!("packs/access/{name}.{end}"), fill(text, name))));
    let dependency = format!("sipar-{name} = {{ path = \"{folder}\" }}");
    files.push((WORKSPACE.to_owned(), insert_line(WORKSPACE, &read(WORKSPACE)?, &dependency, "path = \"areas/")?));
    let usage = format!("sipar-{name}.workspace = true");
    files.push((BINARY.to_owned(), insert_sorted(BINARY, &read(BINARY)?, &usage)?));
    files.push((LIST.to_owned(), insert_item(&read(LIST)?, &format!("sipar_{name}::area(house)"))?));
    Ok(files)
}

fn check_name(name: &str) -> Result<()> {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !plain || name.len() > NAME_BYTES_MAX {
        bail!(
            "`{name}` is no name for an area: one word of at most {NAME_BYTES_MAX} lower-case letters, from the policy"
        );
    }
    if TAKEN.contains(&name) {
        bail!("`{name}` is taken by another ring or by Rust; choose another word from the policy");
    }
    Ok(())
}

fn fill(text: &str, name: &str) -> String {
    let (first, rest) = name.split_at(1);
    text.replace("@name@", name).replace("@Name@", &format!("{}{rest}", first.to_ascii_uppercase()))
}

/// Puts `line` after the last line that contains `neighbour`.
fn insert_line(path: &str, text: &str, line: &str, neighbour: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let Some(last) = lines.iter().rposition(|other| other.contains(neighbour)) else {
        bail!("`{path}` has no line with `{neighbour}` to put the new one after");
    };
    lines.insert(last + 1, line);
    Ok(lines.join("\n") + "\n")
}

/// Puts `line` in its place by the alphabet among the `sipar-` lines of `[dependencies]`.
fn insert_sorted(path: &str, text: &str, line: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let Some(start) = lines.iter().position(|other| *other == "[dependencies]") else {
        bail!("`{path}` has no [dependencies]");
    };
    let section = lines[start + 1..].iter().take_while(|other| !other.starts_with('['));
    let ours = |other: &&&str| other.starts_with("sipar-") && **other < line;
    let before = section.clone().filter(ours).count();
    let first = section.clone().position(|other| other.starts_with("sipar-"));
    let at = match first {
        Some(first) => start + 1 + first + before,
        None => start + 1,
    };
    lines.insert(at, line);
    Ok(lines.join("\n") + "\n")
}

/// Puts `item` at the end of the first `vec![...]`: the last area to be told a fact, and the last on a page.
fn insert_item(text: &str, item: &str) -> Result<String> {
    let open = text.find("vec![").with_context(|| format!("`{LIST}` has no list in the form `vec![...]`"))?;
    let start = open + "vec![".len();
    let mut depth = 1_usize;
    let close = text[start..].find(|letter| {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let end = start + close.with_context(|| format!("the list in `{LIST}` has no end"))?;
    let (before, list, after) = (&text[..start], text[start..end].trim_end(), &text[end..]);
    let comma = if list.is_empty() || list.ends_with(',') { "" } else { "," };
    let changed = format!("{before}{list}{comma}\n        {item},\n    {after}");
    syn::parse_file(&changed).with_context(|| format!("`{LIST}` is not in a form that a line can be put into"))?;
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREAS: &str = "//! The only list.\n\npub fn areas(house: &House) -> Vec<Arc<dyn Area>> {\n    \
        vec![\n        sipar_intel::area(house)?,\n        sipar_shield::area(house)?,\n    ]\n}\n";

    /// The three files that a new area changes, as a workspace of their own.
    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                WORKSPACE,
                "[workspace.dependencies]\nsipar-intel = { path = \"areas/intel\" }\nsipar-dns = { path = \"edge/dns\" }\n",
            ),
            (
                BINARY,
                "[dependencies]\nanyhow.workspace = true\nsipar-area.workspace = true\nsipar-web.workspace = true\ntokio.workspace = true\n\n[dev-dependencies]\nsipar-store.workspace = true\n",
            ),
            (LIST, AREAS),
        ] {
            std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(root.path().join(path), text).unwrap();
        }
        root
    }

    fn planned(name: &str) -> Vec<(String, String)> {
        plan(workspace().path(), name).unwrap()
    }

    fn text<'a>(files: &'a [(String, String)], path: &str) -> &'a str {
        &files.iter().find(|(other, _)| other == path).unwrap().1
    }

    #[test]
    fn a_new_area_has_its_lines_in_their_places() {
        let files = planned("screening");
        assert_eq!(
            text(&files, WORKSPACE),
            "[workspace.dependencies]\nsipar-intel = { path = \"areas/intel\" }\n\
             sipar-screening = { path = \"areas/screening\" }\nsipar-dns = { path = \"edge/dns\" }\n"
        );
        assert!(
            text(&files, BINARY).contains("sipar-area.workspace = true\nsipar-screening.workspace = true\nsipar-web")
        );
        assert!(
            text(&files, LIST).contains("sipar_shield::area(house)?,\n        sipar_screening::area(house),\n    ]")
        );
    }

    #[test]
    fn every_file_of_a_new_area_is_rust_or_toml_and_names_it() {
        for (path, text) in planned("screening") {
            assert!(
                !text.contains("@name@") && !text.contains("@Name@"),
                "{path} has a place that was not filled:\n{text}"
            );
            if path.starts_with("packs/") {
                assert!(text.contains("screening-record:read"), "{path}");
            } else if path.ends_with(".rs") {
                syn::parse_file(&text).unwrap_or_else(|fault| panic!("{path}: {fault}\n{text}"));
            } else {
                toml::from_str::<toml::Table>(&text).unwrap_or_else(|fault| panic!("{path}: {fault}"));
            }
        }
        assert!(text(&planned("screening"), "areas/screening/src/lib.rs").contains("struct Screening"));
    }

    #[test]
    fn the_real_workspace_has_a_place_for_a_new_area() {
        let root = shell::workspace_root().unwrap();
        plan(&root, "thisisnoareasofar").unwrap();
    }

    #[test]
    fn lists_in_other_shapes_are_kept_readable() {
        for (list, expect) in [
            ("fn x() { vec![] }", "vec![\n        b,\n    ]"),
            ("fn x() { vec![a] }", "vec![a,\n        b,\n    ]"),
            ("fn x() { vec![a[0], c] }", "vec![a[0], c,\n        b,\n    ]"),
        ] {
            assert!(insert_item(list, "b").unwrap().contains(expect), "{list}");
        }
        for none in ["fn x() {}", "fn x() { vec![a"] {
            assert!(insert_item(none, "b").is_err(), "{none}");
        }
    }

    #[test]
    fn names_that_are_none_are_refused_and_nothing_is_written_over() {
        let root = workspace();
        std::fs::create_dir_all(root.path().join("areas/mail")).unwrap();
        for name in ["", "Mail", "e-mail", "two words", "../x", "1st", "store", "match", "mail", &"x".repeat(25)] {
            assert!(plan(root.path(), name).is_err(), "{name}");
        }
    }
}
