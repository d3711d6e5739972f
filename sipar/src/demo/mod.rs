//! `sipar demo`: everything in one process, with invented data in the real formats, and four things to try.

mod upstream;

use crate::{
    cli::DemoArgs,
    client::Client,
    config::Config,
    edge::wait_for_end,
    serve::{self, Server},
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use sipar_model::{Clock as _, SystemClock, TimestampMs};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

/// The demonstration's feeds: short name, format, file in packs/demo/feeds.
const FEEDS: &[(&str, &str, &str)] = &[
    ("demo-urlhaus", "urlhaus", "urlhaus.csv"),
    ("demo-threatfox", "threatfox-csv", "threatfox.csv"),
    ("demo-openphish", "openphish", "openphish.txt"),
    ("demo-cert-polska", "cert-polska", "cert-polska.txt"),
    ("demo-drop", "spamhaus-drop-v4", "drop_v4.json"),
];

/// Loading takes seconds; after this something is wrong, and the log says what.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(120);

/// The demonstration's warning lists.
const WARNINGS: &str = "demo-warning-lists";

const BLOCKED: &str = "c2.malware.test";
const ALLOWED: &str = "www.bank.example";
const LISTED_ADDRESS: &str = "203.0.113.66";

pub async fn run(mut config: Config, args: DemoArgs) -> Result<()> {
    let began = Instant::now();
    let (upstream, _answering) = upstream::start().await?;
    config.portal.listen = args.portal;
    config.dns.listen = vec![args.dns];
    config.dns.upstreams = vec![upstream];
    config.reputation.listen = Some(args.reputation);
    config.instance.organisation = "Sipar demonstration".into();
    println!("sipar demo: everything under {}, on loopback only", config.data.display());
    let server = serve::start(&config).await?;
    let client = Client::open(&config).await?;
    load(&config, &server, &client).await?;
    println!("ready after {:.1} s", began.elapsed().as_secs_f64());
    print_what_to_try(&config, &server)?;
    wait_for_end().await?;
    println!("ending");
    server.stop().await;
    Ok(())
}

/// Loads what is not loaded yet, and waits until the edges answer from it.
async fn load(config: &Config, server: &Server, client: &Client) -> Result<()> {
    let house = &server.assembled.house;
    let parties = sipar_registry::model::parties(&house.packs.text("demo/organisations.toml")?)?;
    let count = server.assembled.areas.registry.import(parties).await?;
    println!("  organisations   {count}");
    let folder = config.data.join("demo");
    write_files(&house.packs, &folder, SystemClock.now())?;
    let lists = absolute(&folder.join("warning"))?;
    crate::commands::warning::load(client, WARNINGS, &lists).await?;
    client.post(&format!("/api/v1/intel/feeds/{WARNINGS}/pull"), &json!({})).await?;
    let known = client.get("/api/v1/intel/feeds").await?;
    let known = known.get("feeds").and_then(Value::as_array).cloned().unwrap_or_default();
    let has = |slug: &str| known.iter().any(|feed| feed.get("slug").and_then(Value::as_str) == Some(slug));
    for (slug, format, file) in FEEDS {
        if !has(slug) {
            let origin = absolute(&folder.join("feeds").join(file))?;
            let title = format!("Demonstration in the format `{format}`");
            let body = json!({ "slug": slug, "format": format, "origin": origin, "title": title });
            client.post("/api/v1/intel/feeds", &body).await?;
        }
        client.post(&format!("/api/v1/intel/feeds/{slug}/pull"), &json!({})).await?;
        let feed = client.get(&format!("/api/v1/intel/feeds/{slug}")).await?;
        let applied = |run: &&Value| run.get("outcome").and_then(Value::as_str) == Some("applied");
        let runs = feed.get("runs").and_then(Value::as_array);
        let last = runs.and_then(|runs| runs.iter().find(applied)).cloned().unwrap_or_default();
        let text = |key| crate::commands::text(&last, key);
        println!(
            "  feed {slug:<18} {:>4} lines, {:>3} accepted, {:>2} refused",
            text("lines"),
            text("accepted"),
            text("refused")
        );
    }
    settle(server).await
}

/// Waits until the name that everybody will ask for is in the snapshot that DNS answers from.
async fn settle(server: &Server) -> Result<()> {
    let name = sipar_model::DomainName::parse(BLOCKED)?;
    let began = Instant::now();
    print!("  compiling the snapshot");
    loop {
        let live = server.edges.edges.dns.live();
        let listed = live.filter(|live| live.policy.name(&name, SystemClock.now()).is_some());
        if let Some(live) = listed {
            println!(" {} with {} entries", live.policy.serial(), live.policy.entries());
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < SETTLE_TIME_MAX, "the snapshot did not come; the log above says why");
        print!(".");
        // A dot that cannot be shown is no reason to stop.
        let _shown = std::io::Write::flush(&mut std::io::stdout());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Writes the demonstration's files with times that are recent today: a real feed would be fresh, too.
fn write_files(packs: &sipar_area::Packs, folder: &Path, now: TimestampMs) -> Result<()> {
    for (_, _, file) in FEEDS {
        let text = packs.text(&format!("demo/feeds/{file}"))?;
        write(&folder.join("feeds").join(file), &with_times(&text, now))?;
    }
    for list in ["demo-never", "demo-review"] {
        let text = packs.text(&format!("demo/warning/{list}/list.json"))?;
        write(&folder.join("warning").join(list).join("list.json"), &text)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .with_context(|| format!("writing `{}`", path.display()))
}

fn absolute(path: &Path) -> Result<String> {
    crate::commands::feed::origin(&path.to_string_lossy())
}

/// Puts `2026-01-31 12:00:00` in place of `{{ago 3h}}`.
fn with_times(text: &str, now: TimestampMs) -> String {
    let mut parts = text.split("{{ago ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hours, rest) = part.split_once("h}}").unwrap_or(("0", part));
        let ms = hours.parse::<i64>().unwrap_or(0) * 3_600_000;
        let at = jiff::Timestamp::from_millisecond(now.0 - ms).unwrap_or_default();
        out.push_str(&at.strftime("%Y-%m-%d %H:%M:%S").to_string());
        out.push_str(rest);
    }
    out
}

fn print_what_to_try(config: &Config, server: &Server) -> Result<()> {
    let dns = server.edges.dns_addresses.first().context("DNS is not running")?;
    let (host, port) = (dns.ip(), dns.port());
    let reputation = server.edges.reputation_address.context("the reputation service is not running")?;
    println!(
        "
Four things to try, in another terminal:

  a blocked name         dig @{host} -p {port} {BLOCKED}
  an allowed name        dig @{host} -p {port} {ALLOWED}
  a listed address       curl http://{reputation}/v1/ip/{LISTED_ADDRESS}
  the portal             http://{portal}/      (in Urdu: http://{portal}/?lang=ur)

Sign in to the portal as its operator, once, within minutes:
  {link}

Why is it blocked?       {program} --data {data} check {BLOCKED}
End it with Ctrl-C. Everything is kept in {data}.",
        portal = server.portal,
        link = serve::sign_in_link(&server.assembled, &format!("http://{}", server.portal))?,
        program = std::env::args().next().unwrap_or_else(|| "sipar".into()),
        data = config.data.display(),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_recent() {
        let now = TimestampMs(1_790_000_000_000);
        assert_eq!(with_times("a,\"{{ago 24h}}\",{{ago 0h}}", now), "a,\"2026-09-20 14:13:20\",2026-09-21 14:13:20");
        assert_eq!(with_times("no times", now), "no times");
    }
}
