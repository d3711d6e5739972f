exposure-nav = خطرے کی زد
exposure-title = خطرے کی زد میں اثاثے
exposure-lead = ذرائع کے مطابق فریقوں کے اثاثوں میں کیا خرابی ہے۔ ذرائع سے غائب ہونا درست ہونا نہیں: معاملہ تب ختم ہوتا ہے جب مالک اسے درست کر دے اور وہ خاموش رہے، یا ایک تاریخ تک اسے قبول کرے، یا دکھائے کہ ایسا کبھی تھا ہی نہیں۔
exposure-tabs = کھلے یا ختم
exposure-open = کھلے
exposure-over = ختم
exposure-unit = معاملے
exposure-now = اس وقت
exposure-of-all = کل { $n } میں سے
exposure-party = فریق
exposure-party-hint = رجسٹر میں درج مختصر نام، تاکہ صرف ایک فریق کے معاملے دکھائے جائیں۔
exposure-find = دکھائیں
exposure-open-caption = کھلے، سنگین ترین پہلے
exposure-over-caption = ختم شدہ، سنگین ترین پہلے
exposure-panel-caption = اس میں کیا خرابی ہے یا تھی
exposure-number = نمبر
exposure-severity = سنگینی
exposure-what = کیا خرابی ہے
exposure-state = حالت
exposure-first-seen = پہلی بار دیکھا گیا
exposure-last-seen = آخری بار دیکھا گیا
exposure-none = کوئی نہیں ہے۔
exposure-none-next = فیڈ جو کچھ درج کرتے ہیں اسے رجسٹر میں درج ملکیت سے ملایا جاتا ہے۔ فریقوں کو خبردار کرنے کے لیے انہیں اور ان کے اثاثوں کو رجسٹر کریں۔
exposure-all = تمام معاملے اور ان کا حل
exposure-open-now = { $n ->
    [one] ایک فریق کی ایک چیز خطرے کی زد میں ہے
   *[other] فریقوں کی { $n } چیزیں خطرے کی زد میں ہیں
}
exposure-fix = کیا کرنا ہے
exposure-retest = درست ہونے کے دعوے کے بعد دوبارہ جانچ ہوتی ہے: یہ تب درست مانا جاتا ہے جب { $n ->
    [one] ایک دن
   *[other] { $n } دن
} تک کوئی ذریعہ اسے نہ دیکھے۔
exposure-do = کارروائی کریں
exposure-sources = کس نے دیکھا
exposure-sources-caption = ذرائع، تازہ ترین پہلے
exposure-source = ذرائع کا خاندان
exposure-history = اس کا کیا ہوا
exposure-evidence = کتنا یقینی
exposure-evidence-certain = یقینی: کئی ذرائع جو ایک دوسرے کی نقل نہیں کرتے
exposure-evidence-likely = غالب: ایک ہی خاندان کے ذرائع
exposure-evidence-banner-only = سروس خود اپنے بارے میں ایسا کہتی ہے
exposure-subject = کس چیز میں
exposure-asset = جس اثاثے میں شامل ہے
exposure-times = کتنی بار آیا
exposure-tlp = TLP
exposure-gone = ذرائع سے غائب
exposure-gone-next = اس سے یہ ثابت نہیں ہوتا کہ درست ہو گیا
exposure-until = قبول کی آخری تاریخ
exposure-days = دن
exposure-days-hint = کتنے دن کے لیے قبول ہے، زیادہ سے زیادہ 366۔
exposure-quiet-until = اس وقت تک خاموش رہنا ضروری ہے
exposure-reason = وجہ
exposure-reason-hint = زیادہ سے زیادہ { $n } حروف۔ یہ تاریخ میں محفوظ رہے گی۔
exposure-state-open = کھلا
exposure-state-notified = مالک کو بتا دیا گیا
exposure-state-acknowledged = مالک نے تسلیم کیا
exposure-state-being-fixed = درست کیا جا رہا ہے
exposure-state-fix-claimed = درست ہونے کا دعویٰ، دوبارہ جانچ باقی
exposure-state-fixed = درست اور تصدیق شدہ
exposure-state-accepted = قبول کیا گیا
exposure-state-false-positive = غلط نشاندہی
exposure-act-acknowledge = تسلیم کریں
exposure-act-work = اس پر کام شروع کریں
exposure-act-claim-fix = درست ہو گیا: دوبارہ جانچیں
exposure-act-accept = اتنے دن کے لیے قبول کریں
exposure-act-dismiss = ایسا کبھی نہیں تھا
exposure-act-reopen = دوبارہ کھولیں
exposure-by-sources = ذرائع کی اطلاع سے
exposure-by-quiet = خاموش رہنے سے
exposure-by-end-of-acceptance = قبولیت کی مدت ختم ہوئی

# What is refused. Programs read these too: lower case, no full stop.
exposure-refused-state = `state` کی قیمت open یا over ہے، `{ $given }` نہیں
exposure-refused-party = `{ $given }` کسی فریق کا مختصر نام نہیں؛ `sipar party list` سے موجود نام دیکھیں
exposure-refused-none = { $number } نام کا کوئی معاملہ نہیں
exposure-refused-act = `{ $given }` کوئی کارروائی نہیں؛ acknowledge، work، claim-fix، accept، dismiss یا reopen استعمال کریں
exposure-refused-reason = وجہ بتائیں
exposure-refused-reason-long = وجہ زیادہ سے زیادہ 1,000 حروف کا متن ہے، بغیر کنٹرول حروف کے
exposure-refused-days = قبولیت 1 سے 366 دن تک کی ہو سکتی ہے
exposure-refused-step = یہ ابھی نہیں ہو سکتا: موجودہ حالت { $state } ہے
