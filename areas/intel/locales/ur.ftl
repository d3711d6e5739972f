# خطرات کی معلومات

intel-nav-feeds = فیڈز
intel-nav-warning = انتباہی فہرستیں
intel-now = اس وقت

intel-feeds = فیڈز
intel-feeds-lead = خطرات کی معلومات کہاں سے آتی ہیں، ہر ذریعہ کس حال میں ہے، اور صرف وہ کیا لاتا ہے۔
intel-feeds-caption = فیڈز، نام کی ترتیب سے
intel-feed = ذریعہ
intel-health = حالت
intel-health-good = ٹھیک
intel-health-new = ابھی نہیں لیا گیا
intel-health-held = روکا گیا
intel-health-failing = { $n ->
    [one] ایک بار ناکام
   *[other] لگاتار { $n } بار ناکام
}
intel-applied = آخری بار لاگو
intel-never-applied = کبھی نہیں
intel-next = اگلی بار
intel-next-at = اگلی بار
intel-things = نامزد چیزیں
intel-met = فہرست میں ہوتے ہوئے ملک میں سامنے آئے، { $days } دن
intel-met-hits = کتنی بار سامنے آئے، { $days } دن
intel-alone = جنھیں کوئی اور نامزد نہیں کرتا
intel-no-feeds = ابھی کوئی ذریعہ نہیں
intel-no-feeds-next = نیچے سے ایک تیار ذریعہ شامل کریں، یا کمانڈ لائن پر: sipar feed add
intel-overlap = فیڈز میں کیا مشترک ہے
intel-overlap-caption = ہر قطار کے ذریعے کا وہ حصہ جو کالم کے ذریعے میں بھی ہے، شمار: { $when }

intel-held-title = { $feed } ایک فرد کے فیصلے تک روکا گیا ہے
intel-held-look = دیکھیں
intel-held-next = اس میں سے کچھ لاگو نہیں ہوا؛ آخری درست حالت برقرار ہے۔ درست ہو تو لاگو کریں، ورنہ رد کریں۔
intel-held-refused = وہ سطریں جو رد ہوئیں
intel-held-apply = لاگو کریں
intel-held-discard = رد کریں

intel-add-title = ذریعہ شامل کریں
intel-add-format = تیار ذریعہ یا طرزِ تحریر
intel-add-origin = پتا
intel-add-origin-hint = ناشر کے اپنے پتے کے لیے خالی چھوڑیں۔ یہ https://‎ سے شروع ہوتا ہے۔
intel-add-slug = مختصر نام
intel-add-slug-hint = تیار نام کے لیے خالی چھوڑیں۔ چھوٹے انگریزی حروف، ہندسے اور ہائفن۔
intel-add = شامل کریں

intel-edit = یہ ذریعہ بدلیں
intel-edit-title = عنوان
intel-edit-origin-hint = موجودہ پتا رکھنے کے لیے خالی چھوڑیں۔ یہ https://‎ سے شروع ہوتا ہے۔
intel-edit-family-hint = جو فیڈز ایک دوسرے کی نقل کرتی ہیں ان کا خاندان ایک ہے، اور وہ ایک بار گنی جاتی ہیں۔
intel-edit-trust = اعتبار، فی صد
intel-edit-every = دو بار لینے کے درمیان منٹ
intel-edit-save = محفوظ کریں
intel-remove = یہ ذریعہ ہٹائیں
intel-remove-about = جو کچھ اس نے کہا تھا واپس لیا جاتا ہے۔ جو اس کے کہنے پر بند ہوا وہ اپنی مدت تک، یا کسی کے کالعدم کرنے تک، بند رہتا ہے۔
intel-remove-reason = وجہ
intel-remove-reason-hint = اس کا مواد اب کیوں معتبر نہیں؛ 10 سے 1,000 حروف میں۔

