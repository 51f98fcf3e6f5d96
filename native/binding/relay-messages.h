#pragma once

#include <napi.h>

#include "net/media-worker.h"

namespace sallyport::binding {

/// `{rtp, rtcp}`: the ports that a leg got.
Napi::Object portsToObject(Napi::Env env, const net::PortPair& pair);

/// A reply `{request, code?, statistics?}` or an event
/// `{event, relay, leg, address, port, suppressed}`.
Napi::Object messageToObject(Napi::Env env, const net::Message& message);

}  // namespace sallyport::binding
