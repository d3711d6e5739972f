# پورٹل کے اپنے الفاظ۔

web-name = سپر
web-skip = سیدھے متن پر جائیں
web-nav = مرکزی فہرست
web-crumbs = یہاں تک کا راستہ
web-group-overview = جائزہ
web-group-threats = خطرات کا ڈیٹا
web-group-decisions = فیصلے
web-group-enforcement = نفاذ
web-group-warning = پیشگی انتباہ
web-group-public = عوام کے لیے
web-group-people = افراد
web-search = تلاش
web-search-label = نام، پتہ، یو آر ایل، ہیش یا فیصلہ تلاش کریں
web-search-hint = نام، پتہ، یو آر ایل، ہیش یا فیصلہ نمبر
web-sign-in = داخل ہوں
web-sign-out = باہر نکلیں
web-role-public = عوام
web-role-member = رکن
web-role-reader = قاری
web-role-analyst = تجزیہ کار
web-role-admin = منتظم
web-run-by = زیرِ انتظام: { $organisation }
web-contact = سوال یا اعتراض
web-zone = اوقات: { $zone }
web-privacy = سوالات (کوئریز) ریکارڈ نہیں کیے جاتے۔
web-to-start = پہلے صفحے پر جائیں

web-sign-in-key = اے پی آئی کلید
web-sign-in-key-hint = یہ sipar_ سے شروع ہوتی ہے اور بناتے وقت صرف ایک بار دکھائی گئی تھی۔
web-sign-in-key-bad = یہ کلید اس وقت کسی کی نہیں۔ دیکھیں کہ پوری لکھی گئی ہے، یا منتظم سے نئی کلید لیں۔
web-sign-in-no-key = اس پورٹل کا بیشتر حصہ سب کے لیے کھلا ہے۔ کلید اسے چلانے والوں کے لیے ہے: منتظم سے رابطہ کریں۔
web-sign-in-key-card = اے پی آئی کلید سے
web-passkey-card = پاس کی سے
web-passkey-sign-in = پاس کی سے داخل ہوں
web-passkey-refused = براؤزر نے کوئی پاس کی نہیں دی: عمل منسوخ ہوا، زیادہ دیر لگی، یا اس آلے پر اس پورٹل کی کوئی پاس کی نہیں۔ دوبارہ کوشش کریں یا دوسرا آلہ استعمال کریں۔
web-passkey-missing = اس براؤزر میں پاس کی نہیں ہے۔ نیا براؤزر استعمال کریں یا کلید سے داخل ہوں۔
web-passkey-script = پاس کی کو داخلے کے لمحے JavaScript چاہیے: اس پورٹل کے لیے اس کی اجازت دیں، یا API کلید سے داخل ہوں۔ باقی سب اس کے بغیر چلتا ہے۔
web-passkey-elsewhere = پاس کی صرف ایک پتے پر کام کرتی ہے۔ وہاں داخل ہوں:
web-passkey-nowhere = یہاں ابھی پاس کی استعمال نہیں ہو سکتی: سرور چلانے والا portal.public_url میں اس پورٹل کا HTTPS پتا لکھے۔
web-confirm = تصدیق کریں کہ یہ آپ ہیں
web-confirm-lead = اس کے لیے تازہ ثبوت چاہیے، کہیں آپ کی میز پر کوئی اور نہ بیٹھا ہو۔ یہ پانچ منٹ تک کافی ہے۔
web-confirm-card = اپنی پاس کی سے
web-confirm-button = تصدیق کریں اور آگے بڑھیں
web-confirm-key = آپ کلید یا لنک سے داخل ہوئے تھے، جو صرف داخلے کے وقت ثبوت ہے۔ باہر نکلیں، دوبارہ داخل ہوں، اور پانچ منٹ کے اندر یہ کام کریں۔
web-confirm-refused = اس کے لیے تازہ ثبوت چاہیے کہ آپ کون ہیں، اور دائروں والی کلید ایسا ثبوت نہیں
web-confirm-refused-next = شخص اسے پورٹل میں اپنی پاس کی سے کرتا ہے؛ ڈیٹا فولڈر کا مالک کمانڈ لائن پر “sipar” سے
web-provider-card = آپ کے ادارے کے اپنے سائن آن سے
web-sign-in-provider = { $provider } سے داخل ہوں
web-sign-in-link = یہ لنک آپ کو ایک بار داخل کرتا ہے۔
web-sign-in-link-bad = یہ لنک استعمال ہو چکا ہے یا اس کی مدت ختم ہو گئی ہے
web-sign-in-link-next = نیا لنک مانگیں۔ سرور چلانے والا اسے کمانڈ لائن پر بناتا ہے۔

