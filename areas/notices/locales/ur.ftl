notices-nav = اطلاعات
notices-title = اطلاعات
notices-lead = مالکوں کو ان کی چیزوں کے بارے میں کیا بتایا گیا، ہر سنگینی اور وقت کے لیے ایک بار، جب تک کوئی نہ کہے کہ انہیں معلوم ہے۔ جس اطلاع کو کوئی تسلیم نہ کرے اس کی ایک بار یاد دہانی ہوتی ہے، پھر اوپر والے ادارے کو بتایا جاتا ہے۔
notices-tabs = کھلی یا ختم
notices-open = کھلی
notices-over = ختم
notices-party = فریق
notices-party-hint = رجسٹر میں درج مختصر نام، تاکہ صرف ایک فریق کی اطلاعات دکھائی جائیں۔
notices-find = دکھائیں
notices-open-caption = کھلی، سنگین ترین پہلے
notices-over-caption = ختم شدہ، تازہ ترین پہلے
notices-number = نمبر
notices-severity = سنگینی
notices-things = اس میں چیزیں
notices-state = حالت
notices-made = بنی
notices-next = اگلا قدم
notices-none = کوئی نہیں ہے۔
notices-none-next = اطلاعات خطرے کی زد میں اثاثوں سے بنتی ہیں: جو فیڈ درج کرتے ہیں اور کسی کی ملکیت ہے۔ بتانے کے لیے فریق کا رابطہ رجسٹر میں ہونا ضروری ہے۔
notices-all = تمام اطلاعات جو کسی نے تسلیم نہیں کیں
notices-open-now = { $n ->
    [one] ایک اطلاع تسلیم نہیں ہوئی
   *[other] { $n } اطلاعات تسلیم نہیں ہوئیں
}
notices-send = ابھی بھیجیں
notices-send-about = مالکوں کو وہ سب بتاتا ہے جو منتظر ہے، گھڑیاں اور رابطوں کے اوقات کچھ بھی ہوں۔
notices-send-now = جو منتظر ہے وہ بھیجیں
notices-state-made = بھیجی جانی ہے
notices-state-sent = بھیج دی گئی
notices-state-reminded = یاد دہانی ہو گئی
notices-state-escalated = اوپر بتا دیا گیا
notices-state-acknowledged = تسلیم شدہ
notices-state-settled = کچھ باقی نہیں
notices-sent = ان کے میل سرور نے لے لی
notices-unreachable = وہاں کوئی نہ ملا
notices-reminded = یاد دہانی
notices-escalated = اوپر والے کو بتایا گیا
notices-escalated-to = وہ کون ہے
notices-acknowledged = تسلیم کی گئی
notices-acknowledged-by = کس نے
notices-error = آخری ناکامی
notices-acknowledge = انہیں معلوم ہے
notices-acknowledge-about = اگر وہاں سے کسی نے آپ کو بتایا ہے، مثلاً فون پر، کہ انہیں معلوم ہے تو یہاں کہہ دیں: نہ یاد دہانی جائے گی، نہ اوپر کسی کو بتایا جائے گا۔
notices-in-it = اس میں کیا ہے
notices-in-it-caption = چیزیں، جیسی وہ اس وقت ہیں
notices-csv = سب کچھ بطور CSV
notices-what = کیا خرابی ہے
notices-first-seen = پہلی بار دیکھا گیا
notices-last-seen = آخری بار دیکھا گیا
notices-gone = اب کوئی ذریعہ ایسا نہیں کہتا
notices-thing-open = کھلا
notices-thing-notified = مالک کو بتا دیا گیا
notices-thing-acknowledged = مالک نے تسلیم کیا
notices-thing-being-fixed = درست کیا جا رہا ہے
notices-thing-fix-claimed = درست ہونے کا دعویٰ
notices-thing-fixed = درست اور تصدیق شدہ
notices-thing-accepted = قبول شدہ
notices-thing-false-positive = غلط اطلاع
notices-measures = مالکوں کو بتانے کا نتیجہ
notices-measures-lead = چیزیں، خطوط نہیں: مالکوں کو کیا بتانا تھا اور اس کا کیا ہوا۔ اس مہینے کے حساب سے جس میں اطلاع بنی، بارہ مہینوں کے لیے۔
notices-measures-caption = مہینے اور سنگینی کے حساب سے؛ اوقات وسطانیے ہیں، گھنٹوں میں
notices-measures-none = پچھلے بارہ مہینوں میں کسی مالک کو کچھ بتانا نہ تھا۔
notices-month = مہینہ
notices-measure-things = بتانے کی چیزیں
notices-measure-delivered = پہنچیں
notices-measure-acknowledged = تسلیم ہوئیں
notices-measure-fixed = درست اور تصدیق شدہ
notices-measure-reappeared = دوبارہ آئیں
notices-measure-to-deliver = پہنچنے کے گھنٹے
notices-measure-to-acknowledge = تسلیم کے گھنٹے
notices-measure-to-fix = درستی کے گھنٹے
notices-door = آپ کے ادارے کے لیے اطلاع
notices-door-about = اطلاع N-{ $number } { $n ->
    [one] ایک چیز
   *[other] { $n } چیزوں
} کے بارے میں ہے جس کا مالک یا ذمہ دار آپ کا ادارہ ہے۔ سنگینی:
notices-door-ask = خط میں لکھا ہے کہ کیا خرابی ہے اور کیا کرنا ہے۔ اس سے آپ کہتے ہیں کہ آپ نے اسے پڑھ لیا؛ یہ نہیں کہ کچھ درست ہو گیا۔
notices-door-know = ہمیں معلوم ہے
notices-door-known = بتایا جا چکا ہے کہ آپ کو معلوم ہے
notices-door-next = شکریہ۔ اس اطلاع کی یاد دہانی کسی کو نہیں ہو گی۔ ہر چیز اس وقت تک کھلی رہتی ہے جب تک درست نہ ہو اور کوئی ذریعہ اسے نہ دیکھے۔
notices-door-settled = اس اطلاع کے بارے میں کچھ کرنا باقی نہیں۔

