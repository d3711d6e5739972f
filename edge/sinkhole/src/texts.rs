//! Every text of the page, in English and in Urdu. A missing one does not compile.

use sipar_model::Category;

/// The languages of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Urdu.
    Urdu,
}

impl Language {
    /// The one that a browser would rather read (RFC 9110 §12.5.4); English when it says nothing of either.
    pub(crate) fn preferred(accept_language: &str) -> Self {
        let weight = |wanted: &str| {
            accept_language
                .split(',')
                .filter_map(|range| {
                    let mut parts = range.split(';').map(str::trim);
                    let tag = parts.next()?;
                    let primary = tag.split('-').next()?;
                    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
                    primary.eq_ignore_ascii_case(wanted).then_some(quality?)
                })
                .fold(0.0_f32, f32::max)
        };
        if weight("ur") > weight("en") { Self::Urdu } else { Self::English }
    }

    pub(crate) const fn both(self) -> [Self; 2] {
        match self {
            Self::English => [Self::English, Self::Urdu],
            Self::Urdu => [Self::Urdu, Self::English],
        }
    }

    /// Tag (RFC 5646) and direction of writing.
    pub(crate) const fn tag(self) -> (&'static str, &'static str) {
        match self {
            Self::English => ("en", "ltr"),
            Self::Urdu => ("ur", "rtl"),
        }
    }

    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Urdu => &URDU,
        }
    }
}

/// The texts in one language.
pub(crate) struct Texts {
    pub(crate) blocked: &'static str,
    pub(crate) blocked_lead: &'static str,
    pub(crate) not_blocked: &'static str,
    pub(crate) not_blocked_lead: &'static str,
    pub(crate) own: &'static str,
    pub(crate) own_lead: &'static str,
    pub(crate) not_ready: &'static str,
    pub(crate) not_ready_lead: &'static str,
    pub(crate) site: &'static str,
    pub(crate) listed: &'static str,
    pub(crate) category: &'static str,
    pub(crate) category_withheld: &'static str,
    pub(crate) since: &'static str,
    pub(crate) reported: &'static str,
    pub(crate) until: &'static str,
    pub(crate) by: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) look_up: &'static str,
    pub(crate) mistake: &'static str,
    pub(crate) mistake_lead: &'static str,
    pub(crate) appeal_lead: &'static str,
    pub(crate) appeal: &'static str,
    pub(crate) write: &'static str,
    pub(crate) infected: &'static str,
    pub(crate) infected_steps: [&'static str; 5],
    pub(crate) privacy: &'static str,
    categories: [&'static str; 4],
}

impl Texts {
    /// What a category means, in a few words.
    pub(crate) const fn of(&self, category: Category) -> &'static str {
        match category {
            Category::Malware => self.categories[0],
            Category::C2 => self.categories[1],
            Category::Phishing => self.categories[2],
            Category::Fraud => self.categories[3],
        }
    }
}

const ENGLISH: Texts = Texts {
    blocked: "This site is blocked for your safety",
    blocked_lead: "The site that you, or a program on your device, tried to open is reported to do harm. It was not opened, and nothing was sent to it.",
    not_blocked: "This site is not blocked",
    not_blocked_lead: "Its name is not on the list now. Either the block has just ended, and your device still remembers it for some minutes, or the site led to an address that is blocked. Close the browser and try again in ten minutes.",
    own: "This is the page for blocked sites",
    own_lead: "You see details here when a site that you try to open is blocked because it is reported to do harm.",
    not_ready: "The list of blocked sites is being loaded",
    not_ready_lead: "Details cannot be shown yet. Please try again in a minute.",
    site: "Site",
    listed: "Blocked name",
    category: "Reason",
    category_withheld: "not public; ask with the reference",
    since: "Blocked since",
    reported: "First reported",
    until: "The block ends at the latest",
    by: "Blocked by",
    reference: "Reference",
    look_up: "See the public record of this decision",
    mistake: "I think this is a mistake",
    mistake_lead: "Write to us and give the reference above. You need no account. A person looks at the block and answers with reasons.",
    appeal_lead: "Say why, in your own words. You need no account, and nobody asks who you are. You get a code with which you see how your appeal stands. A person looks at the block and answers with reasons.",
    appeal: "Appeal this block",
    write: "Write about this block",
    infected: "My device may be infected",
    infected_steps: [
        "If you typed nothing and opened nothing yourself, a program on your device may have tried to reach this site.",
        "Close the browser. Do not enter passwords, card numbers or codes until you have finished these steps.",
        "Install all updates of the device and of its programs, then run a full scan with your virus scanner.",
        "Remove programs and browser extensions that you do not know.",
        "If you entered a password here or shortly before, change it on another device. If it was for a bank, call the bank.",
    ],
    privacy: "This page keeps no record of you: it only counts how often a block is met.",
    categories: [
        "malware: software that harms your device",
        "command and control: infected devices get their orders here",
        "phishing: it steals passwords or money by pretending to be somebody else",
        "fraud: it cheats people out of money",
    ],
};

