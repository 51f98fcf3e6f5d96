#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "traffic/protection-timing.h"

namespace sallyport::traffic {

/// Nanoseconds of CPU time that this thread has taken.
inline double threadTimeNs() noexcept {
  return static_cast<double>(readClockNs(CLOCK_THREAD_CPUTIME_ID));
}

/// The loop in which whoever protects packets is timed, so that all are timed alike. `subject` has
///   `write(i, room)` → length of packet `i`, put into `room`;
///   `protect(room, length)` and `unprotect(room, length)` → new length, or nothing when refused;
///   `matches(i, packet)` → true for packet `i` as it was written.
/// Nothing when a packet was refused or came out changed.
template <typename Subject>
std::optional<ProtectionTiming> timeProtectionOf(Subject& subject, std::size_t roomOctets,
                                                 std::uint32_t packets) {
  // Packets that stay in the nearer caches: what a worker has in hand at one time.
  constexpr std::uint32_t batch = 64;
  std::vector<std::vector<std::uint8_t>> rooms(batch, std::vector<std::uint8_t>(roomOctets));
  std::vector<std::size_t> lengths(batch);
  ProtectionTiming total;
  for (std::uint32_t first = 0; first < packets; first += batch) {
    const std::uint32_t count = std::min(batch, packets - first);
    for (std::uint32_t i = 0; i < count; ++i) lengths[i] = subject.write(first + i, rooms[i]);

    const double start = threadTimeNs();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::optional<std::size_t> sealed = subject.protect(rooms[i], lengths[i]);
      if (!sealed) return std::nullopt;
      lengths[i] = *sealed;
    }
    const double middle = threadTimeNs();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::optional<std::size_t> opened = subject.unprotect(rooms[i], lengths[i]);
      if (!opened) return std::nullopt;
      lengths[i] = *opened;
    }
    const double end = threadTimeNs();
    total.protectNs += middle - start;
    total.unprotectNs += end - middle;

    for (std::uint32_t i = 0; i < count; ++i) {
      if (!subject.matches(first + i, std::span(rooms[i]).first(lengths[i]))) return std::nullopt;
    }
  }
  return ProtectionTiming{total.protectNs / packets, total.unprotectNs / packets};
}

}  // namespace sallyport::traffic