# Letters. `reader` is who gets it, `party` whose things they are.
notices-letter-first-subject = { $party } کے لیے انتباہ ({ $severity }): { $n ->
    [one] ایک چیز
   *[other] { $n } چیزیں
}
notices-letter-first = TLP:{ $tlp }۔ بنام { $reader }۔
    
    { $organisation } آپ کو { $party } کی { $n ->
        [one] ایک چیز
       *[other] { $n } چیزوں
    } میں خرابی کی اطلاع دیتا ہے۔ سنگینی: { $severity }۔ اطلاع N-{ $number }، { $made }۔
    
    نیچے لکھا ہے کہ کس چیز میں کیا خرابی ہے اور کیا کرنا ہے۔ منسلک فائلوں میں یہی پروگراموں کے لیے ہے۔
notices-letter-reminder-subject = یاد دہانی: { $party } کے لیے انتباہ ({ $severity })
notices-letter-reminder = TLP:{ $tlp }۔ بنام { $reader }۔
    
    اطلاع N-{ $number }، { $made } ({ $severity }) ابھی تک کسی نے تسلیم نہیں کی۔ اس میں { $party } کی { $all } چیزیں تھیں؛ ہم نے دوبارہ دیکھا، اور ان میں سے { $n ->
        [one] ایک
       *[other] { $n }
    } اب بھی نظر آتی ہیں اور جواب طلب ہیں۔ اگر کسی نے تسلیم نہ کیا تو { $organisation } آپ سے اوپر والے کو بتائے گا۔
notices-letter-escalation-subject = { $party } انتباہ ({ $severity }) کا جواب نہیں دیتا
notices-letter-escalation = TLP:{ $tlp }۔ بنام { $reader }۔
    
    { $party } آپ کے ماتحت یا آپ کے شعبے میں ہے اور اس نے نہ اطلاع N-{ $number }، { $made } ({ $severity }) تسلیم کی نہ یاد دہانی۔ ان کی { $n ->
        [one] ایک چیز
       *[other] { $n } چیزیں
    } اب بھی نظر آتی ہیں اور جواب طلب ہیں۔ { $organisation } کی درخواست ہے کہ آپ ان سے رابطہ کریں۔
notices-letter-unreachable-subject = انتباہ ({ $severity }) کے لیے { $party } سے رابطہ نہیں ہو سکتا
notices-letter-unreachable = TLP:{ $tlp }۔ بنام { $reader }۔
    
    { $party } آپ کے ماتحت یا آپ کے شعبے میں ہے اور رجسٹر میں ان کا کوئی رابطہ نہیں جو خط لیتا ہو۔ اطلاع N-{ $number }، { $made } ({ $severity }) ان کی { $n ->
        [one] ایک چیز
       *[other] { $n } چیزوں
    } کے بارے میں ہے۔ { $organisation } کی درخواست ہے کہ آپ ان سے رابطہ کریں اور ہمیں ان کا رابطہ بتائیں۔
