//! Products with their versions, as others name them: CPE 2.3 (NISTIR 7695 §6.2) and package URLs (ECMA-427).

use crate::RegistryError;

/// Bytes of a product's name: the longest of the official dictionary have some 250.
pub const PRODUCT_BYTES_MAX: usize = 512;

/// Attributes of a CPE after `cpe:2.3`: part, vendor, product, version, update, edition, language, edition of software,
/// target software, target hardware, other (NISTIR 7695 §5.2).
const CPE_ATTRIBUTES: usize = 11;

/// Reads a product's name; returns its canonical form.
///
/// # Errors
/// When it is neither a CPE 2.3 formatted string nor a package URL.
pub fn product(text: &str) -> Result<String, RegistryError> {
    let text = text.trim();
    if text.len() > PRODUCT_BYTES_MAX {
        return refused(format!("is longer than {PRODUCT_BYTES_MAX} bytes"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refused("has blanks or characters that are not ASCII; escape them as CPE or package URLs do".into());
    }
    if text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("cpe:2.3:")) {
        return cpe(text);
    }
    if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("pkg:")) {
        return purl(text);
    }
    refused("begins neither with `cpe:2.3:` nor with `pkg:`".into())
}

fn refused(why: String) -> Result<String, RegistryError> {
    let how = "name it as in `cpe:2.3:a:vendor:product:1.2:*:*:*:*:*:*:*` or `pkg:deb/debian/bind9@9.20`";
    Err(RegistryError::Given(format!("the product {why}; {how}")))
}

fn cpe(text: &str) -> Result<String, RegistryError> {
    // Names are compared without regard to case (NISTIR 7696 §6.1).
    let text = text.to_ascii_lowercase();
    let attributes = split_escaped(&text["cpe:2.3:".len()..]);
    if attributes.len() != CPE_ATTRIBUTES {
        return refused(format!("has {} attributes after `cpe:2.3:`, not {CPE_ATTRIBUTES}", attributes.len()));
    }
    if !matches!(attributes[0], "a" | "o" | "h") {
        return refused("is of no kind: the first attribute is a, o or h".into());
    }
    if attributes[1..3].iter().any(|name| matches!(*name, "*" | "-")) {
        return refused("names no vendor or no product".into());
    }
    match attributes.iter().find(|attribute| !is_attribute(attribute)) {
        Some(bad) => refused(format!("has the attribute `{bad}`, whose signs are not escaped")),
        None => Ok(text),
    }
}

/// Splits at colons that no backslash stands before.
fn split_escaped(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b':' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `*`, `-`, or letters, digits, `_.-` and escaped signs, with wildcards at the ends alone (NISTIR 7695 §6.2.1).
fn is_attribute(text: &str) -> bool {
    if matches!(text, "*" | "-") {
        return true;
    }
    let inner = text.trim_start_matches(['*', '?']);
    let inner = if inner.ends_with(['*', '?']) && !inner.ends_with("\\*") && !inner.ends_with("\\?") {
        inner.trim_end_matches(['*', '?'])
    } else {
        inner
    };
    let mut escaped = false;
    for byte in inner.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' => {}
            _ => return false,
        }
    }
    !escaped && !inner.is_empty()
}

/// `pkg:type/namespace/name@version?qualifiers#subpath`; the type is of any case, and written small.
fn purl(text: &str) -> Result<String, RegistryError> {
    let rest = text[4..].trim_start_matches('/');
    let Some((kind, rest)) = rest.split_once('/') else { return refused("has no name after its type".into()) };
    let kind = kind.to_ascii_lowercase();
    let first = kind.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-');
    if !first || !kind.bytes().all(plain) {
        return refused(format!("has the type `{kind}`, which is no word"));
    }
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let named = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    // A version follows the last `@` of the name; an `@` at its start belongs to a scope and is escaped.
    let (name, version) = named.rsplit_once('@').map_or((named, None), |(name, version)| (name, Some(version)));
    if name.is_empty() || version == Some("") {
        return refused("has no name, or an `@` with no version behind it".into());
    }
    if !percents_are_whole(rest) {
        return refused("has a `%` that no two hexadecimal digits follow".into());
    }
    Ok(format!("pkg:{kind}/{rest}"))
}

fn percents_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products() {
        let check = |text: &str, expect: Result<&str, &str>| match (product(text), expect) {
            (Ok(got), Ok(expect)) => assert_eq!(got, expect),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (got, _) => panic!("{text}: {got:?}"),
        };
        // NISTIR 7695 §6.2.3, examples 1 and 4.
        let one = "cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*";
        check(one, Ok(one));
        let four = "cpe:2.3:a:foo\\\\bar:big\\$money_manager_2010:*:*:*:*:special:ipod_touch:80gb:*";
        check(four, Ok(four));
        check("CPE:2.3:O:Linux:linux_kernel:6.1:*:*:*:*:*:*:*", Ok("cpe:2.3:o:linux:linux_kernel:6.1:*:*:*:*:*:*:*"));
        check("cpe:2.3:a:v:p\\:q:1:*:*:*:*:*:*:*", Ok("cpe:2.3:a:v:p\\:q:1:*:*:*:*:*:*:*"));
        check("cpe:2.3:a:v:p:1", Err("4 attributes"));
        check("cpe:2.3:x:v:p:1:*:*:*:*:*:*:*", Err("a, o or h"));
        check("cpe:2.3:a:*:p:1:*:*:*:*:*:*:*", Err("no vendor"));
        check("cpe:2.3:a:v:p$:1:*:*:*:*:*:*:*", Err("not escaped"));
        check("cpe:/a:v:p:1", Err("begins neither"));
        check("pkg:deb/debian/bind9@9.20.1?arch=amd64", Ok("pkg:deb/debian/bind9@9.20.1?arch=amd64"));
        check("pkg:NPM/%40angular/core@16.0.0", Ok("pkg:npm/%40angular/core@16.0.0"));
        check("pkg:cargo/serde", Ok("pkg:cargo/serde"));
        check("pkg:npm", Err("no name"));
        check("pkg:npm/", Err("no name"));
        check("pkg:npm/a@", Err("no name"));
        check("pkg:n/%4", Err("hexadecimal"));
        check("bind 9.20", Err("blanks"));
        check(&"x".repeat(600), Err("longer than"));
    }
}
