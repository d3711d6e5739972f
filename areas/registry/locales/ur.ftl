# رجسٹر کے الفاظ

registry-nav = ادارے
registry-nav-waiting = منتظر دعوے
registry-parties = ادارے
registry-lead = کون شامل ہے اور اس کی ملکیت کیا ہے، تاکہ مالک کو خبردار کیا جا سکے۔
registry-caption = ادارے، نام کی ترتیب سے
registry-party = ادارہ
registry-short-name = مختصر نام
registry-find = تلاش کریں
registry-new = نیا ادارہ
registry-enter = درج کریں
registry-save = محفوظ کریں
registry-change = اس ادارے کی تفصیل بدلیں
registry-parent = کس کے تحت
registry-no-parent = کسی کے نہیں
registry-below = اس کے تحت
registry-entered = اندراج
registry-act = آپ کیا کر سکتے ہیں
registry-remove = ہٹائیں
registry-more = مزید
registry-tier = سطح
registry-tier-national = قومی
registry-tier-sector = شعبہ
registry-tier-organisation = ادارہ
registry-type = قسم
registry-type-government = سرکاری
registry-type-regulator = نگران ادارہ
registry-type-cert = ہنگامی ٹیم (سرٹ)
registry-type-provider = نیٹ ورک آپریٹر
registry-type-company = کمپنی
registry-type-academia = جامعہ یا تحقیق
registry-type-law-enforcement = قانون نافذ کرنے والا ادارہ
registry-type-laboratory = تجربہ گاہ یا آڈیٹر
registry-type-other = دیگر
registry-sector = شعبہ
registry-state = حالت
registry-state-held = فیصلے کا منتظر
registry-state-active = نافذ
registry-state-refused = مسترد
registry-held = یہ نام کسی اور ادارے کے نام سے ملتا جلتا ہے
registry-held-next = جب تک کوئی اسے دیکھ نہ لے، اس کے دعوے شمار نہیں ہوں گے۔
registry-assets = اس کی ملکیت
registry-assets-count = اثاثے
registry-assets-caption = اس کی ملکیت، اندراج کی ترتیب سے
registry-asset = اثاثہ
registry-asset-type = نوعیت
registry-asset-domain = نام
registry-asset-address = پتہ
registry-asset-prefix = نیٹ ورک
registry-asset-url = یو آر ایل
registry-asset-asn = خود مختار نظام (ASN)
registry-asset-service = سروس
registry-asset-system = نظام
registry-asset-product = سافٹ ویئر یا آلہ
registry-asset-data-centre = ڈیٹا سینٹر
registry-as-it-looks = جیسا نظر آئے
registry-label = کیا کہلاتا ہے
registry-from = کب سے
registry-until = کب تک
registry-goes-on = جاری ہے
registry-end = ابھی ختم کریں
registry-claim = ملکیت درج کریں
registry-holds = { $n ->
    [one] اس میں { $n } چیز ہے
   *[other] اس میں { $n } چیزیں ہیں
}
registry-no-assets = ابھی کچھ درج نہیں
registry-no-assets-next = اس کے نام اور نیٹ ورک درج کریں تاکہ اسے ان کے بارے میں خبردار کیا جا سکے۔
registry-export = سب کچھ CSV میں
registry-contacts = رابطے
registry-contacts-caption = کس سے رابطہ ہو، اور کس لیے
registry-contact = رابطہ
registry-contact-put = رابطہ درج کریں
registry-purpose = کس لیے
registry-purpose-technical = انتباہ اور واقعات
registry-purpose-management = سلامتی کا ذمہ دار
registry-purpose-legal = احکامات، قانون اور رازداری
registry-phone = ٹیلی فون
registry-language = زبان
registry-language-en = انگریزی
registry-language-ur = اردو
registry-hours = اوقات
registry-holidays = تعطیلات
registry-no-contact = کسی کو خبردار نہیں کیا جا سکتا
registry-no-contact-next = کسی عہدے یا ڈیسک کا ای میل پتہ درج کریں، کسی شخص کا نہیں۔
registry-keys = خطوط کی کلیدیں
registry-keys-caption = وہ کلیدیں جن سے اس کے نام خطوط خفیہ کیے جا سکتے ہیں
registry-key-add = کلید درج کریں
registry-key-type = نوعیت
registry-key-smime = سرٹیفکیٹ (S/MIME)
registry-key-openpgp = اوپن پی جی پی
registry-fingerprint = فنگر پرنٹ
registry-no-key = ابھی کوئی کلید نہیں
registry-no-key-next = اس کے بغیر خطوط ویسے ہی جاتے ہیں جیسے میل سرور انہیں پہنچائیں۔
registry-none = یہاں کوئی ادارہ نہیں
registry-none-next = نیچے ایک درج کریں، فائل درآمد کریں، یا کوئی اور نام تلاش کریں۔
registry-owner = مالک
registry-belongs = کی ملکیت:

