//! The portal's pages over HTTP, in both languages: they answer, and no text is missing.

use crate::support::{
    Home,
    server::{self, Server},
};
use std::{collections::BTreeSet, fs, path::Path};

const PAGES: &[&str] = &[
    "/",
    "/decisions",
    "/decisions?state=active&category=phishing",
    "/decisions/1",
    "/feeds",
    "/feeds/phish",
    "/held",
    "/held?state=left-out",
    "/held?state=left-out&reason=registry-name",
    "/held?state=resting",
    "/warning-lists",
    "/findings",
    "/exposures",
    "/exposures?state=over&party=national-bank",
    "/exposures/1",
    "/notices",
    "/notices?state=over&party=national-bank",
    "/notices/measures",
    "/reviews",
    "/parties",
    "/parties?q=bank",
    "/parties/national-bank",
    "/register/waiting",
    "/register/designations",
    "/register/imports",
    "/register/imports/1",
    "/register/proofs",
    "/register/claims/1",
    "/proof",
    "/subscribers",
    "/subscribers/isp-one",
    "/search?q=wallet",
    "/look-up?what=login-wallet.example",
    "/look-up?what=unknown.example",
    "/look-up?what=192.0.2.7",
    "/look-up?what=192.0.2.0/24",
    "/sign-in",
    "/ledger",
    "/ledger/entries/0",
    "/transparency",
    "/appeal",
    "/appeal?decision=D-1",
    "/appeal/status",
    "/appeals",
];

/// Every key of every `.ftl` file in the source tree.
fn keys() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let rings = ["base", "areas"].into_iter().flat_map(|ring| fs::read_dir(root.join(ring)).unwrap());
    let rooms = rings.map(|room| room.unwrap().path()).chain([root.join("sipar")]);
    let files: Vec<String> = rooms.filter_map(|room| fs::read_to_string(room.join("locales/en.ftl")).ok()).collect();
    let lines = files.iter().flat_map(|text| text.lines());
    let key =
        |line: &str| line.split_once(" =").map(|(key, _)| key.to_owned()).filter(|key| !key.starts_with([' ', '#']));
    lines.filter_map(key).collect()
}

/// The words that a reader sees: everything outside of tags, without scripts and styles.
fn words(page: &str) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    for part in page.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else { continue };
        if !tag.starts_with("script") && !tag.starts_with("style") {
            seen.extend(text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| word.contains('-')));
        }
    }
    seen
}

