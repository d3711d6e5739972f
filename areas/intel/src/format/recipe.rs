//! A format made ready: every column that it uses has a number, every map is checked.

use super::{COLUMNS_MAX, CategoryText, ConfidenceText, FeedFormat, FormatError, KindText, Shape, TimeForm, TimeText};
use serde::Deserialize;
use sipar_model::{Category, Confidence, Tlp};

/// What kind of observable a text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservableKindRule {
    /// A domain name.
    Domain,
    /// One address.
    Address,
    /// A network, or one address.
    Network,
    /// A domain name or one address.
    Host,
    /// A URL.
    Url,
    /// A file's hash.
    File,
    /// A mail sender.
    Mail,
    /// An autonomous system.
    Asn,
    /// Name servers: a name, an address or a network.
    #[serde(rename = "name-server")]
    NameServer,
    /// Whatever it looks like.
    Guess,
    /// Nothing we take: the row is left out.
    Skip,
}

/// A text made of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// One column.
    Column(usize),
    /// Fixed parts and columns in turn.
    Template(Vec<Part>),
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Fixed text.
    Fixed(String),
    /// A column.
    Column(usize),
}

/// What kind the observable is.
#[derive(Clone, Debug)]
pub enum KindRule {
    /// Always the same.
    Fixed(ObservableKindRule),
    /// As a column says.
    Map(usize, Vec<(String, ObservableKindRule)>),
}

/// What category it is.
#[derive(Clone, Debug)]
pub enum CategoryRule {
    /// Always the same.
    Fixed(Category),
    /// As a column says; the last is for other words.
    Map(usize, Vec<(String, Category)>, Option<Category>),
}

/// How sure the source is. The last is for an empty column.
#[derive(Clone, Debug)]
pub enum ConfidenceRule {
    /// Always the same.
    Fixed(Confidence),
    /// A number from 0 to 100.
    Percent(usize, Option<Confidence>),
    /// A word.
    Map(usize, Vec<(String, Confidence)>, Option<Confidence>),
    /// A count: the confidence of the highest step that it reaches.
    Steps(usize, Vec<(u64, Confidence)>, Option<Confidence>),
}

/// Rows to leave out.
#[derive(Clone, Debug)]
pub struct DropRule {
    /// The column.
    pub column: usize,
    /// The words.
    pub words: Vec<String>,
    /// Whether it is these words, or all others, that leave a row out.
    pub unless: bool,
}

/// A format made ready to read with.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// How it is written.
    pub shape: Shape,
    /// The columns that are used; the numbers in the rules are places here.
    pub columns: Vec<String>,
    /// The observable.
    pub observable: Text,
    /// Its kind.
    pub kind: KindRule,
    /// Whether a port is cut off.
    pub strip_port: bool,
    /// Whether a leading `*.` is cut off.
    pub strip_wildcard: bool,
    /// The category.
    pub category: CategoryRule,
    /// The confidence.
    pub confidence: ConfidenceRule,
    /// First seen.
    pub first_seen: Option<(usize, TimeForm)>,
    /// Last seen.
    pub last_seen: Option<(usize, TimeForm)>,
    /// Where to read more.
    pub reference: Option<Text>,
    /// Rows to leave out.
    pub drop: Vec<DropRule>,
    /// Who may know.
    pub tlp: Tlp,
    /// Lines or items at most.
    pub lines_max: u64,
}

impl Recipe {
    /// Makes `format` ready.
    ///
    /// # Errors
    /// When a rule names a column that the shape does not have, or is itself incomplete.
    pub fn new(format: &FeedFormat) -> Result<Self, FormatError> {
        let mut columns = Columns { format, used: Vec::new() };
        let recipe = Self {
            observable: columns.text(&format.observable.from)?,
            kind: kind_rule(&mut columns, &format.observable.kind)?,
            category: category_rule(&mut columns, &format.category)?,
            confidence: confidence_rule(&mut columns, &format.confidence)?,
            first_seen: columns.time(format.first_seen.as_ref())?,
            last_seen: columns.time(format.last_seen.as_ref())?,
            reference: format.reference.as_deref().map(|text| columns.text(text)).transpose()?,
            drop: drop_rules(&mut columns)?,
            shape: format.shape.clone(),
            strip_port: format.observable.strip_port,
            strip_wildcard: format.observable.strip_wildcard,
            tlp: format.tlp,
            lines_max: format.bounds.lines_max,
            columns: columns.used,
        };
        check_shape(format)?;
        check_allowed(format)?;
        Ok(recipe)
    }
}

struct Columns<'a> {
    format: &'a FeedFormat,
    used: Vec<String>,
}

