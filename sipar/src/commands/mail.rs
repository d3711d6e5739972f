//! `sipar mail test`: a letter through the configured server, and what went wrong if it did not go.

use crate::{cli::MailCommand, config::Config, router};
use anyhow::{Context, Result};
use sipar_mail::{Letter, Mailer, Recipient};
use sipar_model::{Clock, SystemClock};
use sipar_web::{Lang, Texts};

pub async fn run(config: &Config, command: MailCommand) -> Result<()> {
    let MailCommand::Test { address } = command;
    let to = Recipient::parse(&address).with_context(|| format!("`{address}`"))?;
    let organisation = config.instance.organisation.as_str();
    let mailer = Mailer::open(&config.mail, organisation)?
        .context("no mail is set up; set `server` and `from` under [mail], as docs/src/configuration.md says")?;
    let texts = Texts::new(router::TEXTS.iter().copied())
        .map_err(|faults| anyhow::anyhow!("the texts have faults, the first: {:?}", faults.first()))?;
    let text = |lang: Lang| texts.with(lang, "house-mail-test-text", &[("organisation", organisation.into())]);
    let title = |lang: Lang| texts.get(lang, "house-mail-test");
    let (subject, text) =
        (format!("{} / {}", title(Lang::En), title(Lang::Ur)), format!("{}\n\n{}\n", text(Lang::Ur), text(Lang::En)));
    let date = SystemClock.now();
    let id = format!("test.{}", date.0);
    let letter = Letter { to: &to, subject: &subject, text: &text, languages: "ur, en", id: &id, date };
    let accepted = mailer.send(&letter).await.with_context(|| format!("sending to `{to}`"))?;
    println!("{} took a test letter to {to}: {}", mailer.server(), accepted.said);
    println!("it is now that server's to deliver; see that it arrived, and not among what is unwanted");
    Ok(())
}
