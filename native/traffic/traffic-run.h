#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "traffic/arrival-time.h"
#include "traffic/prepared-packets.h"
#include "traffic/reception.h"
#include "traffic/traffic-plan.h"
#include "traffic/traffic-report.h"
#include "traffic/traffic-sockets.h"

namespace sallyport::traffic {

/// One run of a plan: packets leave evenly spaced, streams one after another, and what comes back
/// is judged. Belongs to the thread that calls `carry`.
class TrafficRun {
 public:
  /// `sockets` and `plan` outlive the run.
  TrafficRun(const TrafficSockets& sockets, TrafficPlan& plan, PreparedPackets packets);

  /// Returns when all packets came back, when nothing came for a second after the last was sent, or
  /// when `isStopping` is set. Nothing when the kernel grants no epoll.
  std::optional<TrafficReport> carry(const std::atomic<bool>& isStopping) noexcept;

 private:
  /// Most packets of one system call, and most that are sent before arrivals are looked at.
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kSendsPerTurn = 256;
  static constexpr std::size_t kReceiveOctets = 2048;

  struct Slot {
    alignas(16) std::array<std::uint8_t, kReceiveOctets> octets;
    sockaddr_storage address;
    iovec vector;
    alignas(cmsghdr) std::array<std::uint8_t, kArrivalControlOctets> control;
  };

  [[nodiscard]] PacketName nameAt(std::uint64_t place) const noexcept;
  [[nodiscard]] std::uint64_t dueAt(std::uint64_t place) const noexcept;
  [[nodiscard]] std::uint64_t lastSignOfLifeAt() const noexcept {
    return std::max(lastArrivalAt_, lastSendingAt_);
  }
  [[nodiscard]] std::uint64_t allowance(std::uint64_t now) noexcept;
  void sendDue() noexcept;
  std::size_t sendRun(std::uint64_t upTo) noexcept;
  void receive(int descriptor) noexcept;

  const TrafficSockets& sockets_;
  TrafficPlan& plan_;
  PreparedPackets packets_;
  Reception reception_;
  /// Streams in the order in which they send, those of one socket side by side.
  std::vector<std::uint32_t> order_;
  std::vector<std::uint64_t> lateness_;
  std::uint64_t startedAt_ = 0;
  std::uint64_t firstSendingAt_ = 0;
  std::uint64_t lastSendingAt_ = 0;
  std::uint64_t lastArrivalAt_ = 0;
  /// Packets handed to the system, refused ones included.
  std::uint64_t place_ = 0;
  std::uint64_t refused_ = 0;
  /// Sent, not heard of for long, and no longer counted as on their way.
  std::uint64_t givenUp_ = 0;
  std::vector<Slot> slots_;
  std::array<mmsghdr, kBatch> headers_{};
};

}  // namespace sallyport::traffic
