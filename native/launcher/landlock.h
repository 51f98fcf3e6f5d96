#pragma once

#include "launcher/arguments.h"

namespace sallyport::launcher {

/// Restricts this process and its children to the paths that the arguments name; paths that are not
/// there are left out. Needs no-new-privileges. Returns the kernel's version of Landlock that was
/// used, 0 where the kernel has none, -1 with `errno` when it refused.
int confineWithLandlock(const Arguments& arguments);

}  // namespace sallyport::launcher
