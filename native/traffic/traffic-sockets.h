#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/transport-address.h"
#include "net/udp-socket.h"

namespace sallyport::traffic {

/// The sockets of callers and callees. Many calls share one, so that a system call carries many
/// packets: a relay tells calls apart by its own ports, and so do we.
class TrafficSockets {
 public:
  /// `pairs` sockets for callers and as many for callees on free ports of `host`. Nothing when the
  /// system refuses.
  static std::optional<TrafficSockets> bind(const media::TransportAddress& host, std::size_t pairs);

  [[nodiscard]] std::size_t pairs() const noexcept { return sockets_.size() / 2; }
  /// Which socket a stream is sent from: its party's.
  [[nodiscard]] std::size_t indexOf(std::size_t stream) const noexcept {
    return stream / 2 % pairs() * 2 + stream % 2;
  }
  [[nodiscard]] int descriptor(std::size_t index) const noexcept {
    return sockets_[index].socket.descriptor();
  }
  [[nodiscard]] std::uint16_t port(std::size_t index) const noexcept {
    return sockets_[index].port;
  }
  [[nodiscard]] std::size_t size() const noexcept { return sockets_.size(); }
  /// Datagrams that the kernel dropped because our buffers were full, since the sockets were bound.
  [[nodiscard]] std::uint64_t drops() const noexcept;

 private:
  struct Bound {
    net::UdpSocket socket;
    std::uint16_t port = 0;
  };
  std::vector<Bound> sockets_;
};

}  // namespace sallyport::traffic
