#pragma once
// The plugins that are part of the gateway itself.

#include "chain/catalog.h"

namespace sallyport::plugins::native {

void add_native_plugins(chain::Catalog& catalog);

}  // namespace sallyport::plugins::native
