//! `sipar finding`: what is wrong now, and what to do about it.

use super::{text, time};
use crate::{cli::FindingCommand, client::Client, config::Config};
use anyhow::{Context as _, Result};

pub async fn run(config: &Config, command: FindingCommand) -> Result<()> {
    let client = Client::open(config).await?;
    match command {
        FindingCommand::List { over, json } => {
            let state = if over { "over" } else { "open" };
            let all = client.get(&format!("/api/v1/findings?state={state}")).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&all)?);
                return Ok(());
            }
            let all = all.as_array().cloned().unwrap_or_default();
            if all.is_empty() {
                eprintln!("{}", if over { "no finding is over yet" } else { "nothing is wrong, as far as is known" });
            }
            for one in &all {
                let (number, severity) = (format!("F-{}", text(one, "number")), text(one, "severity"));
                let at = time(one, if over { "over_at" } else { "since" });
                println!("{number:<7} {severity:<9} {at}  {}", text(one, "title"));
            }
        }
        FindingCommand::Show { number } => {
            let digits = number.trim_start_matches(['F', 'f', '-']);
            let digits: u32 =
                digits.parse().with_context(|| format!("`{number}` is no number of a finding: F-3 or 3"))?;
            let one = client.get(&format!("/api/v1/findings/{digits}")).await?;
            println!("F-{}  {}", text(&one, "number"), text(&one, "title"));
            println!("state       {}, {}", text(&one, "state"), text(&one, "severity"));
            println!("found by    {} as {} `{}`", text(&one, "source"), text(&one, "class"), text(&one, "subject"));
            println!("seen        {}", text(&one, "detail"));
            println!("since       {}", time(&one, "since"));
            println!("last seen   {}", time(&one, "seen_at"));
            println!("over since  {}", time(&one, "over_at"));
            println!("came        {} times, first at {}", text(&one, "times"), time(&one, "first_at"));
            println!("what to do  {}", text(&one, "mend"));
        }
    }
    Ok(())
}
