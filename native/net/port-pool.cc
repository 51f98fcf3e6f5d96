#include "net/port-pool.h"

#include <utility>

namespace sallyport::net {

PortPool::PortPool(const media::TransportAddress& host, PortRange range, std::uint64_t coolDownMs,
                   const SocketOptions& options)
    : host_(host),
      range_(range),
      coolDownMs_(coolDownMs),
      options_(options),
      isTaken_(range.last < range.first ? 0 : range.last - range.first + 1U) {}

Result<LegSockets, BindFailure> PortPool::bind(RtcpPorts ports, std::uint32_t start,
                                               std::uint64_t nowMs) {
  wakeRested(nowMs);
  return ports == RtcpPorts::pair ? bindPair(start) : bindSingle(start);
}

void PortPool::release(std::uint16_t rtp, RtcpPorts ports, std::uint64_t nowMs) {
  resting_.push_back({rtp, nowMs + coolDownMs_});
  if (ports == RtcpPorts::pair) {
    resting_.push_back({static_cast<std::uint16_t>(rtp + 1), nowMs + coolDownMs_});
  }
}

void PortPool::unbind(std::uint16_t rtp, RtcpPorts ports) {
  mark(rtp, false);
  if (ports == RtcpPorts::pair) mark(rtp + 1U, false);
}

Result<LegSockets, BindFailure> PortPool::bindPair(std::uint32_t start) {
  const std::uint32_t firstEven = (range_.first + 1U) & ~1U;
  if (range_.last <= firstEven) return BindFailure::portTaken;

  const std::uint32_t pairs = (range_.last - firstEven + 1U) / 2;
  for (std::uint32_t tried = 0; tried < pairs; ++tried) {
    const std::uint32_t port = firstEven + 2 * ((start % pairs + tried) % pairs);
    if (!isFree(port) || !isFree(port + 1)) continue;
    auto rtp = bindPort(port);
    auto rtcp = rtp.ok() ? bindPort(port + 1) : Result<UdpSocket, BindFailure>(rtp.failure());
    if (rtcp.ok()) {
      mark(port, true);
      mark(port + 1, true);
      return LegSockets{std::move(rtp).value(), std::move(rtcp).value()};
    }
    if (rtcp.failure() != BindFailure::portTaken) return rtcp.failure();
  }
  return BindFailure::portTaken;
}

Result<LegSockets, BindFailure> PortPool::bindSingle(std::uint32_t start) {
  // Halves of pairs that are broken already go first, so that whole pairs last.
  const auto count = static_cast<std::uint32_t>(isTaken_.size());
  for (const bool wantsHalf : {true, false}) {
    for (std::uint32_t tried = 0; tried < count; ++tried) {
      const std::uint32_t port = range_.first + (start % count + tried) % count;
      if (!isFree(port) || isFree(port ^ 1) == wantsHalf) continue;
      auto rtp = bindPort(port);
      if (rtp.ok()) {
        mark(port, true);
        return LegSockets{std::move(rtp).value(), std::nullopt};
      }
      if (rtp.failure() != BindFailure::portTaken) return rtp.failure();
    }
  }
  return BindFailure::portTaken;
}

Result<UdpSocket, BindFailure> PortPool::bindPort(std::uint32_t port) {
  return UdpSocket::bind(host_.withPort(static_cast<std::uint16_t>(port)), options_);
}

bool PortPool::isFree(std::uint32_t port) const noexcept {
  return port >= range_.first && port <= range_.last && !isTaken_[port - range_.first];
}

void PortPool::wakeRested(std::uint64_t nowMs) {
  while (!resting_.empty() && resting_.front().untilMs <= nowMs) {
    mark(resting_.front().port, false);
    resting_.pop_front();
  }
}

void PortPool::mark(std::uint32_t port, bool isTaken) {
  isTaken_[port - range_.first] = isTaken;
  if (isTaken) {
    ++unavailable_;
  } else {
    --unavailable_;
  }
}

}  // namespace sallyport::net
