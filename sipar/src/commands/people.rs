//! `sipar people`: who has an account, links to enrol with, recovery.

use super::{encode, text, time};
use crate::{cli::PeopleCommand, client::Client, config::Config};
use anyhow::Result;
use serde_json::{Value, json};

const PEOPLE: &str = "/api/v1/people";
const MEMBERSHIPS: &str = "/api/v1/memberships";

/// What a new administrator takes of others.
fn word_of_others(answer: &Value) -> &'static str {
    match answer.get("granted").and_then(Value::as_str) {
        Some("waits") => " once a second administrator agrees: `sipar people agree-administrator`, or on their page",
        Some("alone") => "; nobody else was there to agree, and that is written down",
        _ => "",
    }
}

pub async fn run(config: &Config, command: PeopleCommand) -> Result<()> {
    let client = Client::open(config).await?;
    let at = |handle: &str, act: &str| format!("{PEOPLE}/{}{act}", encode(handle));
    match command {
        PeopleCommand::List => {
            let all = client.get(PEOPLE).await?;
            for person in all.as_array().into_iter().flatten() {
                println!("{}", line(person));
            }
        }
        PeopleCommand::Show { handle } => show(&client.get(&at(&handle, "")).await?),
        PeopleCommand::Add { handle, name, role, lang } => {
            let body = json!({ "handle": handle, "name": name, "role": role, "lang": lang });
            let answer = client.post(PEOPLE, &body).await?;
            granted(&answer);
            let told = word_of_others(&answer);
            if !told.is_empty() {
                eprintln!("{handle} is {role}{told}");
            }
        }
        PeopleCommand::Link { handle } => granted(&client.post(&at(&handle, "/link"), &json!({})).await?),
        PeopleCommand::Role { handle, role } => {
            let answer = client.post(&at(&handle, "/role"), &json!({ "role": role })).await?;
            println!("{handle} is {role}{}", word_of_others(&answer));
        }
        PeopleCommand::End { handle } => {
            client.post(&at(&handle, "/end"), &json!({})).await?;
            println!("the account of {handle} is ended");
        }
        PeopleCommand::Reopen { handle } => {
            client.post(&at(&handle, "/reopen"), &json!({})).await?;
            println!("the account of {handle} is open again");
            println!(
                "whoever had a passkey is recovered by two: `sipar people recover {handle}`; else `sipar people link {handle}`"
            );
        }
        PeopleCommand::EndSessions { handle } => {
            let ended = client.post(&at(&handle, "/end-sessions"), &json!({})).await?;
            println!("{} sessions of {handle} are ended", text(&ended, "sessions"));
        }
        PeopleCommand::Untie { handle } => {
            client.post(&at(&handle, "/untie"), &json!({})).await?;
            println!("no account of the provider is connected to {handle} any more");
        }
        PeopleCommand::Recover { handle, reason } => {
            client.post(&at(&handle, "/recovery"), &json!({ "reason": reason })).await?;
            println!("asked; another administrator agrees on the page /people/{handle}");
        }
        PeopleCommand::AgreeRecovery { handle } => {
            granted(&client.post(&at(&handle, "/recovery/agree"), &json!({})).await?);
        }
        PeopleCommand::CallOff { handle } => {
            client.post(&at(&handle, "/recovery/call-off"), &json!({})).await?;
            println!("called off");
        }
        with_others => return by_others(&client, with_others).await,
    }
    Ok(())
}

/// What takes the word of others, and what somebody is for others.
async fn by_others(client: &Client, command: PeopleCommand) -> Result<()> {
    let at = |handle: &str, act: &str| format!("{PEOPLE}/{}{act}", encode(handle));
    match command {
        PeopleCommand::AgreeAdministrator { handle } => {
            client.post(&at(&handle, "/administrator/agree"), &json!({})).await?;
            println!("{handle} is admin");
        }
        PeopleCommand::CallOffAdministrator { handle } => {
            client.post(&at(&handle, "/administrator/call-off"), &json!({})).await?;
            println!("called off");
        }
        PeopleCommand::Party { handle, party, role } => {
            client.post(MEMBERSHIPS, &json!({ "person": handle, "party": party, "role": role })).await?;
            println!("{handle} is {role} of {party}");
        }
        PeopleCommand::LeaveParty { handle, party } => {
            client.post(&format!("{MEMBERSHIPS}/end"), &json!({ "person": handle, "party": party })).await?;
            println!("{handle} has no role in {party} any more");
        }
        PeopleCommand::Parties { party } => {
            let all = client.get(&format!("{MEMBERSHIPS}?party={}", encode(&party))).await?;
            for one in all.as_array().into_iter().flatten() {
                let (person, since) = (text(one, "person"), time(one, "granted_at"));
                println!("{:<32} {person:<32} {:<8} since {since}", text(one, "party"), text(one, "role"));
            }
        }
        _ => {}
    }
    Ok(())
}

fn granted(answer: &Value) {
    println!("{}", text(answer, "link"));
    eprintln!("this link is shown once, works once, and holds until {}", time(answer, "expires_at"));
}

fn line(person: &Value) -> String {
    let state = match (person.get("ended_at"), person.get("passkeys").and_then(Value::as_u64)) {
        (Some(at), _) if !at.is_null() => "ended",
        (_, Some(0)) => "no passkey yet",
        _ => "active",
    };
    let (handle, role, passkeys) = (text(person, "handle"), text(person, "role"), text(person, "passkeys"));
    let (since, name) = (time(person, "created_at"), text(person, "name"));
    format!("{handle:<32} {role:<8} {state:<15} {passkeys:>2} passkeys  since {since}  {name}")
}

fn show(account: &Value) {
    println!("{}", line(account.get("person").unwrap_or(&Value::Null)));
    let each = |key: &str| account.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for passkey in each("passkeys") {
        println!(
            "  passkey  {}  since {}, used {}",
            text(&passkey, "name"),
            time(&passkey, "created_at"),
            time(&passkey, "used_at")
        );
    }
    for session in each("sessions") {
        println!(
            "  session  {}  since {}, seen {}",
            text(&session, "agent"),
            time(&session, "opened_at"),
            time(&session, "seen_at")
        );
    }
    for event in each("events") {
        println!(
            "  {}  {} by {}  {}",
            time(&event, "at"),
            text(&event, "what"),
            text(&event, "by"),
            text(&event, "detail")
        );
    }
}
