#pragma once

#include <napi.h>

#include "media/stream-table.h"

namespace sallyport::binding {

/// `{ssrc, sentSsrc, packets, octets, expected, duplicates, reordered, restarts, payloadType,
/// clockHz, jitter, far?, farMetrics?}`; `NativeStream` in TypeScript.
Napi::Object streamToObject(Napi::Env env, const media::Stream& stream);

}  // namespace sallyport::binding
