#include "net/port-pair.h"

#include <utility>

namespace sallyport::net {

Result<PortPair, BindFailure> bindPortPair(const media::TransportAddress& host, PortRange range,
                                           std::uint32_t start) noexcept {
  const std::uint32_t firstEven = (range.first + 1U) & ~1U;
  if (range.last <= firstEven) return BindFailure::portTaken;

  const std::uint32_t pairs = (range.last - firstEven + 1U) / 2;
  for (std::uint32_t tried = 0; tried < pairs; ++tried) {
    const std::uint32_t pair = (start % pairs + tried) % pairs;
    const auto port = static_cast<std::uint16_t>(firstEven + 2 * pair);
    auto rtp = UdpSocket::bind(host.withPort(port));
    if (!rtp.ok()) {
      if (rtp.failure() == BindFailure::portTaken) continue;
      return rtp.failure();
    }
    auto rtcp = UdpSocket::bind(host.withPort(static_cast<std::uint16_t>(port + 1)));
    if (!rtcp.ok()) {
      if (rtcp.failure() == BindFailure::portTaken) continue;
      return rtcp.failure();
    }
    return PortPair{std::move(rtp).value(), std::move(rtcp).value()};
  }
  return BindFailure::portTaken;
}

}  // namespace sallyport::net
