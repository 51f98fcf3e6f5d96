#pragma once

#include <napi.h>

#include <array>

#include "net/media-plane.h"

namespace sallyport::binding {

/// Reads `{interfaces: [{address, aliases, firstPort, lastPort}], workers, processors,
/// portCoolDownMs, dscp}`.
net::MediaPlaneOptions readPlaneOptions(const Napi::Object& options);

/// Reads `[{interface, rtcp}, {interface, rtcp}]`; `interface` is an index below `interfaces`.
std::array<net::LegPlace, 2> readLegPlaces(const Napi::Array& legs, std::size_t interfaces);

[[noreturn]] void throwOpenFailure(Napi::Env env, net::OpenFailure failure);

/// The error's `leg` is the one that was in the way.
[[noreturn]] void throwCreateFailure(Napi::Env env, net::CreateFailure failure);

}  // namespace sallyport::binding
