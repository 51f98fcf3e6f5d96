#pragma once

#include <napi.h>

namespace sallyport::binding {

/// Adds `TrafficGenerator` and `timeProtection` to `exports`. They take what
/// `src/trusted/media/traffic-generator.ts` has checked.
void registerTraffic(Napi::Env env, Napi::Object exports);

}  // namespace sallyport::binding
