#pragma once
// What the plugin is configured with: {"bytes": 1048576, "seconds": 60}, each key optional.

#include "proxy_wasm.h"

typedef struct settings {
  uint64_t bytes;    // the longest body that passes
  uint64_t seconds;  // between two reports
} settings;

// False where the text is no such object; `problem` then tells why. Blank text is the default.
bool settings_read(proxy_view text, settings* read, proxy_view* problem);
