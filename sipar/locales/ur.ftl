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
