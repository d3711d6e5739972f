//! Answers "may they?", by the policies of the pack. What no policy permits is denied, and what one forbids as well.

use crate::{
    clearance::{actions, clearance},
    identity::{Identity, Via},
    membership::{Membership, PartyRole},
    pack::{AccessFault, Known, Loaded, PackFile, Rule, Slice, load},
    role::{Act, Role},
    thing::{Deed, Reach, Thing},
};
use cedar_policy::{
    Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression as Value,
};
use sipar_model::PartyId;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// Something that can be acted upon.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name: one word, the same in the table, in scopes, in logs and in the manual.
    pub name: String,
    /// What it is, in half a line of English.
    pub en: String,
    /// The same in Urdu.
    pub ur: String,
    /// Which acts there are on it, with the least role for each over all of it.
    least: BTreeMap<Act, Option<Role>>,
    /// The least role in a party for each over what is that party's.
    least_within: BTreeMap<Act, PartyRole>,
}

impl Resource {
    /// The least role that may do this to all of it; nothing where no role alone may.
    #[must_use]
    pub fn least(&self, act: Act) -> Option<Role> {
        self.least.get(&act).copied().flatten()
    }

    /// The least role in a party that may do this to what is the party's.
    #[must_use]
    pub fn least_within(&self, act: Act) -> Option<PartyRole> {
        self.least_within.get(&act).copied()
    }

    /// The acts that there are.
    pub fn acts(&self) -> impl Iterator<Item = Act> {
        self.least.keys().copied()
    }
}

/// The answer to "may they?", with the policies that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether they may.
    pub allowed: bool,
    /// The policies that decided. None: no policy permits it.
    pub policies: Vec<Arc<Rule>>,
    /// The least role that may.
    pub least: Option<Role>,
    /// What decided, in words.
    pub rule: Cow<'static, str>,
}

