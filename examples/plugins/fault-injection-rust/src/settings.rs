use serde_json::Value;

#[derive(Debug, PartialEq)]
pub struct Settings {
    pub http_status: u32,
    pub body: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http_status: 200,
            body: String::new(),
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
                r#"the configuration must be an object such as {{"http_status": 200}}, not {value}"#
            ));
        };
        if let Some(status) = fields.get("http_status") {
            settings.http_status = checked_status(status)?;
        }
        if let Some(body) = fields.get("body") {
            let text = body.as_str().ok_or_else(|| format!("body must be a string, not {body}"))?;
            settings.body = text.to_owned();
        }
        Ok(settings)
    }
}

fn checked_status(value: &Value) -> Result<u32, String> {
    match value.as_u64() {
        Some(status @ 200..=599) => Ok(status as u32),
        _ => Err(format!("http_status must be a whole number from 200 to 599, not {value}")),
    }
}
