# گھر کے اپنے الفاظ

house-nav-overview = جائزہ
house-overview = جائزہ
house-overview-lead = کیا آیا، کیا فیصلہ ہوا، اور کیا نافذ ہے۔
house-look-up-none = اس کے بارے میں کچھ معلوم نہیں
house-look-up-none-next = کسی ذریعے نے اس کا ذکر نہیں کیا اور کسی نے اس پر فیصلہ نہیں کیا۔ یہ اس کے بے ضرر ہونے کا حکم نہیں۔
house-search = تلاش
house-search-exact = اس کے بارے میں سب کچھ:
house-search-none = کچھ نہیں ملا
house-search-none-next = کوئی نام، پتہ، یو آر ایل، فائل کا ہیش یا فیصلے کا نمبر تلاش کریں۔
house-kind-domain = ایک نام، اور جو کچھ اس کے نیچے ہے
house-kind-address = ایک پتہ
house-kind-prefix = ایک نیٹ ورک
house-kind-url = ایک یو آر ایل
house-kind-file = ایک فائل
house-kind-mail = ای میل بھیجنے والا
house-kind-asn = ایک خودمختار نظام (AS)
house-kind-name-server = نیم سرور، ان سب ناموں کے لیے جن کا وہ جواب دیتے ہیں
fault-job-failing = ایک کام ناکام ہو رہا ہے: { $subject }
fault-job-failing-mend = تفصیل پڑھیں؛ سرور کے لاگ میں بھی یہی ہے۔ کوشش خود دوبارہ ہوتی ہے اور جو پہلے تھا وہ استعمال میں رہتا ہے۔ بھری ڈسک پر جگہ خالی کریں؛ ڈیٹابیس انکار کرے تو اسے درست کریں۔
fault-fact-not-taken = { $subject } دوسروں کی اطلاع وصول نہیں کر پا رہا
fault-fact-not-taken-mend = اطلاع بار بار دی جاتی ہے اور کچھ ضائع نہیں ہوتا۔ تفصیل پڑھیں؛ مسئلہ ڈسک یا ڈیٹابیس کا ہو تو درست کریں، ورنہ اسے نقص کے طور پر رپورٹ کریں۔
fault-ledger-unpublished = عوامی کھاتہ شائع نہیں ہو رہا
fault-ledger-unpublished-mend = اس کے اندراج محفوظ اور منتظر ہیں۔ تفصیل پڑھیں: عموماً ڈسک بھر گئی ہے یا کسی اور نے کھاتے کے فولڈر میں لکھا ہے؛ پھر `sipar ledger verify` چلائیں۔
fault-edge-refused = ایج نے ایک فائل رد کر دی: { $subject }
fault-edge-refused-mend = وہ آخری درست فائل سے جواب دے رہے ہیں۔ ممکن ہے کسی نے فائل خراب یا تبدیل کی ہو: معلوم کریں کس نے، پھر `sipar snapshot build` چلائیں۔
