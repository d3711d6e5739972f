//! `sipar party import`: files that say who owns what.

use super::{encode, text, time};
use crate::{
    cli::{ImportArgs, ImportsCommand},
    client::Client,
};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use sipar_registry::import::{Country, FILE_BYTES_MAX, ranges_of};
use std::{fs::File, io::Read as _, path::Path};

const IMPORTS: &str = "/api/v1/registry/imports";

/// Brings a file, shows what it would change, and applies it when asked to.
pub async fn run(client: &Client, args: ImportArgs) -> Result<()> {
    let bytes = contents(&args)?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let path = format!(
        "{IMPORTS}?form={}&name={}&party={}&country={}&sector={}",
        encode(&args.form),
        encode(&name),
        encode(&args.party),
        encode(&args.country),
        encode(&args.sector)
    );
    let import = client.upload(&path, bytes).await?;
    show(&import);
    let number = text(&import, "number").into_owned();
    refused(client, &number).await?;
    if args.apply {
        return choose(client, &number, "apply").await;
    }
    println!("nothing is changed yet: `sipar party imports apply {number}` does it, `discard {number}` does not");
    Ok(())
}

/// The file, or the part of a table that is in the country.
fn contents(args: &ImportArgs) -> Result<Vec<u8>> {
    if args.countries.is_empty() {
        return whole(&args.file);
    }
    ensure!(
        args.form == "asn-table",
        "`--countries` cuts an asn-table to a country; this is of the form {}",
        args.form
    );
    if args.country.is_empty() {
        bail!("say which country with `--country`, as in `--country PK`");
    }
    let mut country = Country::default();
    for path in &args.countries {
        let file = File::open(path).with_context(|| format!("opening `{}`", path.display()))?;
        country.read(file, &args.country).with_context(|| format!("reading `{}`", path.display()))?;
    }
    ensure!(!country.is_empty(), "there are no addresses of {} in the tables of countries", args.country);
    let table = File::open(&args.file).with_context(|| format!("opening `{}`", args.file.display()))?;
    let mut cut = Vec::new();
    let count = ranges_of(&country, table, &mut cut).with_context(|| format!("reading `{}`", args.file.display()))?;
    println!("{count} ranges of `{}` are in {}", args.file.display(), args.country);
    Ok(cut)
}

fn whole(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("opening `{}`", path.display()))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(|| format!("reading `{}`", path.display()))?;
    let max = FILE_BYTES_MAX >> 20;
    ensure!(bytes.len() as u64 <= FILE_BYTES_MAX, "`{}` is larger than {max} MiB; split it", path.display());
    Ok(bytes)
}

async fn refused(client: &Client, number: &str) -> Result<()> {
    let lines = client.get(&format!("{IMPORTS}/{number}/refused")).await?;
    for line in lines.as_array().into_iter().flatten() {
        println!("  line {}: {}: {}", text(line, "line"), text(line, "reason"), text(line, "text"));
    }
    Ok(())
}

async fn choose(client: &Client, number: &str, choice: &str) -> Result<()> {
    let import = client.post(&format!("{IMPORTS}/{number}"), &json!({ "choice": choice })).await?;
    show(&import);
    Ok(())
}

fn show(import: &Value) {
    let report = import.get("report").cloned().unwrap_or_default();
    let counts = |of: &str| {
        let counts = report.get(of).cloned().unwrap_or_default();
        let (added, changed) = (text(&counts, "added"), text(&counts, "changed"));
        format!(
            "{added} added, {changed} changed, {} same, {} waiting",
            text(&counts, "same"),
            text(&counts, "waiting")
        )
    };
    println!("import {} ({}) is {}", text(import, "number"), text(import, "form"), text(import, "state"));
    println!("  parties  {}", counts("parties"));
    println!("  claims   {}", counts("claims"));
    println!(
        "  lines    {} read, {} refused, {} passed over",
        text(&report, "lines"),
        text(&report, "refused"),
        text(&report, "passed_over")
    );
    for one in report.get("collisions").and_then(Value::as_array).into_iter().flatten() {
        println!(
            "  line {}: {} of {}: {} with {}",
            text(one, "line"),
            text(one, "asset"),
            text(one, "party"),
            text(one, "kind"),
            text(one, "with")
        );
    }
}

/// What was brought before.
pub async fn imports(client: &Client, command: ImportsCommand) -> Result<()> {
    match command {
        ImportsCommand::List => {
            for import in client.get(IMPORTS).await?.as_array().into_iter().flatten() {
                println!(
                    "{:>6} {:<12} {:<10} {} {}",
                    text(import, "number"),
                    text(import, "form"),
                    text(import, "state"),
                    time(import, "at"),
                    text(import, "name")
                );
            }
        }
        ImportsCommand::Show { number } => {
            show(&client.get(&format!("{IMPORTS}/{number}")).await?);
            refused(client, &number.to_string()).await?;
        }
        ImportsCommand::Apply { number } => choose(client, &number.to_string(), "apply").await?,
        ImportsCommand::Discard { number } => choose(client, &number.to_string(), "discard").await?,
    }
    Ok(())
}
