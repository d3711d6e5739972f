//! Parties: the tree, and how names look.

use super::{changed, party_id, some_look, word};
use crate::{
    RegistryError,
    model::{NewParty, Party, PartyKind, PartyState, Tier, look::look},
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, Tx, Value, params, values};

const COLUMNS: &str = "slug, title, title_ur, tier, kind, sector, parent, state, added_by, added_at";

fn party(row: &Row) -> Result<Party, RegistryError> {
    Ok(Party {
        id: party_id(row, 0)?,
        title: row.try_get(1)?,
        title_ur: row.try_get(2)?,
        tier: row.text(3).and_then(|text| text.parse::<Tier>().ok()).ok_or(RegistryError::BadRow)?,
        kind: word(row, 4, PartyKind::from_number)?,
        sector: row.try_get(5)?,
        parent: match row.text(6) {
            None => None,
            Some(_) => Some(party_id(row, 6)?),
        },
        state: word(row, 7, PartyState::from_number)?,
        added_by: row.try_get(8)?,
        added_at: row.try_get(9)?,
    })
}

/// The party with this short name.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, id: &PartyId) -> Result<Option<Party>, RegistryError> {
    let sql = format!("select {COLUMNS} from party where slug = ?1");
    reader.query_one_opt(&sql, params![id.as_str()])?.as_ref().map(party).transpose()
}

/// How many there are.
///
/// # Errors
/// When the store refuses.
pub fn count(reader: &mut Reader<'_>) -> Result<u64, RegistryError> {
    Ok(reader.query_one("select count(*) from party", params![])?.try_get(0)?)
}

/// What a list shows.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Words of the title or the short name, in small letters; empty: all.
    pub text: String,
    /// Those in this sector; empty: all.
    pub sector: String,
    /// How many come before it.
    pub offset: u64,
    /// At most so many.
    pub limit: usize,
    /// Of these alone, as far as the reader may know; nothing: of all.
    pub within: Option<Vec<PartyId>>,
}

impl Part {
    /// The condition on parties, with its values from place `first` on; nothing where no party fulfils it.
    fn within(&self, first: usize) -> Option<(String, Vec<Value<'_>>)> {
        let Some(within) = &self.within else { return Some((String::new(), Vec::new())) };
        let (places, values) = sipar_store::one_of(first, within.iter().map(PartyId::as_str))?;
        Some((format!("and slug in ({places})"), values))
    }
}

/// `%` and `_` stand for themselves.
fn pattern(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("%{escaped}%")
}

const WHERE: &str = "where (?1 = '%%' or lower(title) like ?1 escape '\\' or slug like ?1 escape '\\'
     or title_ur like ?1 escape '\\') and (?2 = '' or sector = ?2)";

/// Parties with how many claims of theirs count, by title.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, part: &Part) -> Result<Vec<(Party, u64)>, RegistryError> {
    let Some((within, own)) = part.within(5) else { return Ok(Vec::new()) };
    let sql = format!(
        "select {COLUMNS}, (select count(*) from claim where claim.party = party.slug and claim.state = 2)
         from party {WHERE} {within} order by title, slug limit ?3 offset ?4"
    );
    let text = pattern(&part.text);
    let mut asked = values![&text, &part.sector, part.limit, part.offset].to_vec();
    asked.extend(own);
    let rows = reader.query(&sql, &asked)?;
    rows.iter().map(|row| Ok((party(row)?, row.try_get(10)?))).collect()
}

/// How many parties a list would show.
///
/// # Errors
/// When the store refuses.
pub fn list_count(reader: &mut Reader<'_>, part: &Part) -> Result<u64, RegistryError> {
    let Some((within, own)) = part.within(3) else { return Ok(0) };
    let sql = format!("select count(*) from party {WHERE} {within}");
    let text = pattern(&part.text);
    let mut asked = values![&text, &part.sector].to_vec();
    asked.extend(own);
    Ok(reader.query_one(&sql, &asked)?.try_get(0)?)
}

/// Those directly under a party, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn children(reader: &mut Reader<'_>, id: &PartyId, limit: usize) -> Result<Vec<Party>, RegistryError> {
    let sql = format!("select {COLUMNS} from party where parent = ?1 order by title, slug limit ?2");
    reader.query(&sql, params![id.as_str(), limit])?.iter().map(party).collect()
}

