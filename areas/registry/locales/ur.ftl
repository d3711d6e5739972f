# رجسٹر کے الفاظ

registry-nav = ادارے
registry-parties = ادارے
registry-lead = کون شامل ہے اور اس کی ملکیت کیا ہے، تاکہ مالک کو خبردار کیا جا سکے۔
registry-caption = ادارے، مختصر نام کی ترتیب سے
registry-party = ادارہ
registry-tier = سطح
registry-tier-national = قومی
registry-tier-sector = شعبہ
registry-tier-organisation = ادارہ
registry-sector = شعبہ
registry-assets = اس کی ملکیت
registry-assets-count = اثاثے
registry-contact = سلامتی کا رابطہ
registry-none = ابھی کوئی ادارہ نہیں
registry-none-next = اداروں کی فائل درآمد کریں؛ نمائشی ڈیٹا میں کچھ موجود ہیں۔
registry-owner = مالک
registry-belongs = کی ملکیت:
