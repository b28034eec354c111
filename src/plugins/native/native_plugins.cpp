#include "plugins/native/native_plugins.h"

#include "plugins/native/native_type.h"

namespace sallyport::plugins::native {

// Each in the file of its name; a new plugin needs a line here.
#define SALLYPORT_NATIVE_PLUGINS(of) \
  of(fault_injection) of(prometheus) of(proxy_rewrite) of(request_id) of(response_rewrite)

#define SALLYPORT_DECLARE(name) NativeType make_##name##_type();
SALLYPORT_NATIVE_PLUGINS(SALLYPORT_DECLARE)

void add_native_plugins(chain::Catalog& catalog) {
#define SALLYPORT_ADD(name) catalog.add(std::make_unique<NativeType>(make_##name##_type()));
  SALLYPORT_NATIVE_PLUGINS(SALLYPORT_ADD)
}

}  // namespace sallyport::plugins::native
