//! Imports over the API: a file is brought and looked at; then it is applied, or not.

use super::{actor, refusal, told};
use crate::{
    Choice, Registry, RegistryError,
    acts::no_import,
    import::{self, FILE_BYTES_MAX, Form, Options, RefusedLine},
    model::{party::sector, words},
    store::imports::{self, Import, ImportState, NewImport},
};
use axum::{
    Json,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use sipar_authz::Identity;
use sipar_model::PartyId;
use sipar_web::{ApiError, Caller, WebError};
use std::{
    path::{Path as FilePath, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{io::AsyncWriteExt as _, sync::SemaphorePermit};

/// Imports in one answer and on one page.
pub(crate) const SHOWN_MAX: usize = 50;

/// Refused lines in one answer and on one page.
pub(crate) const REFUSED_ROWS: usize = 200;

/// Imports that may wait to be applied: more than a desk looks at in a day, and each keeps its file.
const WAITING_MAX: u64 = 20;

/// Characters of a file's name.
const NAME_CHARS_MAX: usize = 120;

/// How files on their way in are called, before the process and a number.
const SPOOL: &str = "register-import-";

/// What is said beside a file.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Beside {
    pub form: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub party: String,
    #[serde(default)]
    pub country: String,
    #[serde(default)]
    pub sector: String,
}

impl Beside {
    fn read(&self) -> Result<(Form, String, Options), RegistryError> {
        let given = |why: String| RegistryError::Given(why);
        let party = self.party.trim();
        let country = self.country.trim().to_ascii_uppercase();
        let letters = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if !country.is_empty() && !letters(&country) {
            return Err(given("a country is two letters, such as PK (ISO 3166-1)".into()));
        }
        let party = (!party.is_empty()).then(|| PartyId::parse(party)).transpose();
        let options = Options {
            party: party.map_err(|error| given(error.to_string()))?,
            country: (!country.is_empty()).then_some(country),
            sector: sector(&self.sector)?,
        };
        let name = words::line("the file's name", &self.name, NAME_CHARS_MAX)?;
        Ok((Form::parse(&self.form)?, name, options))
    }
}

/// A file on its way in, gone when dropped.
pub(crate) struct Spooled(PathBuf);

impl Drop for Spooled {
    fn drop(&mut self) {
        // It may have been taken over.
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn too_large() -> WebError {
    let why = format!("the file is larger than {} MiB; split it", FILE_BYTES_MAX >> 20);
    WebError::new(StatusCode::PAYLOAD_TOO_LARGE).detail(told(why))
}

/// Removes files that an earlier life of the program was taking when it was killed.
pub(crate) fn sweep(registry: &Registry) -> std::io::Result<()> {
    let own = format!("{SPOOL}{}-", std::process::id());
    for entry in std::fs::read_dir(registry.house.blobs.incoming())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(SPOOL) && !name.starts_with(&own) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

impl Spooled {
    pub(crate) fn path(&self) -> &FilePath {
        &self.0
    }
}

/// A file being written, bounded as it comes.
pub(crate) struct Spooling {
    spooled: Spooled,
    file: tokio::fs::File,
    bytes: u64,
}

fn not_kept(error: std::io::Error) -> WebError {
    WebError::internal("keeping an uploaded file", &error)
}

impl Spooling {
    /// Begins a file; `said` is what the sender says of its length, which is looked at and not believed.
    pub(crate) async fn begin(registry: &Registry, said: Option<u64>) -> Result<Self, WebError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if said.is_some_and(|said| said > FILE_BYTES_MAX) {
            return Err(too_large());
        }
        let name = format!("{SPOOL}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let spooled = Spooled(registry.house.blobs.incoming().join(name));
        let file = tokio::fs::File::create(&spooled.0).await.map_err(not_kept)?;
        Ok(Self { spooled, file, bytes: 0 })
    }

    pub(crate) async fn push(&mut self, data: &[u8]) -> Result<(), WebError> {
        self.bytes += data.len() as u64;
        if self.bytes > FILE_BYTES_MAX {
            return Err(too_large());
        }
        self.file.write_all(data).await.map_err(not_kept)
    }

    pub(crate) async fn finish(mut self) -> Result<Spooled, WebError> {
        if self.bytes == 0 {
            return Err(WebError::unprocessable(told("the file is empty; choose one with something in it")));
        }
        self.file.flush().await.map_err(not_kept)?;
        self.file.sync_all().await.map_err(not_kept)?;
        Ok(self.spooled)
    }
}

/// Reads on a thread of its own: a file may take seconds.
async fn read_file(form: Form, path: PathBuf, options: Options) -> Result<import::Read, WebError> {
    let read = tokio::task::spawn_blocking(move || import::read(form, &path, &options)).await;
    read.map_err(|error| WebError::internal("reading an imported file", &error))?.map_err(refusal)
}

/// The right to read a file, which one at a time has.
fn turn(registry: &Registry) -> Result<SemaphorePermit<'_>, WebError> {
    let busy = |_| WebError::unavailable(told("another file is being read just now; send this one again in a minute"));
    registry.reading.try_acquire().map_err(busy)
}

/// Looks at a file and keeps it, for somebody to apply or to discard.
pub(crate) async fn do_bring(
    registry: &Arc<Registry>,
    caller: &Identity,
    beside: &Beside,
    spooled: Spooled,
) -> Result<Import, WebError> {
    let (form, name, options) = beside.read().map_err(refusal)?;
    let _turn = turn(registry)?;
    if registry.house.store.read(imports::waiting).await.map_err(refusal)? >= WAITING_MAX {
        let why = format!("{WAITING_MAX} imports wait; apply or discard some first");
        return Err(WebError::conflict(told(why)));
    }
    let read = read_file(form, spooled.path().to_owned(), options.clone()).await?;
    let brought = registry.preview(form, options.clone(), read).await.map_err(refusal)?;
    let (blobs, path) = (registry.house.blobs.clone(), spooled.path().to_owned());
    let adopted = tokio::task::spawn_blocking(move || blobs.adopt(&path)).await;
    let adopted = adopted.map_err(|error| WebError::internal("keeping an imported file", &error))?;
    let blob = adopted.map_err(|error| WebError::internal("keeping an imported file", &error))?;
    let new = NewImport { form, name, blob, options, brought };
    let (by, now) = (actor(caller), registry.house.clock.now());
    let written = registry.house.store.write(move |tx| {
        let number = imports::add(tx, &new, by.as_str(), now)?;
        imports::one(tx, number)?.ok_or(RegistryError::BadRow)
    });
    written.await.map_err(refusal)
}

pub(crate) async fn bring(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Query(beside): Query<Beside>,
    request: Request,
) -> Result<(StatusCode, Json<Import>), ApiError> {
    // What cannot be is said before the file is taken.
    beside.read().map_err(refusal)?;
    let said = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut spooling = Spooling::begin(&registry, said).await?;
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| WebError::bad_request(told("the file did not arrive whole; send it again")))?;
        if let Ok(data) = frame.into_data() {
            spooling.push(&data).await?;
        }
    }
    let spooled = spooling.finish().await?;
    Ok((StatusCode::CREATED, Json(do_bring(&registry, &caller, &beside, spooled).await?)))
}

pub(crate) async fn find(registry: &Registry, number: i64) -> Result<Import, WebError> {
    let read = registry.house.store.read(move |reader| imports::one(reader, number)).await;
    read.map_err(refusal)?.ok_or_else(|| refusal(no_import(number)))
}

pub(crate) async fn list(State(registry): State<Arc<Registry>>) -> Result<Json<Vec<Import>>, ApiError> {
    let read = registry.house.store.read(|reader| imports::latest(reader, SHOWN_MAX)).await;
    Ok(Json(read.map_err(refusal)?))
}

pub(crate) async fn one(
    State(registry): State<Arc<Registry>>,
    Path(number): Path<i64>,
) -> Result<Json<Import>, ApiError> {
    Ok(Json(find(&registry, number).await?))
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    pub after: u64,
}

pub(crate) async fn refused_lines(registry: &Registry, number: i64, after: u64) -> Result<Vec<RefusedLine>, WebError> {
    let read = registry.house.store.read(move |reader| imports::refused(reader, number, after, REFUSED_ROWS));
    read.await.map_err(refusal)
}

pub(crate) async fn refused(
    State(registry): State<Arc<Registry>>,
    Path(number): Path<i64>,
    Query(asked): Query<After>,
) -> Result<Json<Vec<RefusedLine>>, ApiError> {
    Ok(Json(refused_lines(&registry, number, asked.after).await?))
}

/// What somebody decides about an import.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ChoiceBody {
    /// `apply` or `discard`.
    pub choice: String,
}

pub(crate) async fn do_choose(
    registry: &Arc<Registry>,
    caller: &Identity,
    number: i64,
    body: &ChoiceBody,
) -> Result<Import, WebError> {
    let _turn = turn(registry)?;
    let choice = match body.choice.as_str() {
        "discard" => Choice::Discard,
        "apply" => {
            let import = find(registry, number).await?;
            let path = registry.house.blobs.path(&import.blob);
            let path = path.map_err(|error| WebError::internal("finding an imported file", &error))?;
            match import.state {
                ImportState::Previewed => {
                    Choice::Apply(Box::new(read_file(import.form, path, import.options.clone()).await?))
                }
                // It is refused where its state is looked at; its file may be gone.
                ImportState::Applied | ImportState::Discarded => Choice::Discard,
            }
        }
        _ => return Err(WebError::unprocessable(told("the choice is `apply` or `discard`"))),
    };
    let (import, idle) = registry.choose(number, choice, &actor(caller)).await.map_err(refusal)?;
    registry.wake();
    if idle && let Err(error) = registry.house.blobs.remove(&import.blob) {
        tracing::warn!(import = number, error = %error, "the file of a discarded import stays");
    }
    Ok(import)
}

pub(crate) async fn choose(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Path(number): Path<i64>,
    Json(body): Json<ChoiceBody>,
) -> Result<Json<Import>, ApiError> {
    Ok(Json(do_choose(&registry, &caller, number, &body).await?))
}
