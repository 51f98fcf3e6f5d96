#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"

namespace sallyport::domains {

/// `errno` of a system call that failed.
struct SystemFailure {
  int code;
};

/// `stream` for links of frames, `records` for a private channel, which keeps records whole.
enum class PairKind : std::uint8_t { stream, records };

/// Two connected AF_UNIX sockets that nobody else can reach. Both are closed on exec.
Result<std::array<int, 2>, SystemFailure> createSocketPair(PairKind kind);

}  // namespace sallyport::domains
