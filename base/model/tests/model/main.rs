//! What is canonical, what is refused and why, and how scores behave.

mod address;
mod hash_and_mail;
mod name;
mod observable;
mod score;
mod url;

/// Reads JSON text into `T` and writes it again.
fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("writes");
    serde_json::from_str(&text).expect("reads what it wrote")
}
