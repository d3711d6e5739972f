//! `sipar asset`: who owns what, and what waits for a person.

use super::{encode, text, time};
use crate::{cli::AssetCommand, client::Client, config::Config};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const ASSETS: &str = "/api/v1/registry/assets";
const WAITING: &str = "/api/v1/registry/waiting";
const PROOFS: &str = "/api/v1/registry/proofs";

pub async fn run(config: &Config, command: AssetCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        AssetCommand::List { party, after, csv: true } => {
            let path = format!("{ASSETS}/export.csv?party={}&after={after}", encode(&party));
            println!("{}", client.get(&path).await?.as_str().unwrap_or_default());
        }
        AssetCommand::List { party, after, csv: false } => {
            list(&client.get(&format!("{ASSETS}?party={}&after={after}", encode(&party))).await?);
        }
        AssetCommand::Add { party, what, kind, label, from, until } => {
            let body = json!({
                "party": party, "asset": what, "type": kind, "label": label, "from": when(from)?, "until": when(until)?,
            });
            told(&client.post(ASSETS, &body).await?);
        }
        AssetCommand::End { number, at } => {
            let claim = client.post(&format!("{ASSETS}/{number}/end"), &json!({ "at": when(at)? })).await?;
            println!("claim {number} ends {}", time(&claim, "until"));
        }
        AssetCommand::HandOver { number, to, at } => {
            let body = json!({ "to": to, "at": when(at)? });
            told(&client.post(&format!("{ASSETS}/{number}/hand-over"), &body).await?);
        }
        AssetCommand::In { number, outer, out } => {
            client.post(&format!("{ASSETS}/{number}/in"), &json!({ "outer": outer, "out": out })).await?;
            println!("claim {number} stands {} claim {outer}", if out { "no more in" } else { "in" });
        }
        AssetCommand::Owner { what, at } => {
            let at = when(at)?.map(|at| format!("&at={at}")).unwrap_or_default();
            owner(&client.get(&format!("/api/v1/registry/owner?what={}{at}", encode(&what))).await?);
        }
        AssetCommand::Prove { number, method } => {
            asked(&client.post(&format!("{ASSETS}/{number}/proofs"), &json!({ "method": method })).await?);
        }
        AssetCommand::Proofs => proofs(&client.get(PROOFS).await?),
        AssetCommand::Look { proof } => {
            println!("{}", proof_line(&client.post(&format!("{PROOFS}/{proof}/look"), &json!({})).await?));
        }
        AssetCommand::Approve { proof, outcome, reason } => {
            let body = json!({ "outcome": outcome, "reason": reason });
            println!("{}", proof_line(&client.post(&format!("{PROOFS}/{proof}"), &body).await?));
        }
        AssetCommand::Code { code } => {
            client.post("/api/v1/registry/proof", &json!({ "code": code })).await?;
            println!("the code is right, and the claim is proven");
        }
        AssetCommand::Waiting => waiting(&client.get(WAITING).await?),
        AssetCommand::Decide { number, outcome, reason } => {
            let body = json!({ "outcome": outcome, "reason": reason });
            let matter = client.post(&format!("{WAITING}/{number}"), &body).await?;
            let decided = matter.get("decided").cloned().unwrap_or_default();
            println!(
                "matter {number} is {}, ledger entry {}",
                text(&decided, "outcome"),
                text(&decided, "ledger_index")
            );
        }
    }
    Ok(())
}

fn asked(asked: &Value) {
    println!("{}", proof_line(asked));
    match asked.get("challenge").filter(|challenge| !challenge.is_null()) {
        Some(challenge) => println!("put at {}\n{}", text(challenge, "place"), text(challenge, "text")),
        None if text(asked, "method") == "mail" => println!("a letter went to {}", text(asked, "sent_to")),
        None => println!("a second person agrees with `sipar asset approve {} agreed`", text(asked, "number")),
    }
}

