//! A validator for the keywords of JSON Schema that our OpenAPI document uses. An unknown keyword is a fault, so that
//! the document cannot say more than is checked.

use serde_json::Value;

/// Every way in which `value` is not as `schema` says. Objects may have no properties but those of the schema.
pub fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(format!("{at}: {what}"));
    for (keyword, says) in schema.as_object().unwrap_or_else(|| panic!("{at}: a schema is an object")) {
        match keyword.as_str() {
            "$ref" => {
                let place = says.as_str().unwrap().strip_prefix('#').unwrap();
                let target = document.pointer(place).unwrap_or_else(|| panic!("{at}: no {place}"));
                return self::faults(document, target, value, at);
            }
            "type" => {
                let is = match says.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("{at}: type {other} is not checked"),
                };
                if !is {
                    fault(format!("{value} is no {says}"));
                }
            }
            "enum" if !says.as_array().unwrap().contains(value) => fault(format!("{value} is none of {says}")),
            "minimum" if value.as_i64() < says.as_i64() => fault(format!("{value} is less than {says}")),
            "maximum" if value.as_i64() > says.as_i64() => fault(format!("{value} is more than {says}")),
            "maxItems" if value.as_array().map_or(0, Vec::len) as u64 > says.as_u64().unwrap() => {
                fault(format!("more than {says} items"));
            }
            "required" => {
                for name in says.as_array().unwrap().iter().filter_map(Value::as_str) {
                    if value.get(name).is_none() {
                        fault(format!("`{name}` is missing"));
                    }
                }
            }
            "properties" | "items" | "oneOf" => {}
            "enum" | "minimum" | "maximum" | "maxItems" | "description" => {}
            other => panic!("{at}: keyword {other} is not checked"),
        }
    }
    if let (Some(properties), Some(object)) = (schema.get("properties"), value.as_object()) {
        for (name, inner) in object {
            match properties.get(name) {
                Some(schema) => faults.extend(self::faults(document, schema, inner, &format!("{at}/{name}"))),
                None => faults.push(format!("{at}: `{name}` is not described")),
            }
        }
    }
    if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array()) {
        for (number, item) in items.iter().enumerate() {
            faults.extend(self::faults(document, schema, item, &format!("{at}/{number}")));
        }
    }
    if let Some(choices) = schema.get("oneOf") {
        let tried: Vec<_> =
            choices.as_array().unwrap().iter().map(|choice| self::faults(document, choice, value, at)).collect();
        let fitting = tried.iter().filter(|faults| faults.is_empty()).count();
        if fitting != 1 {
            faults.push(format!("{at}: {fitting} of the choices fit, not one: {tried:?}"));
        }
    }
    faults
}

#[test]
fn the_validator_finds_faults() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "properties": {
            "a": { "type": "integer", "minimum": 0, "maximum": 9 },
            "b": { "type": "array", "maxItems": 1, "items": { "enum": ["x"] } },
            "c": { "oneOf": [{ "type": "string" }, { "type": "boolean" }] },
        },
    });
    let check = |value: Value, expect: &str| {
        let found = faults(&schema, &schema, &value, "").join("; ");
        assert!(if expect.is_empty() { found.is_empty() } else { found.contains(expect) }, "{value}: {found}");
    };
    check(serde_json::json!({ "a": 9, "b": ["x"], "c": true }), "");
    check(serde_json::json!({}), "`a` is missing");
    check(serde_json::json!({ "a": 10 }), "more than 9");
    check(serde_json::json!({ "a": -1 }), "less than 0");
    check(serde_json::json!({ "a": "1" }), "is no \"integer\"");
    check(serde_json::json!({ "a": 1, "b": ["y"] }), "is none of");
    check(serde_json::json!({ "a": 1, "b": ["x", "x"] }), "more than 1 items");
    check(serde_json::json!({ "a": 1, "c": 5 }), "0 of the choices fit");
    check(serde_json::json!({ "a": 1, "z": 5 }), "`z` is not described");
}
