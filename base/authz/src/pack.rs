//! Reads the policies of access, and proves them against their schema, once: what does not hold stops the start.
//!
//! A pack is files of Cedar: schemas (`.cedarschema`) say which resources there are and which acts on each, policies
//! (`.cedar`) say who may. Each policy has its `@id`, and one sentence in each language, `@en` and `@ur`.

use crate::role::Act;
use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, Schema, SchemaFragment,
    ValidationMode, Validator,
};
use miette::Diagnostic;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Display,
    str::FromStr as _,
    sync::Arc,
};

/// The most policies: they are read and proven at start, and a person is to be able to read them all.
const POLICIES_MAX: usize = 500;

/// The resource and the act of the word of another person.
const APPROVAL: (&str, &str) = ("deed", "approve");

/// A file of the pack.
#[derive(Clone, Debug)]
pub struct PackFile {
    /// Its path, as people know it.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// The policies of access cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("access policies, `{file}` line {line}: {what}; {next}")]
pub struct AccessFault {
    /// Which file.
    pub file: String,
    /// In which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub next: &'static str,
}

const MEND: &str = "mend the file, or remove it from the folder of packs so that the built-in one counts";
const SAY: &str = "give every policy one `@id`, `@en` and `@ur`, and no two the same `@id`";

/// A policy, as people read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// What it says, in English.
    pub en: String,
    /// What it says, in Urdu.
    pub ur: String,
    /// Whether it lets or refuses.
    pub permits: bool,
    /// Its file.
    pub file: String,
    /// The line of its id.
    pub line: usize,
}

/// An act on a resource with the few policies that may have a say in it: Cedar looks at each policy of a set.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub action: EntityUid,
    /// The type of its things.
    pub kind: EntityTypeName,
    pub policies: PolicySet,
}

/// A resource, as the schema has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub en: String,
    pub ur: String,
    pub acts: BTreeMap<Act, Slice>,
}

/// What a pack says.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub rules: BTreeMap<String, Arc<Rule>>,
    pub resources: BTreeMap<String, Known>,
    pub approval: Slice,
}

/// Reads and proves a pack.
pub(crate) fn load(files: &[PackFile]) -> Result<Loaded, AccessFault> {
    let schemas = Schemas::read(files)?;
    let policies = read_policies(files)?;
    prove(&schemas.schema, &policies)?;
    let mut by_action: HashMap<EntityUid, Vec<&Policy>> = HashMap::new();
    for (policy, rule) in &policies {
        let actions = actions_of(policy, &schemas.schema);
        if actions.is_empty() {
            return Err(at(rule, "this policy can never hold"));
        }
        for action in actions {
            by_action.entry(action).or_default().push(policy);
        }
    }
    let (mut resources, mut approval) = (BTreeMap::<String, Known>::new(), None);
    for action in schemas.schema.actions() {
        let own = by_action.get(action).into_iter().flatten().map(|policy| (*policy).clone());
        let policies = PolicySet::from_policies(own).map_err(|error| schemas.fault(action, error))?;
        let name = action.id().as_ref();
        let slice = Slice { action: action.clone(), kind: schemas.kind(action)?, policies };
        match name.split_once(':') {
            Some(APPROVAL) => approval = Some(slice),
            Some((resource, word)) => {
                let act = Act::ALL.iter().copied().find(|act| act.word() == word);
                let act =
                    act.ok_or_else(|| schemas.fault(action, "the act is none of read, write, decide, administer"))?;
                let known = resources.entry(resource.to_owned()).or_default();
                (known.en, known.ur) = schemas.about(&slice.kind)?;
                known.acts.insert(act, slice);
            }
            None => return Err(schemas.fault(action, "an action is named RESOURCE:ACT, as `decision:read`")),
        }
    }
    let missing = || schemas.nowhere("there is no action `deed:approve`, so nobody could be the second person");
    let approval = approval.ok_or_else(missing)?;
    let rules = policies.into_iter().map(|(_, rule)| (rule.id.clone(), rule)).collect();
    Ok(Loaded { rules, resources, approval })
}

/// The actions that a policy may have a say in: those that it names, and where it names none those for whose things it
/// can hold. Asking the validator for the others would prove them all once more.
fn actions_of(policy: &Policy, schema: &Schema) -> HashSet<EntityUid> {
    match policy.action_constraint() {
        ActionConstraint::Eq(action) => HashSet::from([action]),
        ActionConstraint::In(actions) => actions.into_iter().collect(),
        ActionConstraint::Any => policy.get_valid_request_envs(schema).map(|env| env.action().clone()).collect(),
    }
}

fn at(rule: &Rule, what: impl Display) -> AccessFault {
    AccessFault { file: rule.file.clone(), line: rule.line, what: what.to_string(), next: MEND }
}

/// The line of a byte, from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// Where an error points, in bytes.
fn place(error: &dyn Diagnostic) -> Option<usize> {
    error.labels()?.next().map(|label| label.offset())
}

/// What an error says, with its own advice, on one line.
fn told(error: &(impl Diagnostic + Display)) -> String {
    let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{error}{help}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All schemas as one text, so that a name in one file may be used in another.
struct Schemas<'a> {
    files: Vec<&'a PackFile>,
    text: String,
    schema: Schema,
    fragment: SchemaFragment,
}

