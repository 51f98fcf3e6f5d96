#pragma once

#include <cstdint>

namespace sallyport::domains {

/// What the system granted.
struct Hardening {
  /// No other process of this user may read our memory or attach to us.
  bool isUndumpable;
  bool hasNoCore;
};

/// Memory is not locked here: V8 ends the process where pages that it wants to change are locked.
/// Keys lie in `SecretMemory`, which locks its own.
/// To be called first thing, as PR_SET_DUMPABLE starts again with every exec. Safe to call twice.
Hardening hardenProcess() noexcept;

}  // namespace sallyport::domains
