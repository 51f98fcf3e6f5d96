#pragma once

#include <napi.h>

namespace sallyport::binding {

/// Adds `MediaPlane` to `exports`: native threads that carry relays. Its methods take what
/// `src/trusted/media/media-plane.ts` has checked.
void registerRelay(Napi::Env env, Napi::Object exports);

}  // namespace sallyport::binding