intel-last-error = پچھلی کوشش ناکام ہوئی
intel-pull-now = ابھی لیں
intel-origin = کہاں سے آتا ہے
intel-every = کب لیا جاتا ہے
intel-every-minutes = { $n ->
    [one] ہر منٹ
   *[other] ہر { $n } منٹ بعد
}
intel-family = خاندان
intel-allowed = خود بتاتا ہے کہ کیا بند نہ ہو
intel-allowed-entries = { $n } اندراجات
intel-ca-file = سرٹیفکیٹ ان کے
intel-trust = اعتماد
intel-publisher = ناشر
intel-licence = اجازت نامہ
intel-course = ہر بار لی گئی سطریں
intel-course-about = آخری بار { $n } سطریں آئیں۔
intel-rows = سطریں
intel-quality = معیار
intel-runs = اندراج کی تاریخ، تازہ ترین پہلے
intel-started = آغاز
intel-outcome = نتیجہ
intel-outcome-running = جاری
intel-outcome-applied = لاگو
intel-outcome-held = روکا گیا
intel-outcome-failed = ناکام
intel-outcome-interrupted = ادھورا
intel-accepted = لی گئیں
intel-refused = رد
intel-fresh = نئی
intel-changed = بدلیں
intel-withdrawn = واپس لی گئیں
intel-no-runs = ابھی تک نہیں لیا گیا
intel-no-runs-next = اس کی باری ہے؛ شروع ہوتے ہی یہاں دکھائی دے گا۔

intel-refused-lines = رد شدہ سطریں
intel-refused-caption = { $n } سطریں رد ہوئیں، جن میں سے { $kept } یہاں محفوظ ہیں
intel-line = سطر
intel-reason = وجہ
intel-excerpt = سطر کا آغاز
intel-none-refused = کوئی سطر رد نہیں ہوئی
intel-none-refused-next = اس بار ہر سطر پڑھی جا سکی۔

intel-warning-lists = انتباہی فہرستیں
intel-warning-lead = کن چیزوں کو بند نہیں کیا جا سکتا، یا کسی فرد کے بغیر نہیں، ذرائع چاہے جو کہیں۔
intel-warning-caption = { $n } اندراجات، تیاری: { $when }
intel-warning-list = فہرست
intel-warning-does = کیا کرتی ہے
intel-warning-why = کیوں
intel-warning-entries = اندراجات
intel-warning-version = نسخہ
intel-warning-hits = انتباہی فہرستیں جن میں یہ آتا ہے
intel-warning-what = انتباہی فہرستیں کیا کرتی ہیں
intel-no-warning = ابھی کوئی انتباہی فہرست تیار نہیں
intel-no-warning-next = ہماری اپنی فہرستیں آغاز کے ایک منٹ میں بنتی ہیں۔ MISP کی فہرستیں بطور ذریعہ شامل کریں۔

intel-score = درجہ
intel-score-unit = سو میں سے
intel-score-curve = وقت کے ساتھ درجہ، 30 دن پہلے سے 90 دن بعد تک
intel-score-threshold = قابلِ عمل
intel-score-falls = اگر مزید کچھ نظر نہ آیا تو { $score } کا درجہ { $day } کو حد سے نیچے آ جائے گا۔
intel-score-below = { $score } حد سے نیچے ہے: عمل کے لیے بہت پرانا یا غیر یقینی۔
intel-assertions = ذرائع کیا کہتے ہیں
intel-assertions-caption = ہر ذریعے اور قسم کی ایک سطر
intel-source = ذریعہ
intel-category = قسم
intel-confidence = یقین
intel-first-seen = پہلی بار
intel-last-seen = آخری بار
intel-tlp = اشتراک کی حد
intel-reference = حوالہ
intel-taken-back = واپس لیا گیا