web-category-malware = مضر سافٹ ویئر
web-category-c2 = کمانڈ اینڈ کنٹرول
web-category-phishing = فشنگ
web-category-fraud = دھوکہ دہی
web-severity-low = کم
web-severity-medium = درمیانی
web-severity-high = زیادہ
web-severity-critical = انتہائی
web-action-block = بندش
web-action-allow = اجازت
web-warning-inform = برائے اطلاع
web-warning-lower = اسکور کم کرتی ہے
web-warning-review = انسانی منظوری لازم
web-warning-never = کبھی بند نہیں ہوتا
web-verdict-blocked = بند ہے
web-verdict-allowed = اجازت ہے
web-verdict-unlisted = فہرست میں نہیں

web-share = { $whole } میں سے { $part }
web-field-error = غلطی:
web-field-optional = (اختیاری)
web-progress = اب تک { $done } { $unit }
web-progress-of = { $total } میں سے { $done } { $unit }
web-pager = صفحات
web-pager-back = پچھلا
web-pager-on = اگلا
web-pager-range = { $first } تا { $last }، کل { $total }
web-copy = نقل کریں
web-copied = نقل ہو گیا

web-proof-title = کھاتے کا ثبوت
web-proof-entry = عوامی کھاتے کا اندراج { $index }، { $size } اندراجات کے درخت میں ثابت شدہ
web-proof-origin = کھاتہ
web-proof-leaf = پتے کا ہیش
web-proof-root = جڑ کا ہیش
web-proof-path = { $n ->
    [one] پتے سے جڑ تک ایک ہیش ہے
   *[other] پتے سے جڑ تک { $n } ہیش ہیں
}
web-proof-checkpoint = دستخط شدہ چیک پوائنٹ
web-proof-check = ہمارے بغیر خود جانچیں:
web-proof-file = ثبوت بطور فائل

web-chart-table = اعداد جدول کی شکل میں
web-chart-time = وقت
web-chart-none = ابھی دکھانے کو کچھ نہیں
web-chart-every = ہر { $n } میں سے ایک سطر دکھائی گئی ہے۔

web-just-now = ابھی ابھی
web-in-moments = چند لمحوں میں
web-ago-minutes = { $n ->
    [one] 1 منٹ پہلے
   *[other] { $n } منٹ پہلے
}
web-ago-hours = { $n ->
    [one] 1 گھنٹہ پہلے
   *[other] { $n } گھنٹے پہلے
}
web-ago-days = { $n ->
    [one] 1 دن پہلے
   *[other] { $n } دن پہلے
}
web-in-minutes = { $n ->
    [one] 1 منٹ میں
   *[other] { $n } منٹ میں
}
web-in-hours = { $n ->
    [one] 1 گھنٹے میں
   *[other] { $n } گھنٹوں میں
}
web-in-days = { $n ->
    [one] 1 دن میں
   *[other] { $n } دن میں
}
web-date-time = {"\u200F"}{ $date }، { $time }
web-month-1 = جنوری
web-month-2 = فروری
web-month-3 = مارچ
web-month-4 = اپریل
web-month-5 = مئی
web-month-6 = جون
web-month-7 = جولائی
web-month-8 = اگست
web-month-9 = ستمبر
web-month-10 = اکتوبر
web-month-11 = نومبر
web-month-12 = دسمبر
web-month-short-1 = جنوری
web-month-short-2 = فروری
web-month-short-3 = مارچ
web-month-short-4 = اپریل
web-month-short-5 = مئی
web-month-short-6 = جون
web-month-short-7 = جولائی
web-month-short-8 = اگست
web-month-short-9 = ستمبر
web-month-short-10 = اکتوبر
web-month-short-11 = نومبر
web-month-short-12 = دسمبر

