//! Every text in both languages, and every key that the pages use.

use sipar_area::Area as _;
use sipar_web::{check_complete, check_used};
use std::path::Path;

#[test]
fn texts_are_complete_and_used_keys_exist() {
    sipar_store::testing::each_store(|store| async {
        let rig = crate::rig::Rig::new(store).await;
        let texts = rig.area.texts();
        assert_eq!(check_complete(texts), []);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(check_used(&source, texts).unwrap(), []);
    });
}
