//! Adds one header to every response.
//!
//! Configuration (JSON, both keys optional, an empty configuration means the defaults):
//! `{"header_name": "X-Wasm-Added", "header_value": "true"}`

mod settings;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use settings::Settings;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AddHeader::default()));
}}

/// One configuration of the plugin: lives as long as the route that carries it.
#[derive(Default)]
struct AddHeader {
    settings: Rc<Settings>,
}

impl Context for AddHeader {}

impl RootContext for AddHeader {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Settings::parse(&text) {
            Ok(settings) => {
                self.settings = Rc::new(settings);
                true
            }
            Err(reason) => {
                log::error!("configuration refused: {reason}");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange {
            settings: Rc::clone(&self.settings),
        }))
    }
}

/// One request and its response.
struct Exchange {
    settings: Rc<Settings>,
}

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header(&self.settings.header_name, &self.settings.header_value);
        Action::Continue
    }
}
