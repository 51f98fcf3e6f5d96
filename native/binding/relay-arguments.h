#pragma once

#include <napi.h>

#include "media/leg.h"

namespace sallyport::binding {

/// Reads a leg's settings. Keys come as slots of the process's vault; they are claimed here, made
/// into sessions and wiped, also when a later one is missing and this throws.
media::LegConfiguration readLegConfiguration(const Napi::Object& settings);

}  // namespace sallyport::binding
