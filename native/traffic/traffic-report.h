#pragma once

#include <cstdint>
#include <span>

namespace sallyport::traffic {

/// What became of the packets of a run. Times in nanoseconds.
struct TrafficReport {
  std::uint64_t sent = 0;
  /// The system took them not: a full send buffer or no route.
  std::uint64_t refused = 0;
  /// Authentic, with the payload that was sent, for the first time.
  std::uint64_t delivered = 0;
  /// Sent and never delivered.
  std::uint64_t lost = 0;
  /// Of the delivered: came behind one with a higher sequence number.
  std::uint64_t reordered = 0;
  std::uint64_t duplicated = 0;
  /// Did not open under the session of its receiver.
  std::uint64_t unauthentic = 0;
  /// Opened, with another payload or header than was sent.
  std::uint64_t altered = 0;
  /// Of no stream of ours, or from another address than its relay's.
  std::uint64_t strange = 0;
  /// Came to the generator's own sockets and found them full.
  std::uint64_t droppedByReceiver = 0;

  /// From before the system call that sent it to the kernel's time stamp of arrival.
  std::uint64_t latencyP50 = 0;
  std::uint64_t latencyP99 = 0;
  std::uint64_t latencyMax = 0;
  /// By how much the generator sent later than its plan says, 99 of 100 packets.
  std::uint64_t lateP99 = 0;
  /// From the first to the last sending, and from there to the last arrival.
  std::uint64_t sending = 0;
  std::uint64_t draining = 0;
  /// Of the generator's thread, and on the wall.
  std::uint64_t cpuTime = 0;
  std::uint64_t elapsed = 0;
};

/// The value that `perMille` thousandths of `values` do not exceed; 0 of none. Changes their order.
[[nodiscard]] std::uint64_t quantile(std::span<std::uint64_t> values,
                                     std::size_t perMille) noexcept;

}  // namespace sallyport::traffic
