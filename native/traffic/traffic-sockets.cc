#include "traffic/traffic-sockets.h"

#include <linux/sock_diag.h>

#include <utility>

#include "traffic/arrival-time.h"

namespace sallyport::traffic {

namespace {

/// What a busy relay may send at once. Without privilege the kernel grants less.
constexpr int kReceiveBufferOctets = 4 * 1024 * 1024;

bool prepare(int descriptor) noexcept {
  const int octets = kReceiveBufferOctets;
  if (::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0) {
    static_cast<void>(::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets));
  }
  return askForArrivalTimes(descriptor);
}

std::uint16_t portOf(int descriptor) noexcept {
  sockaddr_storage address{};
  socklen_t octets = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &octets) != 0) return 0;
  const auto local = media::TransportAddress::fromSocketAddress(address);
  return local ? local->port() : std::uint16_t{0};
}

}  // namespace

std::optional<TrafficSockets> TrafficSockets::bind(const media::TransportAddress& host,
                                                   std::size_t pairs) {
  TrafficSockets all;
  for (std::size_t i = 0; i < 2 * pairs; ++i) {
    auto socket = net::UdpSocket::bind(host.withPort(0));
    if (!socket.ok() || !prepare(socket.value().descriptor())) return std::nullopt;
    const std::uint16_t port = portOf(socket.value().descriptor());
    all.sockets_.push_back({std::move(socket).value(), port});
  }
  return all;
}

std::uint64_t TrafficSockets::drops() const noexcept {
  std::uint64_t drops = 0;
  for (const Bound& bound : sockets_) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    socklen_t octets = sizeof memory;
    if (::getsockopt(bound.socket.descriptor(), SOL_SOCKET, SO_MEMINFO, memory.data(), &octets) ==
        0) {
      drops += memory[SK_MEMINFO_DROPS];
    }
  }
  return drops;
}

}  // namespace sallyport::traffic
