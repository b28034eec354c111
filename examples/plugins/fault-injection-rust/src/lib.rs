//! Answers every request itself, with a fixed status and body.
//!
//! Configuration (JSON, both keys optional): `{"body": "hello world", "http_status": 200}`

mod settings;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use settings::Settings;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(FaultInjection::default()));
}}

/// One configuration of the plugin: lives as long as the route that carries it.
#[derive(Default)]
struct FaultInjection {
    settings: Rc<Settings>,
}

impl Context for FaultInjection {}

impl RootContext for FaultInjection {
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
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let body = self.settings.body.as_bytes();
        self.send_http_response(self.settings.http_status, vec![], Some(body));
        Action::Pause
    }
}
