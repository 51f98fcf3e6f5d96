#pragma once

namespace sallyport::launcher {

/// Denies system calls that a gateway never makes and an intruder would: reading other
/// processes, modules, mounts, namespaces, keys of the kernel, programs for the kernel, and
/// sockets but those of the network. Needs no-new-privileges. False where the kernel has no seccomp
/// filters or the processor is another.
bool denySystemCalls();

}  // namespace sallyport::launcher
