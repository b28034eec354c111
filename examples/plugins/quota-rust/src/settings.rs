use serde_json::Value;

/// A text such as `{"requests": 100, "seconds": 60, "client": "x-api-key"}`; every key is optional.
#[derive(Clone)]
pub struct Settings {
    /// How many requests of one client pass in each window.
    pub requests: u64,
    /// The length of a window.
    pub seconds: u64,
    /// The request header that tells clients apart; those without it are one client.
    pub client: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests: 100,
            seconds: 60,
            client: "x-api-key".to_owned(),
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
                r#"the configuration must be an object such as {{"requests": 100, "seconds": 60}}, not {value}"#
            ));
        };
        for (name, field) in &fields {
            match (name.as_str(), field.as_u64(), field.as_str()) {
                ("requests", Some(number), _) => settings.requests = number,
                ("seconds", Some(number), _) if number > 0 => settings.seconds = number,
                ("client", _, Some(header)) if !header.is_empty() => {
                    settings.client = header.to_ascii_lowercase();
                }
                _ => {
                    return Err(format!(
                        "{name} is {field}; keys are requests (a number), seconds (a number above 0) and client (the name of a header)"
                    ));
                }
            }
        }
        Ok(settings)
    }
}
