//! What can be computed about how pages look: weight, names of files, contrast.

use sipar_web::assets::{self, Asset};
use std::collections::BTreeMap;

/// The most that a first page load may weigh without the Urdu typeface, packed, in bytes.
const WEIGHT_MAX: usize = 60_000;

fn css() -> &'static str {
    std::str::from_utf8(assets::find("sipar.css").unwrap().bytes).unwrap()
}

fn packed(asset: &Asset) -> usize {
    asset.gzip.map_or(asset.bytes.len(), <[u8]>::len)
}

#[test]
fn names_carry_hashes_and_styles_name_files_that_exist() {
    for asset in assets::all() {
        let (stem, extension) = asset.name.rsplit_once('.').unwrap();
        let hash =
            asset.file.strip_prefix(&format!("{stem}.")).and_then(|rest| rest.strip_suffix(&format!(".{extension}")));
        let hash = hash.unwrap_or_else(|| panic!("{}", asset.file));
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", asset.file);
    }
    for named in css().split("url(/assets/").skip(1) {
        let file = named.split(')').next().unwrap();
        assert!(assets::all().iter().any(|asset| asset.file == file), "{file}");
    }
    assert_eq!(css().matches("url(").count(), css().matches("url(/assets/").count(), "no other address");
}

#[test]
fn pages_are_light() {
    let weight: usize = assets::all().iter().filter(|asset| !asset.name.starts_with("nastaliq")).map(packed).sum();
    assert!(weight < WEIGHT_MAX, "{weight} bytes");
}

#[test]
fn both_directions_of_writing_share_the_sheet() {
    let code = css().split(['{', ';', '}']).filter_map(|part| part.split_once(':')).map(|(name, _)| name.trim());
    for name in code {
        let fixed = [
            "margin-left",
            "margin-right",
            "padding-left",
            "padding-right",
            "left",
            "right",
            "border-left",
            "border-right",
            "float",
        ];
        assert!(!fixed.contains(&name), "`{name}` does not turn around with the script");
    }
}

/// The values of `--name:#rrggbb` in a part of the sheet.
fn colours(part: &str) -> BTreeMap<&str, [f64; 3]> {
    let pairs = part.split([';', '{', '\n']).filter_map(|pair| pair.trim().strip_prefix("--")?.split_once(":#"));
    let byte = |hex: &str, at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
    pairs.map(|(name, hex)| (name, [byte(hex, 0), byte(hex, 2), byte(hex, 4)])).collect()
}

/// WCAG 2.2, definition of contrast ratio.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let linear = |c: f64| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
    let luminance = |c: [f64; 3]| 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_keep_their_contrast_in_light_and_dark() {
    let (light, rest) = css().split_once("prefers-color-scheme:dark").unwrap();
    let dark = rest.split("}}").next().unwrap();
    for (mode, part) in [("light", light), ("dark", dark)] {
        let colours = colours(part);
        let check = |front: &str, back: &str, least: f64| {
            let ratio = contrast(colours[front], colours[back]);
            assert!(ratio >= least, "{mode}: {front} on {back} has {ratio:.2}, needs {least}");
        };
        for back in ["paper", "ground"] {
            for front in ["ink", "soft", "link", "accent", "good", "bad", "warn"] {
                check(front, back, 4.5);
            }
            for sign in ["s1", "s2", "s3", "s4", "s5", "s6", "edge", "focus"] {
                check(sign, back, 3.0);
            }
        }
        for tone in ["good", "warn", "bad", "info", "neutral"] {
            check(tone, &format!("{tone}-ground"), 4.5);
            check("ink", &format!("{tone}-ground"), 4.5);
            check("link", &format!("{tone}-ground"), 4.5);
        }
        check("on-accent", "accent", 4.5);
        check("on-accent", "accent-deep", 4.5);
        check("on-head", "head", 4.5);
        check("head-soft", "head", 4.5);
    }
}