intel-feeds-well = درست فیڈز
intel-feeds-held = روکی گئی فیڈز
intel-things-named = نامزد چیزیں
intel-unit-feeds = فیڈز
intel-unit-things = چیزیں، ہر ذریعے میں ایک بار شمار
intel-of-feeds = کل { $n } فیڈز میں سے
intel-alone-share = { $share } صرف ایک ذریعے سے
fault-feed-failing = فیڈ ”{ $subject }“ حاصل نہیں ہو رہی
fault-feed-failing-mend = خرابی کی وجہ پڑھیں، دیکھیں کہ اس کا سرور اور پتہ درست ہیں، پھر فیڈ کے صفحے پر تبدیلی کریں یا `sipar feed pull { $subject }` سے دوبارہ حاصل کریں۔ تب تک اس کی آخری معلومات استعمال میں رہتی ہیں۔
fault-feed-held = فیڈ ”{ $subject }“ کسی فرد کے فیصلے کی منتظر ہے
fault-feed-held-mend = فیڈ کا صفحہ دیکھیں: اگر تبدیلی درست ہے تو وہاں لاگو کریں، ورنہ رد کریں۔ تب تک اس کی آخری معلومات استعمال میں رہتی ہیں۔
intel-as-they-come = جیسے جیسے آتی ہیں

# جو رد کیا جاتا ہے
intel-refused-no-format = فیڈ کی قسم ”{ $name }“ موجود نہیں؛ یہ موجود ہیں: { $known }
intel-refused-no-feed = فیڈ ”{ $name }“ موجود نہیں؛ `sipar feed list` موجودہ فیڈز دکھاتا ہے
intel-refused-exists = فیڈ ”{ $name }“ پہلے سے موجود ہے؛ اسے کوئی اور نام دیں
intel-refused-busy = فیڈ ”{ $name }“ ابھی حاصل کی جا رہی ہے؛ ایک منٹ بعد دوبارہ دیکھیں
intel-refused-not-held = فیڈ ”{ $name }“ کا کچھ روکا ہوا نہیں
intel-refused-address = ”{ $url }“ کسی فیڈ کا پتہ نہیں؛ راستہ دیں، یا ایسا یو آر ایل جو `https://‎` یا `http://‎` سے شروع ہو
intel-refused-fetch = فیڈ ”{ $name }“ حاصل نہیں ہو سکی: { $why }
intel-refused-parse = فیڈ ”{ $name }“ پڑھی نہیں جا سکی: { $why }
intel-refused-name = ”{ $name }“ کسی فیڈ کا نام نہیں ہو سکتا؛ `a-z`، `0-9` اور `-` میں سے 1 سے 64 لکھیں
intel-refused-reports-address = رپورٹیں خود آتی ہیں؛ ان کا کوئی پتہ نہیں ہوتا
intel-refused-reports = رپورٹیں خود آتی ہیں؛ حاصل کرنے کو کچھ نہیں
intel-refused-trust = اعتماد 0 سے 100 تک، اور وقفہ 1 منٹ سے 31 دن تک ہوتا ہے
intel-refused-long = عنوان، خاندان اور پتے میں زیادہ سے زیادہ { $max } حروف ہو سکتے ہیں
intel-refused-reason = { $min } سے { $max } حروف کی وجہ لکھیں؛ وہ بتائے گی کہ یہ ڈیٹا اب کیوں معتبر نہیں
intel-refused-number = ”{ $given }“ یہاں پورا عدد نہیں
intel-refused-admin-private = نجی نیٹ ورک پر فیڈ کی اجازت صرف منتظم دے سکتا ہے
intel-refused-admin-move = جس فیڈ کو نجی نیٹ ورک کی اجازت ہے اس کا پتہ صرف منتظم بدل سکتا ہے
intel-refused-admin-authority = فیڈ کا سرور کس کے سرٹیفکیٹ دکھا سکتا ہے، یہ صرف منتظم طے کرتا ہے
intel-refused-admin-add = نجی نیٹ ورک کی، یا اپنی تصدیقی اتھارٹی والی فیڈ صرف منتظم شامل کر سکتا ہے
intel-refused-path = سرور پر کوئی راستہ صرف اس کی کمانڈ لائن سے شامل کیا جا سکتا ہے
intel-refused-path-next = ایسا پتہ دیں جو https://‎ سے شروع ہو، یا `sipar feed add` استعمال کریں
