use serde_json::{Map, Value};

#[derive(Debug, PartialEq)]
pub struct Settings {
    pub header_name: String,
    pub header_value: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            header_name: "X-Wasm-Added".to_owned(),
            header_value: "true".to_owned(),
        }
    }
}

impl Settings {
    /// Reads the plugin's JSON; the error is a sentence for the log.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let mut settings = Self::default();
        if text.trim_ascii().is_empty() {
            return Ok(settings);
        }
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| format!("the configuration is not JSON: {error}"))?;
        let Value::Object(fields) = value else {
            return Err(format!(
                r#"the configuration must be an object such as {{"header_name": "X-Wasm-Added"}}, not {value}"#
            ));
        };
        if let Some(name) = text_field(&fields, "header_name")? {
            settings.header_name = checked_name(name)?;
        }
        if let Some(value) = text_field(&fields, "header_value")? {
            settings.header_value = checked_value(value)?;
        }
        Ok(settings)
    }
}

fn text_field<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match fields.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("{key} must be a string, not {other}")),
    }
}

/// A field name is a token (RFC 9110 5.1).
fn checked_name(name: &str) -> Result<String, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!(
            "header_name {name:?} is no header name; use letters, digits and '-'"
        ));
    }
    Ok(name.to_owned())
}

/// A field value holds no control characters but the tab (RFC 9110 5.5).
fn checked_value(value: &str) -> Result<String, String> {
    if value.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control()) {
        return Err(format!(
            "header_value {value:?} holds a control character, which no header may carry"
        ));
    }
    Ok(value.to_owned())
}
