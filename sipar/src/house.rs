//! Puts the house together: folders, keys, store, ledger, areas, and the router over them.

use crate::{
    areas::{Areas, areas},
    config::Config,
    faults::Board,
    router,
};
use anyhow::{Context, Result};
use axum::Router;
use sipar_area::{Blobs, House, Instance, OwnersCell, Packs};
use sipar_authz::{Attempts, Authorizer, Book, Gate, GateConfig, Keyring, Role, SessionBounds, SystemRandom};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_mail::Mailer;
use sipar_model::{Clock, SystemClock};
use sipar_snapshot::SigningKey;
use sipar_store::{DataDir, Store};
use sipar_web::{Frame, Site, Texts};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A house with everything in it.
pub struct Assembled {
    pub house: House,
    pub areas: Areas,
    pub gate: Arc<Gate>,
    pub router: Router,
    pub role_table: String,
    /// What is wrong with the house itself.
    pub board: Arc<Board>,
    /// Held as long as this process uses the data folder.
    _lock: DataDir,
}

/// Where things are in the data folder.
pub struct Layout<'a>(pub &'a Path);

impl Layout<'_> {
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }
    pub fn snapshot_key(&self) -> PathBuf {
        self.keys().join("snapshot.key")
    }
    pub fn keyring(&self) -> PathBuf {
        self.keys().join("api.json")
    }
    pub fn operator_key(&self) -> PathBuf {
        self.keys().join("operator.key")
    }
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger")
    }
    pub fn ledger_key(&self) -> PathBuf {
        self.keys().join("ledger.key")
    }
    pub fn current_snapshot(&self) -> PathBuf {
        self.0.join("snapshot").join("current.sipar")
    }
    pub fn networks(&self) -> PathBuf {
        self.0.join("snapshot").join("networks.sipar")
    }
    /// Where a running server says how to reach it.
    pub fn running(&self) -> PathBuf {
        self.0.join("running.json")
    }
}

/// Opens or makes everything in the data folder.
pub async fn assemble(config: &Config) -> Result<Assembled> {
    let layout = Layout(&config.data);
    let lock = DataDir::lock(&config.data)?;
    fs::create_dir_all(layout.keys()).with_context(|| format!("making `{}`", layout.keys().display()))?;
    let store = Store::open(&config.store()).context("opening the records")?;
    store.migrate("ledger", sipar_ledger::MIGRATIONS).await.context("preparing the ledger's tables")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = ledger_key(&layout.ledger_key(), &config.instance.ledger_origin)?;
    let ledger = Ledger::open(layout.ledger(), key).context("opening the ledger")?;
    let house = House {
        store,
        ledger: Arc::new(ledger),
        clock: Arc::clone(&clock),
        blobs: Blobs::open(&config.data.join("blobs"))?,
        packs: Packs::new(config.packs.clone()),
        owners: OwnersCell::default(),
        snapshot_key: Arc::new(snapshot_key(&layout.snapshot_key())?),
        data: config.data.clone(),
        instance: Arc::new(Instance {
            organisation: config.instance.organisation.clone(),
            contact: config.instance.contact.clone(),
            portal: config.portal_url(),
            time_zone: config.instance.time_zone.clone(),
        }),
    };
    // Before anything else: without policies that hold nobody could be let in, and nobody shut out.
    house.packs.access()?;
    let areas = areas(&house)?;
    areas.zones.configure(&config.zones);
    if let Some(mailer) = Mailer::open(&config.mail, &config.instance.organisation)? {
        let mailer = Arc::new(mailer);
        areas.zones.send_by(Arc::clone(&mailer));
        areas.notices.send_by(Arc::clone(&mailer));
        areas.registry.send_by(mailer);
    }
    areas.notices.tell_within(config.notices.reach());
    areas.edges.configure(&config.rollout);
    areas.people.configure(&config.provider)?;
    match config.proofs.network() {
        Ok(network) => areas.registry.look_with(Arc::new(network)),
        Err(error) => tracing::warn!(error = sipar_model::chain(&error), "nothing looks for proofs of ownership"),
    }
    for area in &areas.list {
        house
            .store
            .migrate(area.name(), area.migrations())
            .await
            .with_context(|| format!("preparing the tables of `{}`", area.name()))?;
    }
    // Before anything is heard or published: owners are warned, and names of theirs are not blocked by mistake.
    areas.registry.refresh().await.context("reading who owns what")?;
    let board = Arc::new(Board::telling(Arc::clone(&clock), Arc::clone(areas.findings.look_soon())));
    let people = &areas.people;
    let gate = gate(config, clock, people.book(), Arc::clone(people.attempts()))?;
    let frame = Arc::new(frame(config, &areas, Arc::clone(&gate), house.packs.access()?)?);
    let role_table = frame.authorizer.table();
    let router = router::router(&house, &areas, frame);
    Ok(Assembled { house, areas, gate, router, role_table, board, _lock: lock })
}

