#pragma once

#include <napi.h>

#include "net/media-plane.h"
#include "net/system-limits.h"

namespace sallyport::binding {

/// `{rtp, rtcp}`: the ports that a leg got.
Napi::Object portsToObject(Napi::Env env, const net::LegPorts& ports);

/// `{relays: by worker, unavailablePorts: by interface}`.
Napi::Object loadToObject(Napi::Env env, const net::MediaPlane& plane, std::size_t interfaces);

/// `{descriptorLimit, receiveBufferOctets, sendBufferOctets}`.
Napi::Object limitsToObject(Napi::Env env, const net::SystemLimits& limits);

/// A reply `{request, code?, statistics?}` or an event
/// `{event, relay, leg, address, port, suppressed}`.
Napi::Object messageToObject(Napi::Env env, const net::Message& message);

}  // namespace sallyport::binding
