//! What a bouncer asks for, read from its query as CrowdSec's own API reads it.

use crate::model::{book::Item, net::Net};
use sipar_model::{Category, Prefix};

/// Where our decisions come from, in the words of that API.
pub const ORIGIN: &str = "sipar";

/// What our decisions do, in its words.
pub const KIND: &str = "ban";

/// Words of one filter; more is no filter that a person wrote.
const WORDS_MAX: usize = 64;

/// The name of the scenario behind decisions of this category.
#[must_use]
pub const fn scenario(category: Category) -> &'static str {
    match category {
        Category::Malware => "sipar/malware",
        Category::C2 => "sipar/c2",
        Category::Phishing => "sipar/phishing",
        Category::Fraud => "sipar/fraud",
    }
}

/// The scope of a network, in its words.
#[must_use]
pub const fn scope(net: &Net) -> &'static str {
    if net.is_single() { "Ip" } else { "Range" }
}

/// A query that cannot be understood; the message is the one that its own clients know.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The address or network.
    #[error("unable to convert '{0}' to int: invalid address: invalid ip address / range")]
    Network(String),
    /// `contains`.
    #[error("invalid contains value: strconv.ParseBool: parsing \"{0}\": invalid syntax: invalid filter")]
    Contains(String),
    /// A number.
    #[error("invalid {0} value : strconv.Atoi: parsing \"{1}\": invalid syntax")]
    Number(&'static str, String),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The address or network in question.
    pub net: Option<Net>,
    /// True: what `net` lies in; false: what lies in it.
    pub contains: bool,
    /// At most this many.
    pub limit: usize,
    /// Leave out this many first.
    pub offset: usize,
    /// Only decisions with a greater number.
    pub after: u32,
    scopes: Option<Vec<String>>,
    value: Option<String>,
    kind: Option<String>,
    origins: Option<Vec<String>>,
    containing: Option<Vec<String>>,
    not_containing: Option<Vec<String>>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            net: None,
            contains: true,
            limit: usize::MAX,
            offset: 0,
            after: 0,
            scopes: None,
            value: None,
            kind: None,
            origins: None,
            containing: None,
            not_containing: None,
        }
    }
}

impl Filter {
    /// Reads a query. Parameters that do not exist are passed over, as that API does.
    ///
    /// # Errors
    /// When a value of one that exists makes no sense.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for (name, text) in pairs {
            let short = || text.chars().take(80).collect::<String>();
            match name.as_str() {
                "ip" | "range" => {
                    let prefix = Prefix::parse_masking(text).map_err(|_| FilterError::Network(short()))?;
                    filter.net = Some(Net::from(prefix));
                }
                "contains" => filter.contains = truth(text).ok_or_else(|| FilterError::Contains(short()))?,
                "limit" => filter.limit = text.parse().map_err(|_| FilterError::Number("limit", short()))?,
                "offset" => filter.offset = text.parse().map_err(|_| FilterError::Number("offset", short()))?,
                "id_gt" => filter.after = text.parse().map_err(|_| FilterError::Number("id_gt", short()))?,
                "scope" | "scopes" => filter.scopes = Some(words(text)),
                "value" => filter.value = Some(text.clone()),
                "type" => filter.kind = Some(text.clone()),
                "origins" => filter.origins = Some(text.split(',').take(WORDS_MAX).map(str::to_owned).collect()),
                "scenarios_containing" => filter.containing = Some(words(text)),
                "scenarios_not_containing" => filter.not_containing = Some(words(text)),
                _ => {}
            }
        }
        Ok(filter)
    }

    /// Whether this decision is asked for; `net`, `limit` and `offset` are looked at elsewhere.
    #[must_use]
    pub fn takes(&self, item: &Item) -> bool {
        let names = |words: &[String]| words.iter().any(|word| scenario(item.category).contains(word.as_str()));
        self.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|word| word.eq_ignore_ascii_case(scope(&item.net))))
            && self.kind.as_ref().is_none_or(|kind| kind == KIND)
            && self.origins.as_ref().is_none_or(|origins| origins.iter().any(|origin| origin == ORIGIN))
            && self.containing.as_ref().is_none_or(|words| names(words))
            && !self.not_containing.as_ref().is_some_and(|words| names(words))
            && item.decision > self.after
            && self.value.as_ref().is_none_or(|value| *value == item.net.to_string())
    }
}

/// As Go's `strconv.ParseBool` reads it.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(',').take(WORDS_MAX).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str, category: Category, decision: u32) -> Item {
        let net = Net::from(Prefix::parse(text).expect(text));
        Item { net, category, score: 1, decision, expires_s: u32::MAX }
    }

    #[test]
    fn what_a_query_takes() {
        let one = item("192.0.2.1", Category::C2, 7);
        let range = item("192.0.2.0/24", Category::Malware, 8);
        let check = |query: &[(&str, &str)], expect: [bool; 2]| {
            let pairs: Vec<(String, String)> = query.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
            let filter = Filter::parse(&pairs).expect("a filter");
            assert_eq!([filter.takes(&one), filter.takes(&range)], expect, "{query:?}");
        };
        check(&[], [true, true]);
        check(&[("scopes", "ip,range")], [true, true]);
        check(&[("scopes", "Ip")], [true, false]);
        check(&[("scope", "RANGE")], [false, true]);
        check(&[("scopes", "country")], [false, false]);
        check(&[("type", "ban")], [true, true]);
        check(&[("type", "captcha")], [false, false]);
        check(&[("origins", "CAPI,sipar")], [true, true]);
        check(&[("origins", "CAPI")], [false, false]);
        check(&[("scenarios_containing", "C2,phish")], [true, false]);
        check(&[("scenarios_not_containing", "c2")], [false, true]);
        check(&[("value", "192.0.2.0/24")], [false, true]);
        check(&[("id_gt", "7")], [false, true]);
        check(&[("nonsense", "x"), ("dedup", "false")], [true, true]);
    }

    #[test]
    fn odd_values_are_refused() {
        for (name, text) in [
            ("ip", "foo"),
            ("ip", ""),
            ("range", "1.2.3.4/99"),
            ("contains", "maybe"),
            ("limit", "-1"),
            ("limit", "x"),
            ("id_gt", "99999999999999999999"),
        ] {
            assert!(Filter::parse(&[(name.into(), text.into())]).is_err(), "{name}={text}");
        }
        assert!(
            Filter::parse(&[("ip".into(), "1.2.3.4".into()), ("contains".into(), "F".into())])
                .is_ok_and(|filter| !filter.contains)
        );
    }
}