/// Parties of the sector's tier, and then of the national one, that take part; at most so many of each: one sector has
/// one response team, and a country has one.
const OVER_MAX: usize = 4;

/// Those that stand over a sector, and those that stand over all.
///
/// # Errors
/// When the store refuses.
pub fn over(reader: &mut Reader<'_>, sector: &str) -> Result<Vec<Party>, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from party where tier = ?1 and state = 2 and (?2 = '' or sector = ?2) order by slug limit ?3"
    );
    let mut found = Vec::new();
    if !sector.is_empty() {
        found.extend(reader.query(&sql, params![Tier::Sector.word(), sector, OVER_MAX])?);
    }
    found.extend(reader.query(&sql, params![Tier::National.word(), "", OVER_MAX])?);
    found.iter().map(party).collect()
}

/// How many levels of parties stand below one; counted no further than `most`.
///
/// # Errors
/// When the store refuses.
pub fn levels_below(reader: &mut Reader<'_>, id: &PartyId, most: usize) -> Result<usize, RegistryError> {
    let sql = "with recursive below(slug, level) as (
             select slug, cast(1 as bigint) from party where parent = ?1
             union select party.slug, level + 1 from party join below on party.parent = below.slug where level < ?2)
         select count(distinct level) from below";
    let levels: u64 = reader.query_one(sql, params![id.as_str(), most])?.try_get(0)?;
    Ok(usize::try_from(levels).unwrap_or(most))
}

/// Another party, not refused, whose title in either language looks like one of `new`.
///
/// # Errors
/// When the store refuses.
pub fn like(reader: &mut Reader<'_>, new: &NewParty) -> Result<Option<PartyId>, RegistryError> {
    let looks = [look(&new.title), look(&new.title_ur)];
    for seen in looks.iter().filter(|seen| !seen.is_empty()) {
        let found = reader.query_one_opt(
            "select slug from party where (look = ?1 or look_ur = ?1) and slug <> ?2 and state <> 3 order by slug limit 1",
            params![seen, new.id.as_str()],
        )?;
        if let Some(row) = found {
            return Ok(Some(party_id(&row, 0)?));
        }
    }
    Ok(None)
}

/// Adds a party.
///
/// # Errors
/// When the store refuses.
pub fn add(
    tx: &mut Tx<'_>,
    new: &NewParty,
    state: PartyState,
    by: &str,
    now: TimestampMs,
) -> Result<(), RegistryError> {
    tx.execute(
        "insert into party(slug, title, title_ur, tier, kind, sector, parent, state, look, look_ur, added_by, added_at,
             updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
        params![
            new.id.as_str(),
            &new.title,
            &new.title_ur,
            new.tier.word(),
            new.kind.number(),
            &new.sector,
            new.parent.as_ref().map(PartyId::as_str),
            state.number(),
            some_look(&new.title),
            look(&new.title_ur),
            by,
            now
        ],
    )?;
    changed(tx)
}

/// Writes what a party is called and where it stands.
///
/// # Errors
/// When the store refuses.
pub fn edit(tx: &mut Tx<'_>, new: &NewParty, now: TimestampMs) -> Result<(), RegistryError> {
    tx.execute(
        "update party set title = ?2, title_ur = ?3, tier = ?4, kind = ?5, sector = ?6, parent = ?7, look = ?8,
             look_ur = ?9, updated_at = ?10
         where slug = ?1",
        params![
            new.id.as_str(),
            &new.title,
            &new.title_ur,
            new.tier.word(),
            new.kind.number(),
            &new.sector,
            new.parent.as_ref().map(PartyId::as_str),
            some_look(&new.title),
            look(&new.title_ur),
            now
        ],
    )?;
    changed(tx)
}

/// Writes how a party stands.
///
/// # Errors
/// When the store refuses.
pub fn set_state(tx: &mut Tx<'_>, id: &PartyId, state: PartyState) -> Result<(), RegistryError> {
    tx.execute("update party set state = ?2 where slug = ?1", params![id.as_str(), state.number()])?;
    changed(tx)
}
