//! Every C symbol of Wasmtime's API, in one static library.
pub use wasmtime_c_api::*;