web-error-400 = درخواست سمجھ میں نہیں آئی
web-error-400-next = واپس جائیں، اندراج دیکھیں اور دوبارہ بھیجیں۔
web-error-401 = پہلے داخل ہوں
web-error-401-next = یہ صفحہ پورٹل چلانے والوں کے لیے ہے۔ اپنی کلید سے داخل ہو کر دوبارہ کھولیں۔
web-error-403 = آپ کو اس کی اجازت نہیں
web-error-403-next = اگر آپ کے کام کو اس کی ضرورت ہے تو منتظم سے مناسب کردار کی کلید لیں۔
web-error-404 = اس پتے پر کچھ نہیں
web-error-404-next = پتہ جانچیں، یا اوپر تلاش کریں۔
web-error-405 = یہ پتہ اس طرح کام نہیں کرتا
web-error-405-next = اسے پورٹل کے اپنے صفحات سے کھولیں۔
web-error-408 = درخواست پہنچنے میں بہت دیر ہوئی
web-error-408-next = اپنا رابطہ دیکھیں اور دوبارہ بھیجیں۔
web-error-409 = کوئی اور پہل کر گیا
web-error-409-next = صفحہ دوبارہ کھولیں، تبدیلی دیکھیں اور نئے سرے سے فیصلہ کریں۔
web-error-410 = یہ اب یہاں نہیں
web-error-410-next = اوپر تلاش کریں۔
web-error-413 = یہ بہت بڑا ہے
web-error-413-next = ایک بار میں کم بھیجیں۔
web-error-415 = اس قسم کا مواد یہاں نہیں پڑھا جاتا
web-error-415-next = اسے پورٹل کے اپنے فارم سے بھیجیں۔
web-error-422 = اس میں کوئی بات درست نہیں
web-error-422-next = واپس جائیں، درست کریں اور دوبارہ بھیجیں۔
web-error-429 = بہت زیادہ درخواستیں
web-error-429-next = ایک منٹ ٹھہر کر دوبارہ کوشش کریں۔
web-error-500 = ہماری طرف کچھ خراب ہوا
web-error-500-next = اس کا اندراج ہو گیا ہے۔ دوبارہ کوشش کریں؛ پھر ہو تو منتظم کو بتائیں کہ آپ نے کیا کیا اور کب۔
web-error-503 = یہ اس وقت کام نہیں کر رہا
web-error-503-next = بندش اور انتباہ کا کام جاری ہے۔ چند منٹ بعد دوبارہ کوشش کریں۔
web-error-504 = جواب میں بہت دیر ہوئی
web-error-504-next = ایک منٹ بعد دوبارہ کوشش کریں، یا ایک بار میں کم مانگیں۔
web-error-507 = ڈسک بھر گئی ہے
web-error-507-next = اس میں سے کچھ محفوظ نہیں ہوا۔ جو پہلے محفوظ تھا وہ سلامت ہے اور بندش کا کام جاری ہے۔ ڈیٹا فولڈر کی ڈسک پر جگہ خالی کریں، پھر دوبارہ کوشش کریں۔
web-error-4xx = درخواست رد کر دی گئی
web-error-4xx-next = واپس جائیں، جانچیں اور دوبارہ کوشش کریں۔
web-error-5xx = سرور جواب نہ دے سکا
web-error-5xx-next = چند منٹ بعد دوبارہ کوشش کریں۔

# جو رد کیا گیا
web-no-chance = نظام سے بے ترتیب بائٹ نہیں ملے؛ دوبارہ کوشش کریں
web-elsewhere = درخواست اس پورٹل سے نہیں آئی
web-elsewhere-next = فارم پورٹل کے اپنے صفحے سے بھیجیں؛ پروگرام API کی کلید (`Authorization: Bearer sipar_...`) یا پورٹل کا اپنا `Origin` بھیجے
web-policy = جس پالیسی نے روکا:
web-needs-role = اس کے لیے کردار ”{ $least }“ درکار ہے؛ آپ کا کردار ”{ $role }“ ہے
web-and-next = ؛{" "}
web-field-bad = خانہ ”{ $field }“ خالی ہے، یا اس میں جو لکھا ہے وہ درست نہیں

