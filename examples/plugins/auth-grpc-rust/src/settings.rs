use serde_json::Value;

/// A text such as `{"upstream": "auth", "service": "auth.v1.Auth"}`; every key but `upstream` is optional.
#[derive(Clone, Default)]
pub struct Settings {
    /// Who is asked: the id or the name of an upstream with the scheme grpc or grpcs, or a `host:port` that the host allows.
    pub upstream: String,
    /// With its package.
    pub service: String,
    pub method: String,
    /// How long an answer may take.
    pub timeout_ms: u64,
    /// Headers of the request that are sent along.
    pub forward: Vec<String>,
    /// The header in which the request goes on with the user.
    pub copy: String,
}

impl Settings {
    /// Reads the plugin's JSON; the error is a sentence for the log.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| format!("the configuration is not JSON: {error}"))?;
        let Value::Object(fields) = value else {
            return Err(format!(
                r#"the configuration must be an object such as {{"upstream": "auth"}}, not {value}"#
            ));
        };
        let mut settings = Self {
            service: "auth.v1.Auth".to_owned(),
            method: "Check".to_owned(),
            timeout_ms: 1000,
            forward: vec!["authorization".to_owned(), "cookie".to_owned()],
            copy: "x-auth-user".to_owned(),
            ..Self::default()
        };
        for (name, field) in &fields {
            let text = field.as_str().filter(|text| !text.is_empty());
            match (name.as_str(), text, field.as_u64(), texts(field)) {
                ("upstream", Some(text), _, _) => settings.upstream = text.to_owned(),
                ("service", Some(text), _, _) => settings.service = text.to_owned(),
                ("method", Some(text), _, _) => settings.method = text.to_owned(),
                ("timeout_ms", _, Some(number), _) if number > 0 => settings.timeout_ms = number,
                ("forward", _, _, Some(names)) => settings.forward = names,
                ("copy", Some(text), _, _) => settings.copy = text.to_ascii_lowercase(),
                _ => {
                    return Err(format!(
                        "{name} is {field}; keys are upstream, service, method, copy (texts), timeout_ms (a number above 0) and forward (a list of headers)"
                    ));
                }
            }
        }
        if settings.upstream.is_empty() {
            return Err("upstream is missing; name the service that is asked".to_owned());
        }
        Ok(settings)
    }
}

/// A list of texts, in lower case.
fn texts(field: &Value) -> Option<Vec<String>> {
    field
        .as_array()?
        .iter()
        .map(|item| Some(item.as_str()?.to_ascii_lowercase()))
        .collect()
}
