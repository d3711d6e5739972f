//! What a request carries: a query, a form, JSON, or a file in a form of several parts (RFC 7578).

use serde_json::Value;

/// Fields read of one body; a report has four.
const FIELDS_MAX: usize = 32;

/// Bytes of a boundary (RFC 2046 §5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// Fields by name. Of several with one name the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// These pairs.
    #[must_use]
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The fields of a body, by what it says that it is; none when it is something else.
    #[must_use]
    pub fn of_body(content_type: &str, body: &[u8]) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Self::of_json(body);
        }
        if kind.eq_ignore_ascii_case("multipart/form-data") {
            let parts = parts(content_type, body).into_iter().take(FIELDS_MAX);
            return Self(parts.map(|(name, bytes)| (name, String::from_utf8_lossy(bytes).into_owned())).collect());
        }
        let pairs = url_pairs(body);
        Self(pairs)
    }

    fn of_json(body: &[u8]) -> Self {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return Self::default() };
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(items) => {
                let items = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                Some(items.collect::<Vec<_>>().join(","))
            }
            Value::Null | Value::Bool(_) | Value::Object(_) => None,
        };
        let pairs = fields.into_iter().take(FIELDS_MAX);
        Self(pairs.filter_map(|(name, value)| Some((name, text(value)?))).collect())
    }

    /// Both, the first before the second.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The field of this name, if it is there and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, text)| text.trim()).filter(|text| !text.is_empty())
    }

    /// Whether a field of this name is there, as a switch is: `verbose`, `verbose=`, `verbose=true`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let said = self.0.iter().find(|(own, _)| own == name).map(|(_, text)| text.trim());
        said.is_some_and(|text| !matches!(text, "0" | "false" | "no"))
    }
}

/// The pairs of a form (WHATWG URL §5.1).
fn url_pairs(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let uri = format!("/?{}", text.trim());
    let Ok(uri) = uri.parse::<axum::http::Uri>() else { return Vec::new() };
    let pairs: Vec<(String, String)> =
        axum::extract::Query::try_from_uri(&uri).map(|found| found.0).unwrap_or_default();
    pairs.into_iter().take(FIELDS_MAX).collect()
}

/// The parts of a form in several parts, by name, with their bytes; nothing when it is none.
#[must_use]
pub fn parts<'b>(content_type: &str, body: &'b [u8]) -> Vec<(String, &'b [u8])> {
    let Some(boundary) = parameter(content_type, "boundary") else { return Vec::new() };
    if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
        return Vec::new();
    }
    let line = format!("--{boundary}");
    let mut found = Vec::new();
    let mut rest = body;
    // The first delimiter may stand at the very start; each later one has a line break before it.
    let Some(start) = find(rest, line.as_bytes()) else { return found };
    rest = &rest[start + line.len()..];
    let between = format!("\r\n{line}");
    while found.len() < FIELDS_MAX {
        let Some(after) = rest.strip_prefix(b"\r\n") else { break };
        let Some(head_end) = find(after, b"\r\n\r\n") else { break };
        let (head, content) = (&after[..head_end], &after[head_end + 4..]);
        let Some(end) = find(content, between.as_bytes()) else { break };
        if let Some(name) = part_name(head) {
            found.push((name, &content[..end]));
        }
        rest = &content[end + between.len()..];
    }
    found
}

fn part_name(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let named = |line: &str| {
        let (field, value) = line.split_once(':')?;
        field.trim().eq_ignore_ascii_case("content-disposition").then(|| parameter(value, "name"))?
    };
    head.lines().find_map(named)
}

/// A parameter of a header's value, with or without quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    let one = |part: &str| {
        let (own, text) = part.trim().split_once('=')?;
        own.trim().eq_ignore_ascii_case(name).then(|| text.trim().trim_matches('"').to_owned())
    };
    value.split(';').skip(1).find_map(one)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_from_each_form_that_clients_send() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"ip\"\r\n\r\n192.0.2.1\r\n--x\r\n\
                         content-disposition: form-data; name=categories\r\n\r\n18,22\r\n--x--\r\n";
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "comment=a%26b+c&ip=192.0.2.1&categories=18,22"),
            ("application/x-www-form-urlencoded; charset=UTF-8", "ip=192%2e0.2.1&categories=18%2C22"),
            ("", "ip=192.0.2.1&categories=18,22"),
            ("application/json", r#"{"ip":"192.0.2.1","categories":"18,22"}"#),
            ("application/json", r#"{"ip":"192.0.2.1","categories":[18,"22"]}"#),
            ("multipart/form-data; boundary=x", multipart),
        ] {
            let fields = Fields::of_body(kind, body.as_bytes());
            assert_eq!((fields.get("ip"), fields.get("categories")), (Some("192.0.2.1"), Some("18,22")), "{body}");
        }
    }

    #[test]
    fn odd_bodies_have_no_fields() {
        for (kind, body) in [
            ("application/json", "{"),
            ("application/json", "[]"),
            ("application/json", r#"{"ip":{}}"#),
            ("multipart/form-data", "--x"),
            ("multipart/form-data; boundary=x", "--x"),
            ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=ip\r\n\r\n1"),
            ("multipart/form-data; boundary=\"\"", "--\r\n"),
            ("text/plain", "\u{0}\u{1}"),
        ] {
            assert_eq!(Fields::of_body(kind, body.as_bytes()).get("ip"), None, "{kind} {body}");
        }
        assert!(Fields::of_body("", b"ip=%ff&ip=1").get("ip").is_some());
    }

    #[test]
    fn a_switch_is_there_or_not() {
        let has = |query: &str| Fields(url_pairs(query.as_bytes())).has("verbose");
        assert!(has("verbose") && has("verbose=") && has("verbose=true") && has("a=b&verbose=1"));
        assert!(!has("") && !has("verbose=false") && !has("verbose=0") && !has("verbosely"));
    }
}
