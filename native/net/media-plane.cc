#include "net/media-plane.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "net/epoll-poller.h"

namespace sallyport::net {

namespace {

std::uint64_t monotonicMs() noexcept { return readClockNs(CLOCK_MONOTONIC) / 1'000'000; }

LegPorts portsOf(const LegSockets& sockets) noexcept {
  const std::uint16_t rtp = sockets.rtp.local().port();
  return {rtp, sockets.rtcp ? sockets.rtcp->local().port() : rtp};
}

}  // namespace

Result<std::unique_ptr<MediaPlane>, OpenFailure> MediaPlane::open(const MediaPlaneOptions& options,
                                                                  MediaWorker::Deliver deliver) {
  auto plane = std::unique_ptr<MediaPlane>(new MediaPlane());
  std::vector<HostAliases> hosts;
  for (const Interface& interface : options.interfaces) {
    hosts.push_back({interface.host, interface.aliases});
    plane->pools_.emplace_back(interface.host, interface.ports, options.portCoolDownMs,
                               options.sockets);
  }
  const auto routes = std::make_shared<RelayRoutes>(std::move(hosts));
  for (std::size_t i = 0; i < options.workers; ++i) {
    auto poller = EpollPoller::open();
    if (!poller) return OpenFailure::pollerRefused;
    auto worker = std::make_unique<MediaWorker>(std::move(poller), deliver, routes);
    if (!options.processors.empty() &&
        !worker->pinTo(options.processors[i % options.processors.size()])) {
      return OpenFailure::processorNotAvailable;
    }
    plane->hosts_.push_back({std::move(worker), 0});
  }
  return plane;
}

Result<std::array<LegPorts, 2>, CreateFailure> MediaPlane::createRelay(
    std::uint32_t request, RelayId relay, const std::array<LegPlace, 2>& places) {
  const std::uint64_t nowMs = monotonicMs();
  const auto bind = [&](std::size_t leg) {
    return pools_[places[leg].interface].bind(places[leg].rtcp, random_(), nowMs);
  };
  auto first = bind(0);
  if (!first) return CreateFailure{first.failure(), 0};
  auto second = bind(1);
  if (!second) {
    // No packet can have come for a call that was never told of: nothing to rest for.
    pools_[places[0].interface].unbind(portsOf(first.value()).rtp, places[0].rtcp);
    return CreateFailure{second.failure(), 1};
  }

  const std::array<LegPorts, 2> ports{portsOf(first.value()), portsOf(second.value())};
  const auto least = std::ranges::min_element(hosts_, {}, &Host::relays);
  relays_.insert_or_assign(relay,
                           Hosted{static_cast<std::size_t>(least - hosts_.begin()), places, ports});
  ++least->relays;
  least->worker->post(
      {request, CreateRelay{relay, {std::move(first).value(), std::move(second).value()}}});
  return ports;
}

void MediaPlane::destroyRelay(std::uint32_t request, RelayId relay) {
  post(request, DestroyRelay{relay});
  forget(relay);
}

void MediaPlane::forget(RelayId relay) {
  const auto found = relays_.find(relay);
  if (found == relays_.end()) return;
  const Hosted& hosted = found->second;
  const std::uint64_t nowMs = monotonicMs();
  for (std::size_t leg = 0; leg < 2; ++leg) {
    const LegPlace& place = hosted.places[leg];
    pools_[place.interface].release(hosted.ports[leg].rtp, place.rtcp, nowMs);
  }
  --hosts_[hosted.worker].relays;
  relays_.erase(found);
}

std::vector<std::size_t> MediaPlane::load() const {
  std::vector<std::size_t> load;
  std::ranges::transform(hosts_, std::back_inserter(load), &Host::relays);
  return load;
}

MediaWorker& MediaPlane::workerOf(RelayId relay) noexcept {
  const auto found = relays_.find(relay);
  return *hosts_[found == relays_.end() ? 0 : found->second.worker].worker;
}

}  // namespace sallyport::net
