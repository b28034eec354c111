//! Asks another service about every request over gRPC (auth.proto). Status 0 lets the request pass, with the user of the
//! answer in a header; 16 (unauthenticated) is a 401 for the client and 7 (permission denied) a 403, with the message of
//! the service; anything else is a 503.
//!
//! Configuration (JSON): `{"upstream": "auth", "service": "auth.v1.Auth", "method": "Check", "timeout_ms": 1000,
//! "forward": ["authorization", "cookie"], "copy": "x-auth-user"}`; `upstream` is required.

mod messages;
mod settings;

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, Status};

use messages::{user_in, Question};
use settings::Settings;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AuthGrpc::default()));
}}

const OK: u32 = 0;
const PERMISSION_DENIED: u32 = 7;
const UNAUTHENTICATED: u32 = 16;

/// One configuration of the plugin on one worker.
#[derive(Default)]
struct AuthGrpc {
    settings: Rc<Settings>,
}

impl Context for AuthGrpc {}

impl RootContext for AuthGrpc {
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
        if let Err(status) = self.ask() {
            log::error!("cannot ask {}: {status:?}", self.settings.upstream);
            self.refuse(503, "the request cannot be checked now");
        }
        Action::Pause
    }
}

impl Context for Exchange {
    fn on_grpc_call_response(&mut self, _call: u32, status: u32, size: usize) {
        let (_, message) = self.get_grpc_status();
        let message = message.unwrap_or_default();
        match status {
            OK => {
                let answer = self.get_grpc_call_response_body(0, size);
                match user_in(&answer.unwrap_or_default()) {
                    Some(user) => self.pass(&user),
                    None => self.refuse(503, "the answer cannot be read"),
                }
            }
            UNAUTHENTICATED => self.refuse(401, &message),
            PERMISSION_DENIED => self.refuse(403, &message),
            _ => {
                log::warn!("{} says {status}: {message}", self.settings.upstream);
                self.refuse(503, "the request cannot be checked now");
            }
        }
    }
}

impl Exchange {
    fn ask(&self) -> Result<(), Status> {
        let settings = &self.settings;
        let fields: Vec<(&str, String)> = settings
            .forward
            .iter()
            .filter_map(|name| Some((name.as_str(), self.get_http_request_header(name)?)))
            .collect();
        let question = Question {
            method: &self.get_http_request_header(":method").unwrap_or_default(),
            target: &self.get_http_request_header(":path").unwrap_or_default(),
            fields: &fields,
        };
        self.dispatch_grpc_call(
            &settings.upstream,
            &settings.service,
            &settings.method,
            vec![],
            Some(&question.encode()),
            Duration::from_millis(settings.timeout_ms),
        )
        .map(|_| ())
    }

    fn pass(&self, user: &str) {
        if !user.is_empty() {
            self.set_http_request_header(&self.settings.copy, Some(user));
        }
        self.resume_http_request();
    }

    fn refuse(&self, status: u32, reason: &str) {
        let body = format!("{reason}\n");
        self.send_http_response(status, vec![], Some(body.as_bytes()));
    }
}
