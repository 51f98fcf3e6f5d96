#pragma once

#include <time.h>

#include <cstdint>

namespace sallyport {

/// What `clock` shows, in nanoseconds. CLOCK_MONOTONIC and CLOCK_REALTIME cost no system call;
/// CLOCK_MONOTONIC_COARSE costs least and is good to a few milliseconds.
inline std::uint64_t readClockNs(clockid_t clock) noexcept {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace sallyport
