#pragma once

#include <napi.h>

namespace sallyport::binding {

/// Adds MasterKey, SrtpInbound and SrtpOutbound to `exports`.
void registerSrtp(Napi::Env env, Napi::Object exports);

}  // namespace sallyport::binding
