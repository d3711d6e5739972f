findings-nav = مسائل
findings-title = مسائل
findings-lead = اس وقت کیا خراب ہے اور کیا کرنا چاہیے۔ ہر مسئلہ ہر چند سیکنڈ بعد دوبارہ جانچا جاتا ہے اور درست ہوتے ہی خود ختم ہو جاتا ہے۔
findings-open-caption = اس وقت کھلے مسائل، سب سے سنگین پہلے
findings-number = نمبر
findings-severity = سنگینی
findings-what = کیا خراب ہے
findings-mend = کیا کریں
findings-since = کب سے
findings-seen = آخری بار دیکھا گیا
findings-none = کوئی خرابی نہیں۔
findings-none-next = فیڈز، انتباہی فہرستیں، اسنیپ شاٹ، سبسکرائبر اور اس مشین کے کنارے مسلسل جانچے جاتے ہیں۔
findings-over = ختم شدہ
findings-over-caption = ختم شدہ مسائل، تازہ ترین پہلے
findings-state = حالت
findings-fixed = درست ہو گیا
findings-lapsed = اب جانچا نہیں جاتا
findings-over-at = کب ختم ہوا
findings-times = کتنی بار
findings-all = تمام مسائل اور ان کا حل
findings-open = { $n ->
    [one] ایک چیز فوری توجہ چاہتی ہے
   *[other] { $n } چیزیں فوری توجہ چاہتی ہیں
}
fault-checker-mute = معلوم نہیں ہو سکا کہ ”{ $subject }“ میں کوئی خرابی ہے یا نہیں
fault-checker-mute-mend = تفصیل اور سرور کا لاگ دیکھیں؛ جب تک دوبارہ معلوم نہ ہو، ”{ $subject }“ کا کوئی مسئلہ ختم شدہ نہیں سمجھا جاتا۔

# جو رد کیا جاتا ہے
findings-refused-state = `state` یا open ہو یا over، ”{ $given }“ نہیں
findings-refused-none = مسئلہ { $number } موجود نہیں
