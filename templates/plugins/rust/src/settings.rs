use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub header: String,
    pub values: Vec<String>,
}

impl Settings {
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| error.to_string())
    }

    pub fn accepts(&self, value: Option<&str>) -> bool {
        value.is_some_and(|value| self.values.iter().any(|allowed| allowed == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_values_are_accepted() {
        let settings = Settings::parse(br#"{"header": "x-team", "values": ["red"]}"#).unwrap();
        assert!(settings.accepts(Some("red")));
        assert!(!settings.accepts(Some("blue")));
        assert!(!settings.accepts(None));
    }

    #[test]
    fn a_misspelled_key_is_refused() {
        assert!(Settings::parse(br#"{"headers": "x-team"}"#).is_err());
    }
}
