"""What the engine can do on which journeys run (SALLYPORT_WASM_ENGINE); docs/wasm.md says what WasmEdge cannot."""
import os

import pytest

ENGINE = os.environ.get("SALLYPORT_WASM_ENGINE", "wasmtime")

needs_sandboxes = pytest.mark.skipif(ENGINE == "wasmedge", reason="WasmEdge has no `isolation: request` and no `fair: true`")
needs_code_cache = pytest.mark.skipif(ENGINE == "wasmedge", reason="WasmEdge's interpreter makes no code that could be kept")
needs_first_tier = pytest.mark.skipif(ENGINE != "wasmtime", reason=f"{ENGINE} has no first tier")
isolations = ["worker", pytest.param("request", marks=needs_sandboxes)]