registry-field-q = نام یا مختصر نام
registry-field-id = مختصر نام
registry-field-id-hint = چھوٹے لاطینی حروف، ہندسے اور ہائفن؛ یہ کبھی نہیں بدلتا۔
registry-field-title = انگریزی نام
registry-field-title_ur = اردو نام
registry-field-tier = سطح
registry-field-type = قسم
registry-field-sector = شعبہ
registry-field-sector-hint = ایک لفظ، جیسے energy یا finance۔
registry-field-parent = کس کے تحت
registry-field-parent-hint = اوپر والے ادارے کا مختصر نام۔
registry-field-asset = اثاثہ
registry-field-asset-hint = نام، پتہ، نیٹ ورک، یو آر ایل، خود مختار نظام، سروس جیسے tcp://www.example.org:443، یا CPE 2.3 اور package URL کی شکل میں سافٹ ویئر۔ نظام اور ڈیٹا سینٹر اپنے نام سے، نوعیت کے ساتھ۔
registry-field-kind = نوعیت
registry-field-label = وہاں کیا کہلاتا ہے
registry-field-from = کب سے ملکیت
registry-field-from-hint = خالی: ابھی سے۔
registry-field-until = کب تک ملکیت
registry-field-until-hint = خالی: جاری ہے۔
registry-field-purpose = کس لیے
registry-field-mail = ای میل پتہ
registry-field-mail-hint = کسی عہدے یا ڈیسک کا، کسی شخص کا نہیں۔
registry-field-name = عہدے یا ڈیسک کا نام
registry-field-phone = ٹیلی فون
registry-field-language = زبان
registry-field-hours = اوقات
registry-field-hours-hint = خالی: ہمیشہ۔ یا دن اور گھنٹے، جیسے mon-fri 09:00-17:00۔
registry-field-holidays = تعطیلات
registry-field-holidays-hint = دن جیسے 2026-12-25، درمیان میں فاصلہ۔
registry-field-key = عوامی کلید
registry-field-key-hint = PEM میں سرٹیفکیٹ، یا اوپن پی جی پی کی عوامی کلید۔ نجی کلید کبھی نہیں۔

