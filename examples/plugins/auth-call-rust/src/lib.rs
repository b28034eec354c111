//! Asks another service about every request. 2xx lets the request pass, with a header of that answer; 401 and 403 go to
//! the client as they are; anything else, and no answer, is a 503.
//!
//! Configuration (JSON): `{"upstream": "auth", "path": "/check", "host": "auth", "timeout_ms": 1000,
//! "forward": ["authorization", "cookie"], "copy": "x-auth-user"}`; `upstream` is required.

mod settings;

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

use settings::Settings;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AuthCall::default()));
}}

/// One configuration of the plugin on one worker.
#[derive(Default)]
struct AuthCall {
    settings: Rc<Settings>,
}

impl Context for AuthCall {}

impl RootContext for AuthCall {
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

/// One request.
struct Exchange {
    settings: Rc<Settings>,
}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        // Only the service may say who it is.
        self.set_http_request_header(&self.settings.copy, None);
        match self.ask() {
            Ok(()) => {}
            Err(status) => {
                log::error!("cannot ask {}: {status:?}", self.settings.upstream);
                self.refuse();
            }
        }
        Action::Pause
    }
}

impl Context for Exchange {
    fn on_http_call_response(
        &mut self,
        _call: u32,
        headers: usize,
        body_size: usize,
        _trailers: usize,
    ) {
        let status = match self.get_http_call_response_header(":status") {
            Some(status) if headers > 0 => status.parse().unwrap_or(0),
            _ => 0,
        };
        match status {
            200..=299 => {
                let user = self.get_http_call_response_header(&self.settings.copy);
                if let Some(user) = user {
                    self.set_http_request_header(&self.settings.copy, Some(&user));
                }
                self.resume_http_request();
            }
            401 | 403 => self.pass_on(status, body_size),
            _ => self.refuse(),
        }
    }
}

impl Exchange {
    fn ask(&self) -> Result<(), proxy_wasm::types::Status> {
        let settings = &self.settings;
        let method = self.get_http_request_header(":method").unwrap_or_default();
        let target = self.get_http_request_header(":path").unwrap_or_default();
        let forwarded: Vec<(&str, String)> = settings
            .forward
            .iter()
            .filter_map(|name| Some((name.as_str(), self.get_http_request_header(name)?)))
            .collect();
        let mut headers = vec![
            (":method", "GET"),
            (":path", &settings.path),
            (":authority", &settings.host),
            ("x-original-method", &method),
            ("x-original-uri", &target),
        ];
        headers.extend(
            forwarded
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        self.dispatch_http_call(
            &settings.upstream,
            headers,
            None,
            vec![],
            settings.timeout(),
        )
        .map(|_| ())
    }

    /// The service's own answer, with what tells a client how to log in.
    fn pass_on(&self, status: u32, body_size: usize) {
        let body = self.get_http_call_response_body(0, body_size);
        let kept: Vec<(&str, String)> = ["content-type", "www-authenticate", "location"]
            .into_iter()
            .filter_map(|name| Some((name, self.get_http_call_response_header(name)?)))
            .collect();
        let headers = kept
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.send_http_response(status, headers, body.as_deref());
    }

    fn refuse(&self) {
        self.send_http_response(503, vec![], Some(b"the request cannot be checked now\n"));
    }
}

impl Settings {
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}
