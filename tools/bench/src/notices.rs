//! `bench notices`: digests rendered and handed to a mail server, from what is heard of exposures on.
//!
//! The figure to reach is 10,000 digests in at most 60 s. The mail server is a thread of this process that takes
//! everything, so that what is measured is Sipar: gathering, rendering, both attachments, SMTP, and noting it durably.

use crate::account;
use crate::house;
use crate::results::{Results, Table, machine};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use sipar_area::{Area as _, AreaError, BoxFuture, Contact, Contacts, House, Presence, Reached};
use sipar_mail::{Mailer, testing::Letterbox};
use sipar_model::{
    Clock as _, Evidence, Exposed, ExposureState, Fact, Observable, PartyId, Severity, SystemClock, Tlp,
    fact::FACT_ITEMS_MAX,
};
use sipar_notices::Pace;
use sipar_store::Durability;
use sipar_web::Lang;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct NoticesOptions {
    /// Digests, each to a party of its own
    #[arg(long, default_value_t = 10_000)]
    digests: usize,
    /// Things in each
    #[arg(long, default_value_t = 5)]
    things: usize,
    /// A tenth of the digests
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Serialize)]
struct NoticesResult {
    digests: usize,
    things: usize,
    hear_s: f64,
    send_s: f64,
    cpu_s: f64,
    mib: f64,
}

/// Every party has one contact that reads both languages, at every hour.
struct Everybody;

fn reached(party: &PartyId) -> Reached {
    let (presence, languages) = (Presence::always(), vec![Lang::Ur, Lang::En]);
    Reached {
        party: party.clone(),
        title: format!("Organisation {party}"),
        title_ur: format!("ادارہ {party}"),
        contacts: vec![Contact { mail: format!("soc@{party}.example"), languages, presence }],
        certificates: Vec::new(),
    }
}

impl Contacts for Everybody {
    fn reach(&self, parties: Vec<PartyId>) -> BoxFuture<'_, Result<Vec<Option<Reached>>, AreaError>> {
        Box::pin(async move { Ok(parties.iter().map(|party| Some(reached(party))).collect()) })
    }

    fn above(&self, _: PartyId) -> BoxFuture<'_, Result<Vec<Reached>, AreaError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Runs it once.
pub fn run(work: &Path, options: &NoticesOptions) -> Result<()> {
    let results = Results::new(work, "notices")?;
    let digests = if options.quick { options.digests / 10 } else { options.digests };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    // Under the work folder: /tmp may be memory, which syncs for nothing.
    let folder = tempfile::tempdir_in(&results.work).context("making a folder")?;
    // It waits for the store, which nothing that runs may do.
    let house = house::open(folder.path(), Durability::PowerLoss)?;
    let result = runtime.block_on(measure(house, digests, options.things))?;
    results.keep(&result)?;
    let mut table =
        Table::new(&["digests", "things in each", "heard in s", "sent in s", "cpu s", "digests/s", "MiB of letters"]);
    table.row(vec![
        result.digests.to_string(),
        result.things.to_string(),
        format!("{:.1}", result.hear_s),
        format!("{:.1}", result.send_s),
        format!("{:.1}", result.cpu_s),
        format!("{:.0}", result.digests as f64 / result.send_s),
        format!("{:.0}", result.mib),
    ]);
    println!("### Digests rendered and handed to SMTP, SQLite\n\n{}\n\n{}", machine(), table.text());
    Ok(())
}

async fn measure(house: House, digests: usize, things: usize) -> Result<NoticesResult> {
    let area = sipar_notices::area(&house, Arc::new(Everybody))?;
    house.store.migrate(area.name(), area.migrations()).await.context("preparing the tables")?;
    let letterbox = Letterbox::start();
    let config = sipar_mail::testing::plain(letterbox.address);
    let mailer = Mailer::open(&config, "Example CERT")?.context("settings of mail")?;
    area.notices().send_by(Arc::new(mailer));
    let now = SystemClock.now();
    let all: Vec<Exposed> = (0..digests * things).map(|number| exposed(number, things, now)).collect::<Result<_>>()?;
    let start = Instant::now();
    for part in all.chunks(FACT_ITEMS_MAX) {
        let (fact, area) = (Fact::Exposures(part.to_vec()), Arc::clone(&area));
        house.store.write(move |tx| area.hear(tx, &fact)).await?;
    }
    let hear_s = start.elapsed().as_secs_f64();
    let (cpu, start) = (account::ran_s(std::process::id()), Instant::now());
    let (made, sent) = area.notices().run(Pace::Usual).await?;
    let (send_s, cpu_s) = (start.elapsed().as_secs_f64(), account::ran_s(std::process::id()) - cpu);
    ensure!(made == digests && sent.taken == digests, "{made} made, {} taken of {digests}", sent.taken);
    let letters = letterbox.letters();
    ensure!(letters.len() == digests, "{} letters", letters.len());
    let mib = letters.iter().map(String::len).sum::<usize>() as f64 / f64::from(1 << 20);
    Ok(NoticesResult { digests, things, hear_s, send_s, cpu_s, mib })
}

fn exposed(number: usize, things: usize, now: sipar_model::TimestampMs) -> Result<Exposed> {
    let address = Ipv4Addr::from_bits(0x0b00_0000 + u32::try_from(number)?);
    let subject = Observable::from(IpAddr::V4(address));
    Ok(Exposed {
        number: i64::try_from(number)? + 1,
        party: PartyId::parse(&format!("org-{}", number / things))?,
        asset: subject.clone(),
        subject,
        class: if number.is_multiple_of(2) { "listed-c2".into() } else { "listed-malware".into() },
        severity: Severity::Critical,
        evidence: Evidence::Likely,
        tlp: Tlp::Green,
        first_seen: now.plus_days(-3),
        last_seen: now,
        gone_at: None,
        state: ExposureState::Open,
        state_at: now,
        times: 1,
    })
}