#[test]
fn every_page_answers_in_both_languages_with_every_text() {
    let home = Home::alone();
    home.ok(&["party", "add", "national-bank", "--title", "National Bank", "--type", "company"]);
    home.ok(&["asset", "add", "national-bank", "bank-wallet.example", "--from", "2024-01-01"]);
    let file = home.write_names("names.json", ["login-wallet.example", "bank-wallet.example", "gov.pk"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    let csv = home.ok(&["held", "--csv"]);
    assert!(csv.contains("left-out,registry-name,\"gov.pk\",phishing,,phish,"), "{csv}");
    assert!(home.ok(&["held", "--state", "left-out"]).contains("gov.pk  because of registry-name"));
    assert_eq!(home.ok(&["held", "--state", "review"]), "");
    home.ok(&["party", "add", "twin", "--title", "Nationa1 Bank"]);
    home.ok(&["party", "contact", "national-bank", "technical", "cert@bank.example"]);
    home.ok(&["asset", "add", "national-bank", "Islamabad 1", "--type", "data-centre"]);
    let assets = home
        .write("assets.csv", "party,asset\nnational-bank,bank.example\nnational-bank,10.0.0.1/8\ntwin,bank.example\n");
    let brought = home.ok(&["party", "import", &assets.to_string_lossy(), "--form", "csv"]);
    assert!(brought.contains("line 3: network `10.0.0.1/8` has bits set beyond its length"), "{brought}");
    home.ok(&["party", "designate", "national-bank", "--grade", "vital", "--sector", "finance", "--reason", "a test"]);
    home.ok(&["subscriber", "add", "isp-one", "--zone", "all", "--zone", "trial"]);
    let server = Server::serve(&home);
    let keys = keys();
    assert!(keys.len() > 100, "only {} keys were found", keys.len());
    let families: BTreeSet<&str> =
        keys.iter().filter_map(|key| key.split_once('-')).map(|(family, _)| family).collect();
    for page in PAGES {
        for (lang, dir) in [("en", "ltr"), ("ur", "rtl")] {
            let path = format!("{page}{}lang={lang}", if page.contains('?') { "&" } else { "?" });
            let answer = server.get(&home, &path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert!(answer.body.contains(&format!("lang=\"{lang}\"")), "{path} is not in its language");
            assert!(answer.body.contains(&format!("dir=\"{dir}\"")), "{path} does not run {dir}");
            for word in words(&answer.body) {
                let unknown = families.contains(word.split('-').next().unwrap_or_default());
                assert!(!keys.contains(word) && !unknown, "{path} shows the key `{word}` instead of its text");
            }
        }
    }
}

#[test]
fn what_is_for_some_is_refused_to_others() {
    let home = Home::alone();
    let server = Server::serve(&home);
    let portal = server.address("portal");
    let check = |path: &str, key: &str, expect: &[u16]| {
        let status = server::get(portal, path, key).status;
        assert!(expect.contains(&status), "{path}: {status}");
    };
    check("/", "", &[200]);
    check("/decisions", "", &[200]);
    check("/api/v1/shield/decisions", "", &[200]);
    for hidden in [
        "/findings",
        "/exposures",
        "/api/v1/exposures",
        "/notices",
        "/api/v1/notices",
        "/api/v1/notices/events",
        "/subscribers",
        "/parties",
        "/register/waiting",
        "/api/v1/registry/parties",
        "/api/v1/registry/owner?what=bank.example",
        "/api/v1/findings",
        "/held",
        "/feeds",
        "/api/v1/shield/held",
        "/api/v1/intel/feeds",
    ] {
        check(hidden, "", &[401, 403, 303]);
    }
    check("/decisions", "not-a-key", &[401]);
    check("/no-such-page", "", &[404]);
    check("/subscribers/nobody", &server::operator_key(&home), &[404]);
    check("/look-up?what=%00", "", &[400]);
    check("/decisions/0", "", &[404]);
    check("/decisions/x", "", &[400, 404]);
    check("/healthz", "", &[200]);
    let key = server::operator_key(&home);
    for nonsense in ["/held?state=nonsense", "/held?reason=nonsense", "/api/v1/shield/held?state=nonsense"] {
        check(nonsense, &key, &[400]);
    }
    check("/api/v1/shield/held/feeds", &key, &[200]);
}

/// Issue 3: a form that is refused says so in the reader's language, and to programs in English.
#[test]
fn what_is_refused_is_said_in_the_readers_language() {
    let home = Home::alone();
    let server = Server::serve(&home);
    let (portal, key) = (server.address("portal"), server::operator_key(&home));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let send = |accept: &str, what: &str, days: &str| {
        let request = agent.post(format!("http://{portal}/decisions")).header("x-api-key", &key);
        let request = request.header("accept", accept).header("cookie", "lang=ur");
        let reason = ("reason", "reported by a bank");
        let form = [("what", what), ("action", "block"), ("category", "phishing"), ("days", days), reason];
        let mut response = request.send_form(form).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    };
    let check = |what: &str, days: &str, status: u16, urdu: &str, english: &str| {
        let (is, page) = send("text/html", what, days);
        assert!(is == status && page.contains(urdu) && !page.contains(english), "{what} {days}: {is} {page}");
        let (is, problem) = send("application/json", what, days);
        assert!(is == status && problem.contains(english), "{what} {days}: {is} {problem}");
    };
    check("word", "30", 400, "اکیلا لفظ ہے", "is a single word");
    check("a.example", "0", 422, "کوئی فیصلہ ہمیشہ کے لیے نہیں ہوتا", "nothing is decided for ever");
    check("a.example", "soon", 422, "خانہ ”\u{2068}days\u{2069}“ خالی ہے", "invalid digit");
    check("com.pk", "30", 422, "رجسٹری کے اپنے نام پر کبھی بندش نہیں لگتی", "own name is never blocked");
    check("10.0.0.0/8", "30", 422, "کبھی بندش نہیں لگتی", "never blocked");
}