impl Columns<'_> {
    fn number(&mut self, name: &str) -> Result<usize, FormatError> {
        if let Some(number) = self.used.iter().position(|used| used == name) {
            return Ok(number);
        }
        let exists = match &self.format.shape {
            Shape::List { .. } | Shape::Hosts => name == "value",
            Shape::Csv { columns, .. } => columns.iter().any(|column| column == name),
            Shape::Json { .. } | Shape::JsonLines => name.is_empty() || name.starts_with('/') || name == "$key",
            Shape::MispWarningLists => false,
        };
        if !exists {
            return Err(self.format.nonsense(format!(
                "there is no column `{name}`; columns of a list are `value`, of JSON are pointers such as `/name`"
            )));
        }
        if self.used.len() == COLUMNS_MAX {
            return Err(self.format.nonsense(format!("it uses more than {COLUMNS_MAX} columns")));
        }
        self.used.push(name.to_owned());
        Ok(self.used.len() - 1)
    }

    fn text(&mut self, text: &str) -> Result<Text, FormatError> {
        if !text.contains('{') {
            return self.number(text).map(Text::Column);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| self.format.nonsense(format!("a brace is not closed in `{text}`")))?;
            parts.push(Part::Fixed(before.to_owned()));
            parts.push(Part::Column(self.number(name)?));
            rest = after;
        }
        parts.push(Part::Fixed(rest.to_owned()));
        Ok(Text::Template(parts))
    }

    fn time(&mut self, time: Option<&TimeText>) -> Result<Option<(usize, TimeForm)>, FormatError> {
        time.map(|time| Ok((self.number(&time.column)?, time.form))).transpose()
    }
}

fn kind_rule(columns: &mut Columns<'_>, text: &KindText) -> Result<KindRule, FormatError> {
    Ok(match text {
        KindText::Fixed(ObservableKindRule::Skip) => return Err(columns.format.nonsense("`observable` is missing")),
        KindText::Fixed(kind) => KindRule::Fixed(*kind),
        KindText::Column { column, map } => {
            KindRule::Map(columns.number(column)?, map.iter().map(|(word, kind)| (word.clone(), *kind)).collect())
        }
    })
}

fn category_rule(columns: &mut Columns<'_>, text: &CategoryText) -> Result<CategoryRule, FormatError> {
    match (&text.column, text.fixed) {
        (Some(column), other) => {
            let map = text.map.iter().map(|(word, category)| (word.clone(), *category)).collect();
            Ok(CategoryRule::Map(columns.number(column)?, map, other))
        }
        (None, Some(fixed)) => Ok(CategoryRule::Fixed(fixed)),
        (None, None) => Err(columns.format.nonsense("`category` needs `fixed`, or `column` and `map`")),
    }
}

fn confidence_rule(columns: &mut Columns<'_>, text: &ConfidenceText) -> Result<ConfidenceRule, FormatError> {
    let format = columns.format;
    let percent = |percent: u8| {
        Confidence::new(percent)
            .ok_or_else(|| format.nonsense(format!("a confidence of {percent}; it goes from 0 to 100")))
    };
    let other = text.fixed.map(percent).transpose()?;
    let Some(column) = &text.column else {
        return other
            .map(ConfidenceRule::Fixed)
            .ok_or_else(|| format.nonsense("`confidence` needs `fixed` or `column`"));
    };
    let column = columns.number(column)?;
    if !text.steps.is_empty() {
        let mut steps =
            text.steps.iter().map(|(from, sure)| Ok((*from, percent(*sure)?))).collect::<Result<Vec<_>, _>>()?;
        steps.sort_unstable();
        return Ok(ConfidenceRule::Steps(column, steps, other));
    }
    if !text.map.is_empty() {
        let map =
            text.map.iter().map(|(word, sure)| Ok((word.clone(), percent(*sure)?))).collect::<Result<Vec<_>, _>>()?;
        return Ok(ConfidenceRule::Map(column, map, other));
    }
    Ok(ConfidenceRule::Percent(column, other))
}

fn drop_rules(columns: &mut Columns<'_>) -> Result<Vec<DropRule>, FormatError> {
    let format = columns.format;
    let mut rules = Vec::new();
    for drop in &format.drop {
        let column = columns.number(&drop.column)?;
        for (words, unless) in [(&drop.is, false), (&drop.unless, true)] {
            if !words.is_empty() {
                rules.push(DropRule { column, words: words.clone(), unless });
            }
        }
    }
    Ok(rules)
}

fn check_allowed(format: &FeedFormat) -> Result<(), FormatError> {
    match &format.allowed {
        Some(_) if !matches!(format.shape, Shape::Json { .. }) => {
            Err(format.nonsense("`allowed` is for JSON alone; put the exceptions of other feeds into a warning list"))
        }
        Some(allowed) if allowed.items.len() > 8 => {
            Err(format.nonsense("the way to the items of `allowed` has more than 8 steps"))
        }
        _ => Ok(()),
    }
}

fn check_shape(format: &FeedFormat) -> Result<(), FormatError> {
    match &format.shape {
        Shape::Csv { delimiter, quote, .. }
            if !delimiter.is_ascii() || quote.is_some_and(|quote| !quote.is_ascii()) =>
        {
            Err(format.nonsense("`delimiter` and `quote` must be ASCII"))
        }
        Shape::Json { items } if items.len() > 8 => Err(format.nonsense("the way to the items has more than 8 steps")),
        _ => Ok(()),
    }
}