impl<'a> Schemas<'a> {
    fn read(files: &'a [PackFile]) -> Result<Self, AccessFault> {
        let files: Vec<&PackFile> = files.iter().filter(|file| file.name.ends_with(".cedarschema")).collect();
        let text: String = files.iter().map(|file| format!("{}\n", file.text)).collect();
        let fault = |error: &(dyn Diagnostic + 'static), what: String| {
            let (file, line) = find(&files, &text, place(error).unwrap_or(0));
            AccessFault { file, line, what, next: MEND }
        };
        let fragment = SchemaFragment::from_cedarschema_str(&text).map(|(fragment, _)| fragment);
        let fragment = fragment.map_err(|error| fault(&error, told(&error)))?;
        let schema = Schema::from_schema_fragments([fragment.clone()]).map_err(|error| fault(&error, told(&error)))?;
        Ok(Self { files, text, schema, fragment })
    }

    /// A fault at an action.
    fn fault(&self, action: &EntityUid, what: impl Display) -> AccessFault {
        let name = format!("\"{}\"", action.id().as_ref());
        let (file, line) = find(&self.files, &self.text, self.text.find(&name).unwrap_or(0));
        AccessFault { file, line, what: what.to_string(), next: MEND }
    }

    fn nowhere(&self, what: &str) -> AccessFault {
        let (file, line) = find(&self.files, &self.text, 0);
        AccessFault { file, line, what: what.to_owned(), next: MEND }
    }

    /// The one type of thing that an action is about.
    fn kind(&self, action: &EntityUid) -> Result<EntityTypeName, AccessFault> {
        let kinds: Vec<EntityTypeName> =
            self.schema.resources_for_action(action).into_iter().flatten().cloned().collect();
        match kinds.as_slice() {
            [kind] => Ok(kind.clone()),
            _ => Err(self.fault(action, "an action is about the things of one resource")),
        }
    }

    /// What a resource is, in both languages.
    fn about(&self, kind: &EntityTypeName) -> Result<(String, String), AccessFault> {
        let said = |key: &str| self.fragment.entity_type_annotation(None, kind.basename(), key).map(str::to_owned);
        said("en").zip(said("ur")).ok_or_else(|| {
            let name = format!("entity {}", kind.basename());
            let (file, line) = find(&self.files, &self.text, self.text.find(&name).unwrap_or(0));
            let what = format!("`{kind}` does not say what it is");
            AccessFault { file, line, what, next: "give its entity an `@en` and an `@ur`" }
        })
    }
}

/// The file and line of a byte of all schemas together.
fn find(files: &[&PackFile], text: &str, byte: usize) -> (String, usize) {
    let mut start = 0;
    for file in files {
        let end = start + file.text.len() + 1;
        if byte < end {
            return (file.name.clone(), line_of(&text[start..], byte - start));
        }
        start = end;
    }
    (files.last().map_or_else(|| "packs/access".to_owned(), |file| file.name.clone()), 1)
}

/// Every policy under its own id, with what it says.
fn read_policies(files: &[PackFile]) -> Result<Vec<(Policy, Arc<Rule>)>, AccessFault> {
    let mut all: Vec<(Policy, Arc<Rule>)> = Vec::new();
    for file in files.iter().filter(|file| file.name.ends_with(".cedar")) {
        let fault = |line, what: String, next| AccessFault { file: file.name.clone(), line, what, next };
        let set = PolicySet::from_str(&file.text)
            .map_err(|error| fault(line_of(&file.text, place(&error).unwrap_or(0)), told(&error), MEND))?;
        if set.templates().next().is_some() {
            return Err(fault(1, "a policy has an open place, as `?principal`".to_owned(), MEND));
        }
        for policy in set.policies() {
            let said = |key: &str| policy.annotation(key).unwrap_or_default().to_owned();
            let (id, en, ur) = (said("id"), said("en"), said("ur"));
            let line = line_of(&file.text, file.text.find(&format!("@id(\"{id}\")")).unwrap_or(0));
            if id.is_empty() || en.is_empty() || ur.is_empty() {
                let what =
                    if id.is_empty() { "a policy has no id".to_owned() } else { format!("`{id}` says too little") };
                return Err(fault(line, what, SAY));
            }
            if all.iter().any(|(_, rule)| rule.id == id) {
                return Err(fault(line, format!("`{id}` stands twice"), SAY));
            }
            let permits = policy.effect() == Effect::Permit;
            let policy = policy.new_id(PolicyId::new(&id));
            all.push((policy, Arc::new(Rule { id, en, ur, permits, file: file.name.clone(), line })));
            if all.len() > POLICIES_MAX {
                return Err(fault(line, format!("there are more than {POLICIES_MAX} policies"), MEND));
            }
        }
    }
    all.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    Ok(all)
}

/// Proves every policy against the schema.
fn prove(schema: &Schema, policies: &[(Policy, Arc<Rule>)]) -> Result<(), AccessFault> {
    let nowhere = |what: String| AccessFault { file: "packs/access".into(), line: 1, what, next: MEND };
    let set = PolicySet::from_policies(policies.iter().map(|(policy, _)| policy.clone()));
    let set = set.map_err(|error| nowhere(error.to_string()))?;
    let proof = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    let Some(error) = proof.validation_errors().next() else { return Ok(()) };
    let id: &str = error.policy_id().as_ref();
    let Some((_, rule)) = policies.iter().find(|(_, rule)| rule.id == id) else { return Err(nowhere(told(error))) };
    Err(at(rule, format!("`{id}`: {}", told(error))))
}
