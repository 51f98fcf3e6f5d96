#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.h"
#include "media/transport-address.h"
#include "net/udp-socket.h"

namespace sallyport::net {

/// Ports that legs may use, both ends included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

/// How RTCP of a leg travels: on the odd port above RTP's even one (RFC 3550 §11), or multiplexed
/// with RTP on one port (RFC 5761).
enum class RtcpPorts : std::uint8_t { pair, mux };

/// The sockets of one leg.
struct LegSockets {
  UdpSocket rtp;
  /// Absent: RTCP shares RTP's.
  std::optional<UdpSocket> rtcp;
};

/// The ports of one local address. What is given back rests for a while, so that late packets of
/// one call do not reach the next. Belongs to one thread.
class PortPool {
 public:
  PortPool(const media::TransportAddress& host, PortRange range, std::uint64_t coolDownMs,
           const SocketOptions& options = {});

  /// Binds what a leg needs, trying each place once from the one that `start` picks: pass a random
  /// number, so that ports cannot be foretold. Ports that other programs have are passed over.
  /// `portTaken`: none is left.
  [[nodiscard]] Result<LegSockets, BindFailure> bind(RtcpPorts ports, std::uint32_t start,
                                                     std::uint64_t nowMs);
  /// Takes back the port of `rtp` and, with `pair`, the one above. The sockets may still be about
  /// to close: nobody gets a port that is bound.
  void release(std::uint16_t rtp, RtcpPorts ports, std::uint64_t nowMs);
  /// The same without a rest, for ports that nobody was told of.
  void unbind(std::uint16_t rtp, RtcpPorts ports);

  /// Ports that are bound or rest.
  [[nodiscard]] std::size_t unavailable() const noexcept { return unavailable_; }
  [[nodiscard]] const media::TransportAddress& host() const noexcept { return host_; }

 private:
  struct Resting {
    std::uint16_t port = 0;
    std::uint64_t untilMs = 0;
  };

  [[nodiscard]] Result<LegSockets, BindFailure> bindPair(std::uint32_t start);
  [[nodiscard]] Result<LegSockets, BindFailure> bindSingle(std::uint32_t start);
  [[nodiscard]] Result<UdpSocket, BindFailure> bindPort(std::uint32_t port);
  [[nodiscard]] bool isFree(std::uint32_t port) const noexcept;
  void wakeRested(std::uint64_t nowMs);
  void mark(std::uint32_t port, bool isTaken);

  media::TransportAddress host_;
  PortRange range_;
  std::uint64_t coolDownMs_;
  SocketOptions options_;
  /// By port above `range_.first`.
  std::vector<bool> isTaken_;
  std::size_t unavailable_ = 0;
  std::deque<Resting> resting_;
};

}  // namespace sallyport::net
