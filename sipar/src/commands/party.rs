//! `sipar party`: who takes part.

use super::{encode, text, time};
use crate::{
    cli::{ContactArgs, PartyChanges, PartyCommand},
    client::Client,
    config::Config,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::path::Path;

const PARTIES: &str = "/api/v1/registry/parties";
const DESIGNATIONS: &str = "/api/v1/registry/designations";

pub async fn run(config: &Config, command: PartyCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        PartyCommand::List { words, page } => {
            list(&client.get(&format!("{PARTIES}?q={}&page={page}", encode(&words))).await?);
        }
        PartyCommand::Show { id } => show(&client.get(&format!("{PARTIES}/{}", encode(&id))).await?),
        PartyCommand::Add(args) => {
            let body = json!({
                "id": args.id, "title": args.title, "title_ur": args.title_ur, "tier": args.tier, "type": args.kind,
                "sector": args.sector, "parent": args.parent,
            });
            told(&client.post(PARTIES, &body).await?);
        }
        PartyCommand::Edit(changes) => edit(&client, changes).await?,
        PartyCommand::Contact(args) => contact(&client, args).await?,
        PartyCommand::Designate { id, grade, sector, reason } => {
            let body = json!({ "party": id, "grade": grade, "sector": sector, "reason": reason });
            designation(&client.post(DESIGNATIONS, &body).await?);
        }
        PartyCommand::Designations => {
            client.get(DESIGNATIONS).await?.as_array().into_iter().flatten().for_each(designation);
        }
        PartyCommand::Review { number, decision, grade, reason } => {
            let body = json!({ "decision": decision, "grade": grade, "reason": reason });
            designation(&client.post(&format!("{DESIGNATIONS}/{number}"), &body).await?);
        }
        PartyCommand::Key { id, file, remove } => key(&client, &id, file.as_deref(), remove).await?,
        PartyCommand::Import(args) => super::import::run(&client, args).await?,
        PartyCommand::Imports(command) => super::import::imports(&client, command).await?,
    }
    Ok(())
}

fn designation(one: &Value) {
    let (number, party, grade) = (text(one, "number"), text(one, "party"), text(one, "grade"));
    let until = match one.get("ended_at").filter(|at| !at.is_null()) {
        Some(_) => format!("ended {}", time(one, "ended_at")),
        None => format!("to be looked at by {}", time(one, "review_by")),
    };
    println!("{number:>6} {party:<32} {grade:<10} {:<12} since {}, {until}", text(one, "sector"), time(one, "since"));
}

fn told(party: &Value) {
    let id = text(party, "id");
    match text(party, "state").as_ref() {
        "held" => println!("party {id} waits: its name looks like another's; `sipar asset waiting` shows it"),
        _ => println!("party {id} is entered"),
    }
}

async fn edit(client: &Client, changes: PartyChanges) -> Result<()> {
    let path = format!("{PARTIES}/{}", encode(&changes.id));
    let now = client.get(&path).await?;
    let old = |key: &str| now.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let body = json!({
        "id": changes.id,
        "title": changes.title.unwrap_or_else(|| old("title")),
        "title_ur": changes.title_ur.unwrap_or_else(|| old("title_ur")),
        "tier": changes.tier.unwrap_or_else(|| old("tier")),
        "type": changes.kind.unwrap_or_else(|| old("type")),
        "sector": changes.sector.unwrap_or_else(|| old("sector")),
        "parent": changes.parent.unwrap_or_else(|| old("parent")),
    });
    let party = client.post(&format!("{path}/edit"), &body).await?;
    println!("party {} is changed", text(&party, "id"));
    Ok(())
}

async fn contact(client: &Client, args: ContactArgs) -> Result<()> {
    let path = format!("{PARTIES}/{}/contacts", encode(&args.id));
    if args.remove {
        let body = json!({ "purpose": args.purpose, "mail": args.mail });
        client.post(&format!("{path}/remove"), &body).await?;
        println!("{} has that contact no more", args.id);
        return Ok(());
    }
    let body = json!({
        "purpose": args.purpose, "mail": args.mail, "name": args.name, "phone": args.phone,
        "language": args.language, "hours": args.hours, "holidays": args.holidays,
    });
    let contact = client.post(&path, &body).await?;
    println!("{} {} {} {}", args.id, text(&contact, "purpose"), text(&contact, "mail"), text(&contact, "hours"));
    Ok(())
}

async fn key(client: &Client, id: &str, file: Option<&Path>, remove: Option<String>) -> Result<()> {
    let path = format!("{PARTIES}/{}/keys", encode(id));
    if let Some(fingerprint) = remove {
        client.post(&format!("{path}/remove"), &json!({ "fingerprint": fingerprint })).await?;
        println!("{id} has that key no more");
        return Ok(());
    }
    let file = file.context("name the file with the key")?;
    let key = std::fs::read_to_string(file).with_context(|| format!("reading `{}`", file.display()))?;
    let key = client.post(&path, &json!({ "key": key })).await?;
    println!("{} {} {}", text(&key, "kind"), text(&key, "fingerprint"), text(&key, "about"));
    Ok(())
}

fn list(answer: &Value) {
    let all = answer.get("parties").and_then(Value::as_array).cloned().unwrap_or_default();
    for one in &all {
        let (id, tier, state) = (text(one, "id"), text(one, "tier"), text(one, "state"));
        println!("{id:<32} {tier:<12} {state:<8} {:>6} assets  {}", text(one, "claims"), text(one, "title"));
    }
    println!("{} of {} parties, page {}", all.len(), text(answer, "total"), text(answer, "page"));
}

fn show(party: &Value) {
    println!("{}  {}", text(party, "id"), text(party, "title"));
    println!(
        "{} {}, sector {}, under {}, {}, entered {} by {}",
        text(party, "tier"),
        text(party, "type"),
        text(party, "sector"),
        text(party, "parent"),
        text(party, "state"),
        time(party, "added_at"),
        text(party, "added_by"),
    );
    let each = |key: &str| party.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for contact in each("contacts") {
        let (purpose, mail, hours) = (text(&contact, "purpose"), text(&contact, "mail"), text(&contact, "hours"));
        println!("  contact {purpose:<10} {mail}  {}  {hours}", text(&contact, "language"));
    }
    for key in each("keys") {
        println!("  key     {:<10} {}  {}", text(&key, "kind"), text(&key, "fingerprint"), text(&key, "about"));
    }
    for below in each("below") {
        println!("  over    {:<32} {}", text(&below, "id"), text(&below, "title"));
    }
    println!("{} claims; `sipar asset list {}` shows them", text(party, "claims"), text(party, "id"));
}