impl Verdict {
    /// The ids of the policies that decided, for logs; or that there is none.
    #[must_use]
    pub fn ids(&self) -> String {
        match self.policies.as_slice() {
            [] => "no policy permits".into(),
            all => all.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Decides by policies. The usual one has none, and denies everything.
#[derive(Default)]
pub struct Authorizer(Option<Inner>);

struct Inner {
    engine: cedar_policy::Authorizer,
    rules: BTreeMap<String, Arc<Rule>>,
    slices: BTreeMap<String, BTreeMap<Act, Slice>>,
    approval: Slice,
    resources: BTreeMap<String, Resource>,
    names: Names,
}

/// Names that every question uses, read once.
struct Names {
    person: EntityTypeName,
    service: EntityTypeName,
    anyone: EntityTypeName,
    party: EntityTypeName,
    roles: Vec<(Role, EntityUid)>,
    within_scopes: [Context; 2],
}

/// What an error of the engine is to us: the pack is proven, so it cannot happen, and nobody gets in by it.
type Bad = Box<dyn std::error::Error + Send + Sync>;

impl Names {
    fn new() -> Result<Self, Bad> {
        let role: EntityTypeName = "Role".parse()?;
        let uid = |word: &str| EntityUid::from_type_name_and_id(role.clone(), EntityId::new(word));
        let context = |within| -> Result<Context, Bad> {
            Ok(Context::from_pairs([("within_scopes".to_owned(), Value::new_bool(within))])?)
        };
        Ok(Self {
            person: "Person".parse()?,
            service: "Service".parse()?,
            anyone: "Anyone".parse()?,
            party: "Party".parse()?,
            roles: Role::ALL.iter().map(|role| (*role, uid(role.word()))).collect(),
            within_scopes: [context(false)?, context(true)?],
        })
    }

    fn party(&self, id: &PartyId) -> EntityUid {
        EntityUid::from_type_name_and_id(self.party.clone(), EntityId::new(id.as_str()))
    }

    /// Whoever asks, with their role and all roles below it.
    fn principal(&self, who: &Identity) -> Result<Entity, Bad> {
        let kind = match (who.person, who.via) {
            (Some(_), _) => &self.person,
            (None, Via::Nothing) => &self.anyone,
            (None, _) => &self.service,
        };
        let mut attributes = HashMap::from([
            ("label".to_owned(), Value::new_string(who.label.to_string())),
            ("tlp".to_owned(), Value::new_long(clearance(who.role).number().into())),
            ("pap".to_owned(), Value::new_long(actions(who.role).number().into())),
        ]);
        if who.person.is_some() {
            for (name, least) in
                [("observes", PartyRole::Observer), ("acts", PartyRole::Officer), ("stewards", PartyRole::Steward)]
            {
                let own = who.parties.iter().filter(|membership| membership.role >= least);
                let own = own.map(|membership| Value::new_entity_uid(self.party(&membership.party)));
                attributes.insert(name.to_owned(), Value::new_set(own));
            }
        }
        let roles = self.roles.iter().filter(|(role, _)| *role <= who.role).map(|(_, uid)| uid.clone());
        let uid = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(&who.label));
        Ok(Entity::new(uid, attributes, roles.collect())?)
    }

    /// A thing, and its owner with every party above it.
    fn thing(&self, kind: &EntityTypeName, thing: &Thing<'_>) -> Result<(Entity, Option<Entity>), Bad> {
        let mut attributes = HashMap::new();
        let mut owner = None;
        if let Some(id) = thing.owner {
            let (uid, above) = (self.party(id), thing.above.iter().map(|id| self.party(id)).collect());
            attributes.insert("owner".to_owned(), Value::new_entity_uid(uid.clone()));
            owner = Some(Entity::new_no_attrs(uid, above));
        }
        if let Some(marking) = thing.marking {
            attributes.insert("marking".to_owned(), Value::new_long(marking.number().into()));
        }
        if let Some(pap) = thing.pap {
            attributes.insert("pap".to_owned(), Value::new_long(pap.number().into()));
        }
        let uid = EntityUid::from_type_name_and_id(kind.clone(), EntityId::new("it"));
        Ok((Entity::new(uid, attributes, HashSet::new())?, owner))
    }
}

impl Inner {
    fn new(loaded: Loaded) -> Result<Self, Bad> {
        let names = Names::new()?;
        let split = |(name, known): (String, Known)| {
            let acts = known.acts.keys().map(|act| (*act, None)).collect();
            let resource =
                Resource { name: name.clone(), en: known.en, ur: known.ur, least: acts, least_within: BTreeMap::new() };
            ((name.clone(), known.acts), (name, resource))
        };
        let (slices, resources) = loaded.resources.into_iter().map(split).unzip();
        let engine = cedar_policy::Authorizer::new();
        let mut inner = Self { engine, rules: loaded.rules, slices, approval: loaded.approval, resources, names };
        inner.note_least();
        Ok(inner)
    }

    /// Asks the policies themselves for the least of each act, so that the table says what they do.
    fn note_least(&mut self) {
        let mut resources = std::mem::take(&mut self.resources);
        for resource in resources.values_mut() {
            for act in resource.acts().collect::<Vec<_>>() {
                let least = Role::ALL.iter().copied().find(|role| {
                    let via = if *role == Role::Public { Via::Nothing } else { Via::Key };
                    self.may(&Identity::new(*role, "", via), act, &Thing::of(&resource.name))
                });
                resource.least.insert(act, least);
                let within = PartyRole::ALL.iter().copied().find(|role| self.may_within(*role, act, &resource.name));
                if let Some(within) = within {
                    resource.least_within.insert(act, within);
                }
            }
        }
        self.resources = resources;
    }

    /// Whether somebody who is nothing but this in a party may do it to what is the party's, and not to all.
    fn may_within(&self, role: PartyRole, act: Act, resource: &str) -> bool {
        let Ok(party) = PartyId::parse("x") else { return false };
        let who = Identity {
            person: Some(crate::PersonNumber(0)),
            parties: Arc::new([Membership { party: party.clone(), role }]),
            ..Identity::new(Role::Member, "", Via::Session)
        };
        let all = Thing::of(resource);
        !self.may(&who, act, &all) && self.may(&who, act, &Thing { owner: Some(&party), ..all })
    }

    fn may(&self, who: &Identity, act: Act, thing: &Thing<'_>) -> bool {
        self.slice(thing.resource, act).is_some_and(|slice| self.ask(slice, who, thing).0)
    }

    fn slice(&self, resource: &str, act: Act) -> Option<&Slice> {
        self.slices.get(resource)?.get(&act)
    }

    fn ask(&self, slice: &Slice, who: &Identity, thing: &Thing<'_>) -> (bool, Vec<Arc<Rule>>) {
        let within = slice.action.id().as_ref().split_once(':').is_some_and(|(resource, word)| {
            Act::ALL.iter().any(|act| act.word() == word && who.scopes.allow(resource, *act))
        });
        let asked = self.names.principal(who).and_then(|principal| {
            let (thing, owner) = self.names.thing(&slice.kind, thing)?;
            self.decide(slice, &self.names.within_scopes[usize::from(within)], principal, thing, owner)
        });
        self.told(asked)
    }

    fn decide(
        &self,
        slice: &Slice,
        context: &Context,
        principal: Entity,
        thing: Entity,
        owner: Option<Entity>,
    ) -> Result<(bool, Vec<Arc<Rule>>), Bad> {
        let request = Request::new(principal.uid(), slice.action.clone(), thing.uid(), context.clone(), None)?;
        let entities = Entities::from_entities([principal, thing].into_iter().chain(owner), None)?;
        let answer = self.engine.is_authorized(&request, &slice.policies, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(error.to_string().into());
        }
        let ids = answer.diagnostics().reason().map(|id| AsRef::<str>::as_ref(id).to_owned());
        let mut rules: Vec<Arc<Rule>> = ids.filter_map(|id| self.rules.get(&id).cloned()).collect();
        rules.sort_by(|one, other| one.id.cmp(&other.id));
        Ok((answer.decision() == Decision::Allow, rules))
    }

    fn told(&self, asked: Result<(bool, Vec<Arc<Rule>>), Bad>) -> (bool, Vec<Arc<Rule>>) {
        asked.unwrap_or_else(|error| {
            tracing::error!(error = %error, "a policy of access could not be asked, so nobody is let by it");
            (false, Vec::new())
        })
    }
}

impl Authorizer {
    /// Decides by a pack.
    ///
    /// # Errors
    /// When the pack does not hold, with the place and what to do.
    pub fn of_pack(files: &[PackFile]) -> Result<Self, AccessFault> {
        let broken = |error: Bad| AccessFault {
            file: "packs/access".into(),
            line: 1,
            what: error.to_string(),
            next: "this is a fault of ours; tell us",
        };
        Inner::new(load(files)?).map(|inner| Self(Some(inner))).map_err(broken)
    }

    /// Whether `who` may do `act` to this thing.
    #[must_use]
    pub fn decide(&self, who: &Identity, act: Act, thing: &Thing<'_>) -> Verdict {
        let name = thing.resource;
        let Some((inner, slice)) = self.0.as_ref().and_then(|inner| Some((inner, inner.slice(name, act)?))) else {
            let rule = format!("no policy says who may {act} `{name}`, so nobody may");
            return Verdict { allowed: false, policies: Vec::new(), least: None, rule: rule.into() };
        };
        let (allowed, policies) = inner.ask(slice, who, thing);
        let resource = inner.resources.get(name);
        let least = resource.and_then(|resource| resource.least(act));
        let rule = match (policies.first(), least) {
            (Some(_), _) if !allowed && !who.scopes.allow(name, act) => {
                format!("to {act} {name} takes a key with the scope `{name}:{act}`")
            }
            (Some(rule), _) if !allowed => rule.en.clone(),
            (_, Some(least)) => format!("to {act} {name} takes the role {least}; this is {}", who.role),
            (_, None) => format!("no role alone may {act} {name}"),
        };
        let within =
            resource.and_then(|resource| resource.least_within(act)).filter(|_| !allowed && policies.is_empty());
        let rule = match within {
            Some(within) => format!("{rule}; or being {within} of the party whose it is"),
            None => rule,
        };
        Verdict { allowed, policies, least, rule: rule.into() }
    }

    /// Whether `who` may do `act` to anything of the resource of this name.
    #[must_use]
    pub fn permits(&self, who: &Identity, resource: &str, act: Act) -> Verdict {
        self.decide(who, act, &Thing::of(resource))
    }

    /// How far an act of theirs reaches: to everything, or to what is their own parties'.
    ///
    /// # Errors
    /// When it reaches nothing.
    pub fn reach(&self, who: &Identity, resource: &str, act: Act) -> Result<Reach, Verdict> {
        let verdict = self.permits(who, resource, act);
        if verdict.allowed {
            return Ok(Reach::All);
        }
        let may = |membership: &&Membership| {
            self.decide(who, act, &Thing { owner: Some(&membership.party), ..Thing::of(resource) }).allowed
        };
        let own: Vec<PartyId> = who.parties.iter().filter(may).map(|membership| membership.party.clone()).collect();
        if own.is_empty() { Err(verdict) } else { Ok(Reach::Parties(own.into())) }
    }

    /// Whether somebody may be the other person whose word something waits for.
    #[must_use]
    pub fn approves(&self, deed: &Deed<'_>) -> Verdict {
        let plain = |label: &str| label.strip_prefix("person:").unwrap_or(label).to_owned();
        let asked = self.0.as_ref().map(|inner| {
            let who = Identity {
                person: Some(crate::PersonNumber(0)),
                ..Identity::new(Role::Member, plain(deed.by), Via::Session)
            };
            let authors = Value::new_set(deed.authors.iter().map(|author| Value::new_string(plain(author))));
            let mut attributes = HashMap::from([("authors".to_owned(), authors)]);
            attributes.extend(deed.about.map(|about| ("about".to_owned(), Value::new_string(plain(about)))));
            let (slice, context) = (&inner.approval, &inner.names.within_scopes[1]);
            let uid = EntityUid::from_type_name_and_id(slice.kind.clone(), EntityId::new("it"));
            let answer = inner.names.principal(&who).and_then(|principal| {
                let thing = Entity::new(uid, attributes, HashSet::new())?;
                inner.decide(slice, context, principal, thing, None)
            });
            inner.told(answer)
        });
        let (allowed, policies) = asked.unwrap_or_default();
        let rule = policies.first().map_or_else(|| "no policy permits it".to_owned(), |rule| rule.en.clone());
        Verdict { allowed, policies, least: None, rule: rule.into() }
    }

    /// The resource of that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.0.as_ref()?.resources.get(name)
    }

    /// Every resource, in order of name.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter().flat_map(|inner| inner.resources.values())
    }

    /// Every policy, in order of id.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.0.iter().flat_map(|inner| inner.rules.values())
    }

    /// Whether any policy could refuse or permit this act: else it is no act at all.
    #[must_use]
    pub fn knows(&self, resource: &str, act: Act) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.slice(resource, act).is_some())
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").field("policies", &self.rules().count()).finish_non_exhaustive()
    }
}