fn proofs(answer: &Value) {
    let all = answer.as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        println!("nothing is to be proven; `sipar asset prove` asks for it");
    }
    for one in &all {
        let about = one.get("about").cloned().unwrap_or_default();
        let value = about.get("asset").map(|asset| text(asset, "value").into_owned()).unwrap_or_default();
        println!("{} {value} of {}", proof_line(one), text(&about, "party"));
    }
}

fn proof_line(proof: &Value) -> String {
    let until = match proof.get("expires_at").filter(|at| !at.is_null()) {
        Some(_) => format!(" until {}", time(proof, "expires_at")),
        None => String::new(),
    };
    let why = text(proof, "why");
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    let (number, claim, method, state) =
        (text(proof, "number"), text(proof, "claim"), text(proof, "method"), text(proof, "state"));
    format!("proof {number} of claim {claim} by {method} is {state}{until}{why}")
}

/// A day or a time as milliseconds.
fn when(given: Option<String>) -> Result<Option<i64>> {
    let read = |text: String| {
        let at = sipar_registry::model::words::time(&text);
        at.map(|at| at.0).with_context(|| format!("`{text}` is no time; write `2026-11-24` or `2026-11-24T09:00:00Z`"))
    };
    given.map(read).transpose()
}

fn told(claimed: &Value) {
    let claim = claimed.get("claim").cloned().unwrap_or_default();
    let asset = claim.get("asset").cloned().unwrap_or_default();
    let (number, value, party) = (text(&claim, "number"), text(&asset, "value"), text(&claim, "party"));
    match claimed.get("matter").and_then(Value::as_i64) {
        Some(matter) => {
            println!("claim {number} waits as matter {matter}: {value} collides with somebody else's");
        }
        None => println!("claim {number}: {value} is of {party} from {}", time(&claim, "from")),
    }
}

fn line(claim: &Value) -> String {
    let asset = claim.get("asset").cloned().unwrap_or_default();
    let (number, party, state) = (text(claim, "number"), text(claim, "party"), text(claim, "state"));
    let (kind, value) = (text(&asset, "type"), text(&asset, "value"));
    format!("{number:>8} {party:<24} {kind:<12} {value:<44} {} - {} {state}", time(claim, "from"), time(claim, "until"))
}

fn list(answer: &Value) {
    let each = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let claims = each("claims");
    for claim in &claims {
        println!("{}", line(claim));
    }
    for placed in each("placed") {
        println!("  in {}: {}", text(&placed, "outer"), line(placed.get("inner").unwrap_or(&Value::Null)));
    }
    match answer.get("next").and_then(Value::as_i64) {
        Some(next) => println!("more with --after {next}"),
        None if claims.is_empty() => println!("nothing is entered; `sipar asset add` enters something"),
        None => {}
    }
}

fn owner(answer: &Value) {
    let what = answer.get("what").map(|what| text(what, "value").into_owned()).unwrap_or_default();
    match answer.get("owner").filter(|owner| !owner.is_null()) {
        None => println!("{what} is of nobody in the register at {}", time(answer, "at")),
        Some(owner) => {
            let asset = owner.get("asset").map(|asset| text(asset, "value").into_owned()).unwrap_or_default();
            println!("{what} is of {} ({}), who owns {asset}", text(owner, "party"), text(owner, "title"));
        }
    }
}

fn waiting(answer: &Value) {
    let all = answer.as_array().cloned().unwrap_or_default();
    if all.is_empty() {
        println!("nothing waits");
    }
    for one in &all {
        let said = |key: &str| match one.get(key).filter(|claim| !claim.is_null()) {
            None => "its name".to_owned(),
            Some(claim) => claim.get("asset").map(|asset| text(asset, "value").into_owned()).unwrap_or_default(),
        };
        println!(
            "{:>6} {:<10} {} ({}) touches {} ({}), since {}, by {}",
            text(one, "number"),
            text(one, "kind"),
            text(one, "party"),
            said("waits"),
            text(one, "other_party"),
            said("touches"),
            time(one, "opened_at"),
            text(one, "opened_by"),
        );
    }
}