registry-waiting = فیصلے کے منتظر
registry-waiting-lead = ملتے جلتے نام، اور کسی اور کی ملکیت پر دعوے۔ یہ تب شمار ہوتے ہیں جب درج کرنے والے کے سوا کوئی اور متفق ہو۔
registry-waiting-count = { $n ->
    [one] { $n } معاملہ فیصلے کا منتظر ہے
   *[other] { $n } معاملے فیصلے کے منتظر ہیں
}
registry-waiting-open = منتظر معاملے دیکھیں
registry-waiting-none = کچھ منتظر نہیں
registry-waiting-none-next = ملتے جلتے نام اور ٹکرانے والے دعوے یہاں خود آ جاتے ہیں۔
registry-matter = معاملہ { $number }
registry-matter-look-alike = نام کسی اور ادارے کے نام سے ملتا جلتا ہے۔
registry-matter-same-thing = دو ادارے ایک ہی وقت میں ایک ہی چیز پر دعویٰ کرتے ہیں۔
registry-matter-covers = دعوے میں کسی اور ادارے کی چیز بھی آتی ہے۔
registry-waits = منتظر
registry-touches = کس سے متعلق
registry-its-name = اس کا نام
registry-since = کب سے
registry-by = کس نے
registry-own = یہ آپ نے خود درج کیا تھا
registry-own-next = فیصلہ کسی اور کلید والے شخص کو کرنا ہے۔
registry-reason = کیوں
registry-agree-look-alike = یہ دو الگ ادارے ہیں: شامل کریں
registry-agree-same-thing = اب یہ اس کا ہے: دوسرا دعویٰ ختم
registry-agree-covers = دونوں درست ہیں: شمار کریں
registry-refuse = مسترد کریں
registry-decided = حالیہ فیصلے
registry-decided-caption = تازہ ترین فیصلے، لیجر میں ان کی جگہ کے ساتھ
registry-number = نمبر
registry-why = کیوں منتظر تھا
registry-outcome = نتیجہ
registry-outcome-agreed = منظور
registry-outcome-refused = مسترد
registry-when = کب

registry-refused = رجسٹر نے یہ نہیں لیا: { $why }

registry-sector-government = حکومت
registry-sector-energy = توانائی
registry-sector-finance = مالیات
registry-sector-telecom = ٹیلی مواصلات
registry-sector-health = صحت
registry-sector-transport = نقل و حمل
registry-sector-water = پانی
registry-sector-education = تعلیم
registry-sector-defence = دفاع
registry-sector-media = میڈیا
registry-sector-industry = صنعت
registry-sector-food = خوراک
registry-sector-justice = انصاف
registry-sector-emergency = ہنگامی خدمات
registry-sector-space = خلا
registry-sector-research = تحقیق

registry-not-taken = یہ نہیں لیا گیا
registry-not-taken-next = جو لکھا ہے اسے دیکھیں اور دوبارہ بھیجیں۔

registry-nav-imports = درآمدات
registry-imports = درآمدات
registry-imports-lead = فائلیں جو بتاتی ہیں کہ کس کی ملکیت کیا ہے۔ پہلے دکھایا جاتا ہے کہ فائل کیا لائے گی؛ جب تک کوئی لاگو نہ کرے کچھ نہیں بدلتا۔
registry-imports-caption = تازہ ترین درآمدات
registry-import-new = فائل لائیں
registry-import-how = پوری فائل، کسی بھی شکل کی، کمانڈ یا API سے لائی جاتی ہے؛ پھر یہاں دکھایا جاتا ہے کہ کیا آئے گا۔
registry-field-rows = سرخی کے ساتھ سطریں
registry-field-rows-hint = اسپریڈ شیٹ سے چسپاں کریں یا کوما کے ساتھ لکھیں۔ پہلی سطر کالموں کے نام بتاتی ہے: party، title، asset اور دیگر۔
registry-import-look = پہلے دیکھیں
registry-import-pasted = چسپاں سطریں
registry-import-file = فائل
registry-import-form = شکل
registry-import-added = نئے
registry-import-changed = بدلے ہوئے
registry-import-same = جوں کے توں
registry-import-waiting = فیصلے کے منتظر
registry-import-refused = مسترد
registry-import-none = ابھی کوئی فائل نہیں لائی گئی
registry-import-none-next = جدول، اسپریڈ شیٹ، رجسٹری کے اعداد و شمار، یا سرٹیفکیٹس کے نام لائیں۔
registry-import-title = درآمد { $number }
registry-import-previewed = دیکھی گئی، لاگو نہیں
registry-import-previewed-next = فائل ابھی یہ لائے گی۔ لاگو کریں، یا رد کریں۔
registry-import-applied = لاگو
registry-import-discarded = رد
registry-import-apply = لاگو کریں
registry-import-discard = رد کریں
registry-import-this-file = یہ فائل
registry-import-of-lines = { $n ->
    [one] { $n } درست سطر میں سے
   *[other] { $n } درست سطروں میں سے
}
registry-import-of-all = { $n ->
    [one] { $n } سطر میں سے
   *[other] { $n } سطروں میں سے
}
registry-unit-parties = ادارے
registry-unit-claims = دعوے
registry-unit-contacts = رابطے
registry-unit-entries = اندراجات
registry-unit-lines = سطریں
registry-import-collisions = کیا ٹکراتا ہے
registry-import-collisions-caption = وہ دعوے جو فیصلے کے منتظر ہوں گے
registry-import-line = سطر
registry-import-refused-lines = مسترد سطریں
registry-import-refused-caption = { $n ->
    [one] { $n } سطر مسترد ہوئی، وجہ کے ساتھ
   *[other] { $n } سطریں مسترد ہوئیں، ہر ایک وجہ کے ساتھ
}
registry-import-reason = وجہ
registry-import-text = وہاں کیا لکھا تھا
registry-form-csv = جدول (CSV)
registry-form-xlsx = اسپریڈ شیٹ (XLSX)
registry-form-delegated = رجسٹری کے اعداد و شمار
registry-form-asn-table = خود مختار نظاموں کا جدول
registry-form-certificates = سرٹیفکیٹس کے نام

