//! Gathers the portal's files: our own styles and script, and from npm (at the versions and hashes of the lock file)
//! htmx and the Urdu typeface. Each gets a name that carries its hash.

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, exit},
};

/// What comes from npm: name here, path in `node_modules`.
const FROM_NPM: [(&str, &str); 4] = [
    ("htmx.js", "htmx.org/dist/htmx.min.js"),
    ("nastaliq-400.woff2", "@fontsource/noto-nastaliq-urdu/files/noto-nastaliq-urdu-arabic-400-normal.woff2"),
    ("nastaliq-700.woff2", "@fontsource/noto-nastaliq-urdu/files/noto-nastaliq-urdu-arabic-700-normal.woff2"),
    // The typeface's licence (SIL OFL 1.1 §2) goes wherever the typeface goes.
    ("nastaliq-licence.txt", "@fontsource/noto-nastaliq-urdu/LICENSE"),
];
/// What is ours. The style sheet comes last: it names the others.
const OURS: [&str; 4] = ["shield.svg", "sipar.js", "passkey.js", "sipar.css"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["package.json", "package-lock.json", "mark.svg"].into_iter().chain(OURS) {
        println!("cargo:rerun-if-changed=assets/{name}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    if env::var_os("CARGO_FEATURE_ASSETS").is_some() {
        let modules = modules(&out);
        for (name, path) in FROM_NPM {
            files.push((name, read(&modules.join(path))));
        }
    }
    for name in OURS {
        files.push((name, read(&Path::new("assets").join(name))));
    }
    let mut code = String::from("static ASSETS: &[Asset] = &[\n");
    let mut named: Vec<(&str, String)> = Vec::new();
    for (name, mut bytes) in files {
        if name == "sipar.css" {
            bytes = style(&String::from_utf8_lossy(&bytes), &named).into_bytes();
        }
        let file = hashed_name(name, &bytes);
        code.push_str(&written(&out, name, &file, &bytes));
        named.push((name, file));
    }
    code.push_str("];\n");
    write(&out.join("assets.rs"), code.as_bytes());
}

/// The folder with the packages: the working copy's own when it is at the lock file's state, else one under `out`.
fn modules(out: &Path) -> PathBuf {
    let lock = read(Path::new("assets/package-lock.json"));
    for folder in [Path::new("assets"), &out.join("npm")] {
        if is_current(&folder.join("node_modules"), &lock) {
            return folder.join("node_modules");
        }
    }
    let folder = out.join("npm");
    if let Err(fault) = fs::create_dir_all(&folder) {
        fail(&format!("could not make `{}`: {fault}", folder.display()));
    }
    write(&folder.join("package.json"), &read(Path::new("assets/package.json")));
    write(&folder.join("package-lock.json"), &lock);
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let run = Command::new(npm)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&folder)
        .output();
    match run {
        Err(fault) => fail(&format!(
            "npm is needed to build the portal and could not be started ({fault}). \
             Install Node.js 20 or newer (Debian: `apt-get install npm`; others: https://nodejs.org), then build again."
        )),
        Ok(output) if !output.status.success() => fail(&format!(
            "`npm ci` could not fetch the portal's files: {}. Check the connection to the npm registry, then build again.",
            String::from_utf8_lossy(&output.stderr).lines().take(3).collect::<Vec<_>>().join(" ")
        )),
        Ok(_) => folder.join("node_modules"),
    }
}

/// Whether the packages in a folder are those that the lock file names.
fn is_current(modules: &Path, lock: &[u8]) -> bool {
    let Ok(here) = fs::read(modules.join(".package-lock.json")) else { return false };
    let versions = |text: &[u8]| -> Option<Vec<(String, String)>> {
        let lock: serde_json::Value = serde_json::from_slice(text).ok()?;
        let packages = lock.get("packages")?.as_object()?.iter().filter(|(name, _)| !name.is_empty());
        packages.map(|(name, package)| Some((name.clone(), package.get("integrity")?.as_str()?.to_owned()))).collect()
    };
    let wanted = versions(lock);
    wanted.is_some() && versions(&here) == wanted && FROM_NPM.iter().all(|(_, path)| modules.join(path).is_file())
}

/// The style sheet without comments and indents, with the hashed names of the files that it asks for.
/// A typeface that this build does not hold is left out with its whole rule.
fn style(text: &str, named: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start..].split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    for (name, file) in named {
        out = out.replace(&format!("url({name})"), &format!("url(/assets/{file})"));
    }
    let known = |rule: &str| !rule.contains("@font-face") || rule.contains("url(/assets/");
    let rules = out.split_inclusive('}').filter(|rule| known(rule));
    rules.collect::<String>().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn hashed_name(name: &str, bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{name}.{hash}"),
    }
}

/// Writes one file and its gzip, and gives its line of code.
fn written(out: &Path, name: &str, file: &str, bytes: &[u8]) -> String {
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "font/woff2",
    };
    write(&out.join(file), bytes);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let packed = gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap_or_default();
    let smaller = !packed.is_empty() && packed.len() < bytes.len() * 9 / 10;
    let gzip = if smaller {
        write(&out.join(format!("{file}.gz")), &packed);
        format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}.gz\")))")
    } else {
        "None".to_owned()
    };
    format!(
        "    Asset {{ name: {name:?}, file: {file:?}, kind: {kind:?}, \
         bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")), gzip: {gzip} }},\n"
    )
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|fault| fail(&format!("could not read `{}`: {fault}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) {
    if let Err(fault) = fs::write(path, bytes) {
        fail(&format!("could not write `{}`: {fault}", path.display()));
    }
}

/// Ends the build with a sentence that says what to do, and no stack of ours around it.
fn fail(sentence: &str) -> ! {
    println!("cargo:warning={sentence}");
    eprintln!("{sentence}");
    exit(1);
}
