//! A quota of requests per client and window of time. The count of a client is shared by all workers.
//!
//! Configuration (JSON, every key optional): `{"requests": 100, "seconds": 60, "client": "x-api-key"}`

mod settings;

use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, Bytes, ContextType, LogLevel, MetricType, Status};

use settings::Settings;

const REFUSALS: &str = "refusals";

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Quota::default()));
}}

/// The numbers of the metrics; the same in every VM.
#[derive(Clone, Copy, Default)]
struct Metrics {
    passed: u32,
    refused: u32,
    seconds_up: u32,
    used: u32,
}

impl Metrics {
    fn define() -> Self {
        let define = |kind, name| hostcalls::define_metric(kind, name).unwrap_or_default();
        Self {
            passed: define(MetricType::Counter, "quota.passed"),
            refused: define(MetricType::Counter, "quota.refused"),
            seconds_up: define(MetricType::Gauge, "quota.seconds_up"),
            used: define(MetricType::Histogram, "quota.used"),
        }
    }
}

/// One configuration of the plugin on one worker.
#[derive(Default)]
struct Quota {
    settings: Rc<Settings>,
    metrics: Metrics,
    refusals: u32,
    seconds_up: u64,
}

impl Context for Quota {}

impl RootContext for Quota {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        match Settings::parse(&text) {
            Ok(settings) => self.settings = Rc::new(settings),
            Err(reason) => {
                log::error!("configuration refused: {reason}");
                return false;
            }
        }
        self.metrics = Metrics::define();
        self.refusals = self.register_shared_queue(REFUSALS);
        self.set_tick_period(Duration::from_secs(1));
        true
    }

    fn on_tick(&mut self) {
        self.seconds_up += 1;
        let _ = hostcalls::record_metric(self.metrics.seconds_up, self.seconds_up);
    }

    /// One worker hears of the refusals of all.
    fn on_queue_ready(&mut self, queue: u32) {
        if let Ok(Some(client)) = self.dequeue_shared_queue(queue) {
            log::warn!(
                "the quota of {} is used up",
                String::from_utf8_lossy(&client)
            );
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Exchange {
            settings: Rc::clone(&self.settings),
            metrics: self.metrics,
            refusals: self.refusals,
        }))
    }
}

/// One request.
struct Exchange {
    settings: Rc<Settings>,
    metrics: Metrics,
    refusals: u32,
}

impl Context for Exchange {}

impl HttpContext for Exchange {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let client = self
            .get_http_request_header(&self.settings.client)
            .unwrap_or_default();
        let used = self.count(&client);
        let _ = hostcalls::record_metric(self.metrics.used, used);
        if used <= self.settings.requests {
            let _ = hostcalls::increment_metric(self.metrics.passed, 1);
            return Action::Continue;
        }
        let _ = hostcalls::increment_metric(self.metrics.refused, 1);
        let _ = self.enqueue_shared_queue(self.refusals, Some(client.as_bytes()));
        self.send_http_response(429, vec![], Some(b"the quota is used up\n"));
        Action::Pause
    }
}

impl Exchange {
    /// Counts this request; the number it has in its window. Written again until no other worker came between.
    fn count(&self, client: &str) -> u64 {
        let key = format!("used/{client}");
        let now = self
            .get_current_time()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs());
        let window = now / self.settings.seconds;
        loop {
            let (value, cas) = self.get_shared_data(&key);
            let used = used_in(window, value) + 1;
            let text = format!("{window} {used}");
            // A missing key has no CAS; with any that no write has, it is only written while it is still missing.
            let cas = cas.unwrap_or(u32::MAX);
            match self.set_shared_data(&key, Some(text.as_bytes()), Some(cas)) {
                Err(Status::CasMismatch) => continue,
                _ => return used,
            }
        }
    }
}

/// A value is "WINDOW USED"; one of an earlier window counts nothing.
fn used_in(window: u64, value: Option<Bytes>) -> u64 {
    let bytes = value.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    match text.split_once(' ') {
        Some((of, used)) if of.parse() == Ok(window) => used.parse().unwrap_or(0),
        _ => 0,
    }
}