notices-letter-unseen = { $unseen ->
    [one] ایک اور چیز
   *[other] { $unseen } اور چیزیں
} اب کسی ذریعے کو نظر نہیں آتیں۔ اس سے یہ ثابت نہیں ہوتا کہ درست ہو گئیں؛ ان کی یاد دہانی نہیں ہوتی۔
notices-letter-answer = یہ کہنے کے لیے کہ آپ کو معلوم ہے، یہ پتہ کھولیں اور تصدیق کریں۔ صرف کھولنے سے کچھ نہیں بدلتا، اور یاد دہانی روکنے کے لیے اور کچھ نہیں چاہیے:
notices-letter-more = اور { $n } مزید، منسلک فائلوں میں۔
notices-letter-end = یہ خط { $organisation } کے ایک پروگرام نے لکھا ہے؛ اس کے جواب کوئی نہیں پڑھتا۔ سوالات: { $contact }

fault-notice-unreachable = { $subject } کا کوئی رابطہ خط نہیں لیتا
fault-notice-unreachable-mend = رجسٹر میں اس فریق کا ایسا رابطہ درج کریں جس کا پتہ ڈاک لیتا ہو؛ اوپر والے کو، اگر کوئی ہے، بتا دیا گیا ہے۔
fault-notice-address-failing = { $subject } کا ایک پتہ خط لینے سے انکار کرتا ہے
fault-notice-address-failing-mend = اس فریق سے درست پتہ پوچھیں اور رجسٹر میں رابطہ درست کریں۔ اس پتے کو ایک ہفتے بعد دوبارہ آزمایا جاتا ہے۔
fault-notice-unsent = اطلاع { $subject } نہیں جا رہی
fault-notice-unsent-mend = دیکھیں کہ میل سرور نے کیا کہا، اور `sipar mail test` چلائیں۔ خط بڑھتے وقفوں سے دوبارہ آزمایا جاتا ہے۔
fault-notice-no-mail = مالک اطلاع کے منتظر ہیں اور کوئی میل سرور مقرر نہیں
fault-notice-no-mail-mend = ترتیبات میں [mail] کے تحت `server` اور `from` مقرر کریں، اور `sipar mail test ADDRESS` سے آزمائیں۔
fault-notice-webhook-failing = { $subject } کا پروگرام اطلاعات نہیں لیتا
fault-notice-webhook-failing-mend = اس فریق کو بتائیں؛ تین دن سے پرانی اطلاع چھوڑ دی جاتی ہے، مگر اطلاعات خطوط، پورٹل اور فیڈ میں موجود رہتی ہیں۔ `sipar notice webhook set` سے دوسرا پتہ مقرر کریں یا اسے ہٹا دیں۔

# What is refused. Programs read these too: lower case, no full stop.
notices-refused-none = کوئی اطلاع { $number } نہیں ہے
notices-refused-state = `state` open یا over ہے، `{ $given }` نہیں
notices-refused-party = `{ $given }` کسی فریق کا مختصر نام نہیں؛ `sipar party list` موجود نام دکھاتا ہے
notices-refused-over = { $number } ختم ہو چکی: کسی نے تسلیم کر لی، یا اس میں کچھ باقی نہیں
notices-refused-code = یہ پتہ کسی کو نہیں دیا گیا؛ خط میں لکھا پورا پتہ کھولیں
notices-refused-knocks = آپ کے نیٹ ورک سے بہت سے غلط پتے آئے؛ ایک گھنٹے بعد دوبارہ کوشش کریں
notices-refused-url = یہ کسی پروگرام کا پتہ نہیں؛ ایسے لکھیں `https://soc.example.org/sipar`، زیادہ سے زیادہ 1,000 حروف
notices-refused-url-scheme = پروگرام کو صرف `https` پر بتایا جاتا ہے
notices-refused-url-more = صارف، پاس ورڈ اور fragment نکال دیں؛ ترسیلات پر الگ راز سے دستخط ہوتے ہیں
notices-refused-full = { $max } پروگرام مقرر ہیں، اس سے زیادہ نہیں لیے جاتے؛ پہلے ایک ہٹائیں
notices-refused-no-channel = `{ $given }` کے لیے کوئی نہیں ہے
