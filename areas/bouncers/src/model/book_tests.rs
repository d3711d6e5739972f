//! The book of addresses against the plainest way to keep one.

use super::*;
use proptest::prelude::*;
use sipar_model::{DecisionNumber, Observable, Prefix, Severity, Tlp};
use sipar_snapshot::{ListId, Scope};

const NOW: TimestampMs = TimestampMs(1_800_000_000_000);

fn net(text: &str) -> Net {
    Net::from(Prefix::parse(text).expect(text))
}

fn item(text: &str, decision: u32, expires_s: u32) -> Item {
    Item { net: net(text), category: Category::Malware, score: 80, decision, expires_s }
}

fn block(text: &str) -> (Net, Says) {
    (net(text), Says { block: Some(item(text, 1, 2_000_000_000)), allow_s: None })
}

fn all(book: &Book) -> Vec<String> {
    let (mut last, mut found) = (None, Vec::new());
    // One at a time, so that each step starts anew.
    while let Some(reached) = book.walk(last, 1, NOW, |item| found.push(item.net.to_string())) {
        last = Some(reached);
    }
    found
}

#[test]
fn a_walk_in_steps_of_one_meets_all_once_and_in_order() {
    let book =
        Book::default().with([block("192.0.2.9"), block("192.0.2.0/24"), block("2001:db8::1"), block("10.0.0.1")]);
    assert_eq!(all(&book), ["10.0.0.1", "192.0.2.0/24", "192.0.2.9", "2001:db8::1"]);
    let less = book.with([(net("192.0.2.9"), Says::default()), block("192.0.2.1")]);
    assert_eq!(all(&less), ["10.0.0.1", "192.0.2.0/24", "192.0.2.1", "2001:db8::1"]);
    assert_eq!((book.len(), less.len()), (4, 4));
    assert!(all(&Book::default()).is_empty() && Book::default().is_empty());
}

#[test]
fn what_has_expired_is_told_to_nobody() {
    let gone = (net("192.0.2.1"), Says { block: Some(item("192.0.2.1", 1, 1_800_000_000)), allow_s: None });
    assert!(all(&Book::default().with([gone])).is_empty());
}

#[test]
fn allowances_are_cut_out() {
    let allow = |text: &str, until| (net(text), Says { block: None, allow_s: Some(until) });
    let check = |allowed: &str, until, expect: &[&str]| {
        assert_eq!(all(&Book::default().with([block("192.0.2.0/29"), allow(allowed, until)])), expect, "{allowed}");
    };
    check("192.0.2.5", u32::MAX, &["192.0.2.0/30", "192.0.2.4", "192.0.2.6/31"]);
    check("192.0.2.0/30", u32::MAX, &["192.0.2.4/30"]);
    check("192.0.2.0/29", u32::MAX, &[]);
    check("192.0.2.0/24", u32::MAX, &[]);
    check("192.0.2.8", u32::MAX, &["192.0.2.0/29"]);
    check("192.0.2.5", 1_700_000_000, &["192.0.2.0/29"]);
    let holes = (0..=HOLES_MAX as u32).map(|n| allow(&format!("198.51.100.{}", n * 2), u32::MAX));
    let many = Book::default().with(holes.chain([block("198.51.100.0/24")]));
    assert_eq!(all(&many), Vec::<String>::new(), "too many holes");
}

#[test]
fn a_piece_of_two_blocks_is_told_once() {
    let allow = (net("192.0.2.1"), Says { block: None, allow_s: Some(u32::MAX) });
    let book = Book::default().with([block("192.0.2.0/29"), block("192.0.2.4/30"), block("192.0.2.0/30"), allow]);
    assert_eq!(all(&book), ["192.0.2.0", "192.0.2.2/31", "192.0.2.4/30"]);
}

#[test]
fn what_lies_around_an_address() {
    let book = Book::default().with([block("192.0.2.0/24"), block("192.0.2.9"), block("192.0.0.0/16"), block("::/0")]);
    let around = |text: &str| book.around(&net(text)).map(|item| item.net.to_string()).collect::<Vec<_>>();
    assert_eq!(around("192.0.2.9"), ["192.0.0.0/16", "192.0.2.0/24", "192.0.2.9"]);
    assert_eq!(around("192.0.2.0/23"), ["192.0.0.0/16"]);
    assert_eq!(around("2001:db8::1"), ["::/0"]);
    assert!(book.touched_by(&net("192.0.2.0/30")).is_empty(), "nothing is allowed");
    let allow = (net("198.51.100.1"), Says { block: None, allow_s: Some(u32::MAX) });
    assert_eq!(book.with([allow]).touched_by(&net("192.0.2.0/28")).len(), 3);
}

