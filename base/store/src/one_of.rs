//! Lists in conditions: `party in (?2, ?3, …)`, with few different texts for lists of any length.

use crate::Value;

/// The most values of one list, as SQLite takes them at most in one statement (limits: 32,766), with room for others.
pub const ONE_OF_MAX: usize = 16_384;

/// The places and values for a text that is one of `all`, from place `first` on; nothing where the list is empty, since
/// then nothing fulfils the condition. The list is filled up with its last value to a power of two, so that statements
/// that are kept prepared stay few; what is beyond [`ONE_OF_MAX`] is left out.
pub fn one_of<'a>(first: usize, all: impl IntoIterator<Item = &'a str>) -> Option<(String, Vec<Value<'a>>)> {
    let mut values: Vec<Value<'a>> = all.into_iter().take(ONE_OF_MAX).map(Value::from).collect();
    let last = values.last()?.clone();
    values.resize(values.len().next_power_of_two(), last);
    let places: Vec<String> = (first..first + values.len()).map(|place| format!("?{place}")).collect();
    Some((places.join(", "), values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_filled_up_and_an_empty_one_is_none() {
        let check = |all: &[&str], expect: Option<(&str, usize)>| {
            let found = one_of(4, all.iter().copied());
            assert_eq!(found.as_ref().map(|(places, values)| (places.as_str(), values.len())), expect);
        };
        check(&[], None);
        check(&["a"], Some(("?4", 1)));
        check(&["a", "b", "c"], Some(("?4, ?5, ?6, ?7", 4)));
        let (_, values) = one_of(1, std::iter::repeat_n("x", 40_000)).unwrap();
        assert_eq!(values.len(), ONE_OF_MAX);
    }
}
