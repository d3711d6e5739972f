fault-subscriber-behind = سبسکرائبر ”{ $subject }“ بہت پیچھے ہے
fault-subscriber-behind-mend = اس کے ریزالور نئی تبدیلیاں نہیں لے رہے۔ `sipar subscriber list` دیکھیں، پھر اس کے رابطہ کار سے پوچھیں کہ آیا وہ چل رہے ہیں، اس سرور تک TCP کھلا ہے، اور کلید تازہ ترین ہے۔