fn frame(config: &Config, areas: &Areas, gate: Arc<Gate>, authorizer: Arc<Authorizer>) -> Result<Frame> {
    let texts = areas.list.iter().flat_map(|area| area.texts().iter().copied());
    let texts = Texts::new(texts.chain(router::TEXTS.iter().copied()))
        .map_err(|faults| anyhow::anyhow!("the texts have {} faults, the first: {:?}", faults.len(), faults.first()))?;
    let nav = router::nav().into_iter().chain(areas.list.iter().flat_map(|area| area.nav()));
    let site = Site::new(&config.instance.organisation, &config.instance.contact, &config.instance.time_zone)?;
    Ok(Frame {
        texts: Arc::new(texts),
        nav: Arc::new(nav.collect()),
        authorizer,
        gate,
        site: Arc::new(site),
        origin: config.portal.public_url.clone(),
        proxies: config.portal.proxies.clone(),
        passkeys: areas.people.place().clone(),
        provider: areas.people.provider_title(),
        bounds: sipar_web::Bounds::default(),
    })
}

fn ledger_key(path: &Path, origin: &str) -> Result<LedgerKey> {
    if path.exists() {
        return LedgerKey::from_file(path).with_context(|| format!("reading `{}`", path.display()));
    }
    let key = LedgerKey::generate(origin)?;
    key.to_file(path).with_context(|| format!("writing `{}`", path.display()))?;
    Ok(key)
}

fn snapshot_key(path: &Path) -> Result<SigningKey> {
    if path.exists() {
        return SigningKey::from_file(path).with_context(|| format!("reading `{}`", path.display()));
    }
    let key = SigningKey::generate()?;
    key.to_file(path).with_context(|| format!("writing `{}`", path.display()))?;
    Ok(key)
}

/// The keys, with one for the command line of whoever owns the data folder.
fn gate(config: &Config, clock: Arc<dyn Clock>, book: Arc<dyn Book>, attempts: Arc<Attempts>) -> Result<Arc<Gate>> {
    let layout = Layout(&config.data);
    let mut keyring = if layout.keyring().exists() { Keyring::load(&layout.keyring())? } else { Keyring::default() };
    if !layout.operator_key().exists() {
        keyring.revoke(OPERATOR);
        let secret = keyring.issue(OPERATOR, Role::Admin, None, &SystemRandom)?;
        write_secret(&layout.operator_key(), &secret.key_text())?;
        keyring.save(&layout.keyring())?;
    }
    let secure = config.portal_url().starts_with("https:");
    let proxies = config.portal.proxies.clone();
    let bounds = SessionBounds::default();
    Ok(Arc::new(Gate::new(GateConfig { keyring, book, attempts, bounds, secure, proxies, clock })))
}

/// The label of the command line's own key.
pub const OPERATOR: &str = "operator";

fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let write = || -> std::io::Result<()> {
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("writing `{}`", path.display()))
}
