#pragma once

#include <cstdint>

namespace sallyport::test {

/// Calls of malloc, calloc, realloc and the like that this thread has made, ours and those of all
/// libraries; with or without a sanitizer.
std::uint64_t allocationsOfThisThread() noexcept;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool isSanitized = true;
#else
inline constexpr bool isSanitized = false;
#endif

}  // namespace sallyport::test