registry-nav-designations = اہم ڈھانچہ
registry-designations = اہم معلوماتی ڈھانچہ
registry-designations-lead = وہ ادارے جن کی ناکامی سے ملک کو نقصان ہو۔ ہر نامزدگی ایک فیصلہ ہے، لیجر میں نام کے بغیر درج ہوتی ہے، اور ہر سال دوبارہ دیکھی جاتی ہے۔
registry-designations-caption = نامزدگیاں، جنہیں پہلے دیکھنا ہے وہ پہلے
registry-designations-none = کچھ نامزد نہیں
registry-designations-none-next = رجسٹر کے کسی ادارے کو درجے، شعبے اور وجہ کے ساتھ نامزد کریں۔
registry-designate = نامزد کریں
registry-grade = درجہ
registry-grade-vital = انتہائی اہم: گھنٹوں میں ملک کو نقصان
registry-grade-high = اہم: دنوں میں شعبے کو نقصان
registry-grade-supporting = معاون: دوسرے اس پر منحصر ہیں
registry-review = دوبارہ دیکھیں
registry-review-by = کب تک دیکھنا ہے
registry-review-overdue = تاخیر
registry-review-designated = نامزد
registry-review-confirmed = توثیق
registry-review-ended = ختم
registry-ended = ختم
registry-decisions = فیصلے
registry-steps = { $n ->
    [one] { $n } فیصلہ
   *[other] { $n } فیصلے
}
registry-confirm = ایک سال مزید
registry-end-designation = ختم کریں
registry-field-grade = درجہ
registry-field-reason = کیوں
registry-field-party = ادارہ، مختصر نام سے

fault-register-waiting = دعوے یا نام بہت دیر سے فیصلے کے منتظر ہیں
fault-register-waiting-mend = رجسٹر میں منتظر معاملے کھولیں اور فیصلہ کریں، پرانے پہلے؛ تب تک مالک کو خبردار نہیں کیا جا سکتا۔
fault-register-full = رجسٹر میں اتنا کچھ منتظر ہے کہ مزید نہیں لیا جا سکتا
fault-register-full-mend = منتظر معاملوں کا فیصلہ کریں؛ اگر یہ ایک ہی درآمد سے آئے تو پہلے وہ فائل دیکھیں۔
fault-designation-overdue = اہم ڈھانچے کی نامزدگی ایک سال میں دوبارہ نہیں دیکھی گئی
fault-designation-overdue-mend = اہم ڈھانچے کا صفحہ کھولیں اور ہر تاخیر والی نامزدگی کی وجہ کے ساتھ توثیق کریں یا اسے ختم کریں۔
