//! What is canonical, what is refused and why, and how scores behave.

mod address;
mod hash_and_mail;
mod name;
mod observable;
mod score;
mod url;

/// The error's own words and those of its causes, as a log shows them.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    words
}

/// Reads JSON text into `T` and writes it again.
fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("writes");
    serde_json::from_str(&text).expect("reads what it wrote")
}
