#pragma once

#include "launcher/arguments.h"

namespace sallyport::launcher {

/// Takes on user and group, without supplementary groups and for good, and keeps no capability but
/// that of binding ports below 1024 where it is wanted and held. False, with `errno`, when the
/// system refuses.
bool takeIdentity(const Arguments& arguments);

}  // namespace sallyport::launcher
