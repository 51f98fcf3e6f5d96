#pragma once

#include <napi.h>

#include "media/leg.h"
#include "net/port-pair.h"

namespace sallyport::binding {

/// Binds the ports of `{localAddress, firstPort, lastPort}`; throws with the code of the failure.
net::PortPair bindPorts(const Napi::Object& leg);

/// Reads a leg's settings. Keys come as slots of the process's vault; they are claimed here, made
/// into sessions and wiped, also when a later one is missing and this throws.
media::LegConfiguration readLegConfiguration(const Napi::Object& settings);

}  // namespace sallyport::binding
