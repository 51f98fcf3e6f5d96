#pragma once

#include <atomic>
#include <cstdint>

namespace sallyport::srtp {

/// How many packets one master key has protected, or opened, over all sessions of the process (RFC
/// 3711 §9.2). Thread-safe without locks.
class KeyUsage {
 public:
  std::uint64_t rtpPackets() const noexcept { return rtp_.load(std::memory_order_relaxed); }
  std::uint64_t rtcpPackets() const noexcept { return rtcp_.load(std::memory_order_relaxed); }
  bool isUnused() const noexcept { return rtpPackets() == 0 && rtcpPackets() == 0; }

  void countRtp() noexcept { rtp_.fetch_add(1, std::memory_order_relaxed); }
  void countRtcp() noexcept { rtcp_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> rtp_ = 0;
  std::atomic<std::uint64_t> rtcp_ = 0;
};

}  // namespace sallyport::srtp