#[test]
fn shadow_lists_say_nothing_and_the_longest_block_counts() {
    let list = |mode| ListInfo { slug: "l".into(), title: "l".into(), category: Category::C2, mode };
    let entry = |list, action, days: i64| PolicyEntry {
        observable: Observable::guess("192.0.2.1").expect("address"),
        scope: Scope::Exact,
        action,
        category: Category::C2,
        severity: Severity::High,
        tlp: Tlp::Clear,
        list: ListId(list),
        expires: NOW.plus_days(days),
        decision: DecisionNumber(u32::try_from(days).expect("small")),
        score: 7,
        evidence: Vec::new(),
    };
    let lists = [list(Mode::Enforce), list(Mode::Shadow)];
    let says = |entries: &[PolicyEntry]| Says::of(entries, &lists);
    let both = [
        entry(0, Action::Block, 1),
        entry(1, Action::Block, 9),
        entry(0, Action::Block, 3),
        entry(7, Action::Block, 9),
    ];
    assert_eq!(says(&both).block.map(|item| item.decision), Some(3));
    assert_eq!(says(&[entry(1, Action::Allow, 9)]), Says::default());
    assert!(says(&[entry(0, Action::Allow, 9)]).allow_s.is_some());
    let book = Book::new(both.into_iter(), &lists);
    assert_eq!((book.len(), book.get(&net("192.0.2.1")).map(|item| item.decision)), (1, Some(3)));
}

proptest! {
    /// However it came about, the book tells what a plain map of the same networks tells.
    #[test]
    fn changes_and_compaction_change_nothing(steps in prop::collection::vec((0_u8..40, 28_u8..=32, any::<bool>()), 0..80), fold_at in 0_usize..80) {
        let mut plain = BTreeMap::new();
        let mut book = Book::default();
        for (number, (low, length, there)) in steps.iter().enumerate() {
            let address = std::net::IpAddr::from([192, 0, 2, *low]);
            let net = Net::from(Prefix::containing(address, *length).expect("a length"));
            let block = there.then_some(Item { net, category: Category::Fraud, score: 1, decision: number as u32, expires_s: u32::MAX });
            match block {
                Some(block) => plain.insert(net, block),
                None => plain.remove(&net),
            };
            book = book.with([(net, Says { block, allow_s: None })]);
            if number == fold_at {
                book = Book { large: Arc::new(book.raw_after(None).collect()), changes: Arc::default(), ..book };
            }
        }
        prop_assert_eq!(book.len(), plain.len());
        let told: Vec<Item> = book.raw_after(None).collect();
        prop_assert_eq!(told, plain.values().copied().collect::<Vec<_>>());
        for low in 0..40 {
            let one = Net::from(std::net::IpAddr::from([192, 0, 2, low]));
            let around: Vec<Net> = book.around(&one).map(|item| item.net).collect();
            prop_assert_eq!(around, plain.keys().filter(|net| net.contains(&one)).copied().collect::<Vec<_>>());
        }
    }

    /// Whatever is allowed, no piece touches it, and nothing else is lost.
    #[test]
    fn pieces_cover_all_but_the_holes(holes in prop::collection::vec((0_u8..=255, 25_u8..=32), 0..20)) {
        let allowed: Vec<Net> = holes.iter().map(|(low, length)| {
            Net::from(Prefix::containing(std::net::IpAddr::from([192, 0, 2, *low]), *length).expect("a length"))
        }).collect();
        let said = allowed.iter().map(|net| (*net, Says { block: None, allow_s: Some(u32::MAX) }));
        let book = Book::default().with(said.chain([block("192.0.2.0/24")]));
        let pieces = book.pieces(&item("192.0.2.0/24", 1, u32::MAX), NOW);
        for low in 0..=255_u8 {
            let one = Net::from(std::net::IpAddr::from([192, 0, 2, low]));
            let free = allowed.iter().any(|net| net.contains(&one));
            prop_assert_eq!(pieces.iter().filter(|piece| piece.contains(&one)).count(), usize::from(!free));
        }
    }
}
