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
web-search = تلاش
web-search-label = نام، پتہ، یو آر ایل، ہیش یا فیصلہ تلاش کریں
web-search-hint = نام، پتہ، یو آر ایل، ہیش یا فیصلہ نمبر
web-sign-in = داخل ہوں
web-sign-out = باہر نکلیں
web-role-public = عوام
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

web-proof-title = لیجر کا ثبوت
web-proof-entry = عوامی لیجر کا اندراج { $index }، { $size } اندراجات کے درخت میں ثابت شدہ
web-proof-origin = لیجر
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
web-date-time = { $date }، { $time }
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
