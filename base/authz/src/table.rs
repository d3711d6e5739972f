//! The role table as text that a person reads: who may do what to what, over all and within their own parties, what
//! each role may know, and every policy with its sentence. All of it is what the policies answer, not what anybody wrote.

use crate::{
    authorizer::{Authorizer, Resource},
    clearance::{actions, clearance},
    role::{Act, Role},
};
use std::fmt::Write as _;

impl Authorizer {
    /// The whole table.
    #[must_use]
    pub fn table(&self) -> String {
        let width = self.resources().map(|resource| resource.name.len()).chain([9]).max().unwrap_or(9);
        let dash = || "-".to_owned();
        let mut text = row(width, "resource", &|act| act.word().to_owned(), "about");
        for resource in self.resources() {
            let cell = |act| resource.least(act).map_or_else(dash, |role| role.word().to_owned());
            text += &row(width, &resource.name, &cell, &resource.en);
        }
        let within = |resource: &&Resource| Act::ALL.iter().any(|act| resource.least_within(*act).is_some());
        let own: Vec<&Resource> = self.resources().filter(within).collect();
        if !own.is_empty() {
            let about = "of what is one's own party's, or a party's below it, whatever one's role";
            text += "\n";
            text += &row(width, "own party", &|act| act.word().to_owned(), about);
        }
        for resource in own {
            let cell = |act| resource.least_within(act).map_or_else(dash, |role| role.word().to_owned());
            text += &row(width, &resource.name, &cell, "");
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{:width$}  {:12}  PAP acted upon", "role", "TLP read");
        for role in Role::ALL {
            let (tlp, pap) = (clearance(*role).word(), actions(*role).word());
            let _ = writeln!(text, "{:width$}  {tlp:12}  {pap}", role.word());
        }
        let id_width = self.rules().map(|rule| rule.id.len()).max().unwrap_or(0);
        text.push('\n');
        for rule in self.rules() {
            let effect = if rule.permits { "permits" } else { "forbids" };
            let _ = writeln!(text, "{effect}  {:id_width$}  {}", rule.id, rule.en);
        }
        text
    }
}

fn row(width: usize, name: &str, cell: &dyn Fn(Act) -> String, about: &str) -> String {
    let mut line = format!("{name:width$}");
    for act in Act::ALL {
        let _ = write!(line, "  {:10}", cell(*act));
    }
    format!("{}\n", format!("{line}  {about}").trim_end())
}