const URDU: Texts = Texts {
    blocked: "یہ ویب سائٹ آپ کی حفاظت کے لیے بند ہے",
    blocked_lead: "جو ویب سائٹ آپ نے یا آپ کے آلے کے کسی پروگرام نے کھولنی چاہی اس کے نقصان دہ ہونے کی اطلاع ہے۔ اسے کھولا نہیں گیا اور اسے کچھ نہیں بھیجا گیا۔",
    not_blocked: "یہ ویب سائٹ بند نہیں ہے",
    not_blocked_lead: "اس کا نام اس وقت فہرست میں نہیں ہے۔ یا تو بندش ابھی ختم ہوئی ہے اور آپ کا آلہ اسے چند منٹ یاد رکھے گا، یا یہ ویب سائٹ کسی بند پتے پر لے جاتی تھی۔ براؤزر بند کریں اور دس منٹ بعد دوبارہ کوشش کریں۔",
    own: "یہ بند ویب سائٹوں کا صفحہ ہے",
    own_lead: "جب کوئی نقصان دہ ویب سائٹ آپ کے لیے بند کی جائے تو اس کی تفصیل یہاں نظر آتی ہے۔",
    not_ready: "بند ویب سائٹوں کی فہرست لوڈ ہو رہی ہے",
    not_ready_lead: "تفصیل ابھی نہیں دکھائی جا سکتی۔ براہ کرم ایک منٹ بعد دوبارہ کوشش کریں۔",
    site: "ویب سائٹ",
    listed: "بند کیا گیا نام",
    category: "وجہ",
    category_withheld: "عوامی نہیں؛ حوالہ نمبر دے کر پوچھیں",
    since: "اس تاریخ سے بند",
    reported: "پہلی اطلاع",
    until: "بندش زیادہ سے زیادہ اس وقت تک",
    by: "بند کرنے والا ادارہ",
    reference: "حوالہ نمبر",
    look_up: "اس فیصلے کا عوامی ریکارڈ دیکھیں",
    mistake: "میرے خیال میں یہ غلطی ہے",
    mistake_lead: "ہمیں لکھیں اور اوپر دیا گیا حوالہ نمبر بتائیں۔ اکاؤنٹ کی ضرورت نہیں۔ ایک اہلکار بندش کو دیکھے گا اور وجوہات کے ساتھ جواب دے گا۔",
    appeal_lead: "اپنے الفاظ میں وجہ بتائیں۔ نہ اکاؤنٹ کی ضرورت ہے، نہ کوئی پوچھے گا کہ آپ کون ہیں۔ آپ کو ایک کوڈ ملے گا جس سے آپ اپنی اپیل کا حال دیکھ سکیں گے۔ ایک اہلکار بندش کو دیکھے گا اور وجوہات کے ساتھ جواب دے گا۔",
    appeal: "اس بندش کے خلاف اپیل کریں",
    write: "اس بندش کے بارے میں لکھیں",
    infected: "میرا آلہ متاثر ہو سکتا ہے",
    infected_steps: [
        "اگر آپ نے خود کچھ نہیں لکھا اور نہ کھولا تو ممکن ہے آپ کے آلے کے کسی پروگرام نے اس ویب سائٹ تک پہنچنے کی کوشش کی ہو۔",
        "براؤزر بند کریں۔ یہ اقدامات مکمل ہونے تک پاس ورڈ، کارڈ نمبر یا کوڈ درج نہ کریں۔",
        "آلے اور اس کے پروگراموں کی تمام اپ ڈیٹس لگائیں، پھر اینٹی وائرس سے مکمل جانچ کریں۔",
        "جن پروگراموں اور براؤزر ایکسٹینشنز کو آپ نہیں جانتے انہیں ہٹا دیں۔",
        "اگر آپ نے یہاں یا کچھ دیر پہلے پاس ورڈ درج کیا تھا تو اسے کسی دوسرے آلے سے تبدیل کریں۔ اگر وہ بینک کا تھا تو بینک کو فون کریں۔",
    ],
    privacy: "یہ صفحہ آپ کا کوئی ریکارڈ نہیں رکھتا: صرف یہ گنا جاتا ہے کہ کوئی بندش کتنی بار سامنے آئی۔",
    categories: [
        "مضر سافٹ ویئر: آپ کے آلے کو نقصان پہنچانے والا پروگرام",
        "کمانڈ اینڈ کنٹرول: متاثرہ آلے یہاں سے حکم لیتے ہیں",
        "فشنگ: کسی اور کا روپ دھار کر پاس ورڈ یا پیسے چرانا",
        "دھوکہ دہی: لوگوں سے پیسے ہتھیانا",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_the_browser_would_rather_read() {
        let check = |field: &str, expect| assert_eq!(Language::preferred(field), expect, "{field}");
        check("", Language::English);
        check("de-DE,de;q=0.9", Language::English);
        check("ur-PK,ur;q=0.9,en;q=0.8", Language::Urdu);
        check("en-GB,ur;q=0.5", Language::English);
        check("en;q=0.2, UR;q=0.7", Language::Urdu);
        check("ur;q=nonsense", Language::English);
        check("ur;q=0", Language::English);
    }
}