web-wrong-nothing = تلاش کے لیے کچھ نہیں دیا گیا؛ کوئی نام، پتہ، نیٹ ورک، یو آر ایل، ہیش یا ای میل پتہ دیں
web-wrong-single-label = ”{ $given }“ اکیلا لفظ ہے؛ نقطے والا نام، پتہ، یو آر ایل، ہیش یا ای میل پتہ دیں
web-wrong-no-scheme = ”{ $given }“ میں راستہ ہے مگر شروع میں اسکیم نہیں؛ آگے `http://‎` یا `https://‎` لکھیں، یا راستہ ہٹا دیں
web-wrong-name-empty = نام خالی ہے
web-wrong-name-long = نام ”{ $name }“ 253 حروف سے لمبا ہے (RFC 1035 §2.3.4)
web-wrong-name-label-long = نام ”{ $name }“ کا ایک حصہ 63 حروف سے لمبا ہے (RFC 1035 §2.3.4)
web-wrong-name-label-empty = نام ”{ $name }“ کا ایک حصہ خالی ہے؛ حصوں کے بیچ ایک نقطہ لکھیں اور شروع میں کوئی نہیں
web-wrong-name-character = نام ”{ $name }“ میں علامت ”{ $character }“ ہے؛ صرف حروف، ہندسے، ہائفن، انڈرسکور اور نقطے لکھیں
web-wrong-name-idna = نام ”{ $name }“ درست بین الاقوامی نام نہیں (UTS 46)
web-wrong-name-number = نام ”{ $name }“ عدد پر ختم ہوتا ہے، اس لیے پروگرام اسے پتہ سمجھتے ہیں؛ اسے پتے کے طور پر، چار اعشاری اعداد میں لکھیں
web-wrong-address-empty = پتہ خالی ہے
web-wrong-address-odd = پتہ ”{ $given }“ IPv4 کی ایسی شکل میں ہے جسے پروگرام مختلف طرح پڑھتے ہیں؛ چار اعشاری اعداد لکھیں، جیسے `192.0.2.1`
web-wrong-address-zone = پتہ ”{ $given }“ میں زون ہے، جس کا مطلب صرف ایک مشین پر ہوتا ہے؛ `%` اور اس کے بعد کا حصہ ہٹا دیں
web-wrong-address-not = ”{ $given }“ آئی پی پتہ نہیں
web-wrong-address-length = نیٹ ورک ”{ $given }“ میں ترچھی لکیر کے بعد 0 سے { $max } تک سادہ عدد چاہیے
web-wrong-address-bits = نیٹ ورک ”{ $given }“ میں اس کی لمبائی سے آگے کے بٹ لگے ہیں؛ نیٹ ورک کے لیے ”{ $network }“ یا اکیلے پتے کے لیے ”{ $single }“ لکھیں
web-wrong-asn = ”{ $given }“ خود مختار نظام کا نمبر نہیں؛ `AS` اور 4294967295 تک کا عدد لکھیں
web-wrong-url = یو آر ایل ”{ $given }“ درست نہیں
web-wrong-url-long = یو آر ایل ”{ $given }“ 8192 بائٹ سے لمبا ہے
web-wrong-url-scheme = یو آر ایل ”{ $given }“ نہ `http://‎` سے شروع ہوتا ہے، نہ `https://‎` سے، نہ `ftp://‎` سے
web-wrong-url-control = یو آر ایل ”{ $given }“ میں ایک کنٹرول حرف ہے
web-wrong-url-no-host = یو آر ایل ”{ $given }“ میں میزبان کا نام نہیں
web-wrong-url-host-name = یو آر ایل ”{ $given }“ کے میزبان کا نام درست نہیں
web-wrong-url-host-address = یو آر ایل ”{ $given }“ کے میزبان کا پتہ درست نہیں
web-wrong-url-port = یو آر ایل ”{ $given }“ کا پورٹ 65535 تک کا عدد نہیں
web-wrong-hash-length = ہیش ”{ $given }“ میں { $digits } حروف ہیں؛ MD5 میں 32، SHA-1 میں 40 اور SHA-256 میں 64 ہیکساڈیسیمل ہندسے ہوتے ہیں
web-wrong-hash-hex = ہیش ”{ $given }“ میں ایک حرف ہیکساڈیسیمل ہندسہ نہیں
web-wrong-mail-at = ”{ $given }“ میں `@` نہیں؛ `name@domain` لکھیں، یا ڈومین کے سب بھیجنے والوں کے لیے `‎@domain`
web-wrong-mail-quoted = ای میل پتے ”{ $given }“ کا پہلا حصہ واوین میں ہے، جس کی کئی شکلوں کا ایک ہی مطلب ہوتا ہے؛ اسے ہٹا دیں یا ڈومین لکھیں
web-wrong-mail-long = ای میل پتہ ”{ $given }“ بہت لمبا ہے: `@` سے پہلے 64 اور کل 254 بائٹ (RFC 5321 §4.5.3.1)
web-wrong-mail-local = ای میل پتے ”{ $given }“ کے پہلے حصے میں صرف حروف، ہندسے، اکیلے نقطے اور یہ علامتیں ہو سکتی ہیں: !#$%&'*+-/=?^_`{"{"}|{"}"}~ (RFC 5321 §4.1.2)
web-wrong-mail-literal = ای میل پتے ”{ $given }“ میں سرور کا پتہ لکھا ہے؛ خود وہی پتہ درج کریں
web-wrong-mail-domain = ای میل پتے ”{ $given }“ کا ڈومین درست نہیں
