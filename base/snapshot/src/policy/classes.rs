//! The combinations that entries share: each is written once, and entries carry its number.

use super::{ListId, ListInfo, Mode, PolicyHead, Scope};
use crate::{
    BuildError, OpenError,
    bytes::{Fields, put_text},
    container::SectionId,
    limits::{CLASSES_MAX, LISTS_MAX},
};
use hashbrown::HashMap;
use sipar_model::{Action, Category, Severity, Tlp};

/// What entries share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    pub(crate) action: Action,
    pub(crate) category: Category,
    pub(crate) severity: Severity,
    pub(crate) tlp: Tlp,
    pub(crate) list: ListId,
    pub(crate) scope: Scope,
    pub(crate) shadow: bool,
}

/// Gives numbers to classes as they come.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    all: Vec<Class>,
    numbers: HashMap<Class, u16>,
}

impl Classes {
    pub(crate) fn number(&mut self, class: Class) -> Result<u16, BuildError> {
        if let Some(number) = self.numbers.get(&class) {
            return Ok(*number);
        }
        let full = BuildError::TooMany { what: "combinations of list, category and the like", max: CLASSES_MAX as u64 };
        if self.all.len() >= CLASSES_MAX {
            return Err(full);
        }
        let number = u16::try_from(self.all.len()).map_err(|_| full)?;
        self.all.push(class);
        self.numbers.insert(class, number);
        Ok(number)
    }

    pub(crate) fn get(&self, number: u16) -> &Class {
        &self.all[usize::from(number)]
    }
}

/// The section that holds contact, lists and classes.
pub(crate) fn write(head: &PolicyHead, lists: &[ListInfo], classes: &Classes) -> Vec<u8> {
    let count = |count: usize| u16::try_from(count).expect("LISTS_MAX and CLASSES_MAX fit 16 bits").to_le_bytes();
    let mut out = Vec::new();
    put_text(&mut out, &head.contact);
    out.extend_from_slice(&count(lists.len()));
    for list in lists {
        put_text(&mut out, &list.slug);
        put_text(&mut out, &list.title);
        out.extend_from_slice(&[list.category.number(), list.mode as u8]);
    }
    out.extend_from_slice(&count(classes.all.len()));
    for class in &classes.all {
        out.extend_from_slice(&[
            class.action.number(),
            class.category.number(),
            class.severity.number(),
            class.tlp.number(),
            class.scope as u8,
        ]);
        out.extend_from_slice(&class.list.0.to_le_bytes());
    }
    out
}

/// What that section says.
pub(crate) struct Head {
    pub(crate) contact: String,
    pub(crate) lists: Vec<ListInfo>,
    pub(crate) classes: Vec<Class>,
}

/// Reads that section.
pub(crate) fn read(section: &[u8]) -> Result<Head, OpenError> {
    let malformed = |reason| OpenError::Malformed { section: SectionId::PolicyHead.name(), reason };
    let mut fields = Fields(section);
    let contact = fields.text().ok_or_else(|| malformed("the contact cannot be read"))?;
    let lists = read_lists(&mut fields).ok_or_else(|| malformed("a list cannot be read"))?;
    let classes = read_classes(&mut fields, &lists).ok_or_else(|| malformed("a class cannot be read"))?;
    Ok(Head { contact, lists, classes })
}

pub(crate) fn read_lists(fields: &mut Fields<'_>) -> Option<Vec<ListInfo>> {
    let count = usize::from(fields.u16()?);
    if count > LISTS_MAX {
        return None;
    }
    let mut lists = Vec::with_capacity(count);
    for _ in 0..count {
        lists.push(ListInfo {
            slug: fields.text()?,
            title: fields.text()?,
            category: Category::from_number(fields.u8()?)?,
            mode: Mode::from_number(fields.u8()?)?,
        });
    }
    Some(lists)
}

fn read_classes(fields: &mut Fields<'_>, lists: &[ListInfo]) -> Option<Vec<Class>> {
    let count = usize::from(fields.u16()?);
    let mut classes = Vec::with_capacity(count);
    for _ in 0..count {
        let [action, category, severity, tlp, scope] = fields.take()?;
        let list = ListId(fields.u16()?);
        classes.push(Class {
            action: Action::from_number(action)?,
            category: Category::from_number(category)?,
            severity: Severity::from_number(severity)?,
            tlp: Tlp::from_number(tlp)?,
            scope: Scope::from_number(scope)?,
            list,
            shadow: lists.get(usize::from(list.0))?.mode == Mode::Shadow,
        });
    }
    Some(classes)
}
