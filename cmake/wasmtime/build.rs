//! Tells where the headers of the C API were installed: `cargo build` leaves the path in `$OUT_DIR/include-path`,
//! and in the file named by SALLYPORT_WASMTIME_INCLUDE_FILE, from which CMake copies them.
fn main() {
    println!("cargo:rerun-if-env-changed=SALLYPORT_WASMTIME_INCLUDE_FILE");
    let include = std::env::var("DEP_WASMTIME_C_API_INCLUDE")
        .expect("wasmtime-c-api-impl tells its include directory through DEP_WASMTIME_C_API_INCLUDE");
    if let Ok(file) = std::env::var("SALLYPORT_WASMTIME_INCLUDE_FILE") {
        std::fs::write(&file, &include).unwrap_or_else(|e| panic!("cannot write {file}: {e}"));
    }
}
