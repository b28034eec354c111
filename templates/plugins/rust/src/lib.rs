mod settings;

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use settings::Settings;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(RequireHeader::default()));
}}

/// One configuration: it lives as long as the route that carries it.
#[derive(Default)]
struct RequireHeader {
    settings: Rc<Settings>,
}

impl Context for RequireHeader {}

impl RootContext for RequireHeader {
    fn on_configure(&mut self, _size: usize) -> bool {
        match Settings::parse(&self.get_plugin_configuration().unwrap_or_default()) {
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
        Some(Box::new(Exchange { settings: Rc::clone(&self.settings) }))
    }
}

/// One request and its response.
struct Exchange {
    settings: Rc<Settings>,
}

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        if self.settings.accepts(self.get_http_request_header(&self.settings.header).as_deref()) {
            return Action::Continue;
        }
        log::info!("refused: {} is missing or wrong", self.settings.header);
        self.send_http_response(401, vec![("content-type", "text/plain")], Some(b"who are you?\n"));
        Action::Pause
    }
}
