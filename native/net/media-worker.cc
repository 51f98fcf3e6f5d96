#include "net/media-worker.h"

#include <pthread.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "base/clock.h"

namespace sallyport::net {

namespace {

using media::Channel;
using media::DropReason;

constexpr std::uint64_t kTickIntervalMs = 1000;

/// For jitter, which wants better than the coarse clock; read once per batch, without a system
/// call.
std::uint64_t monotonicUs() noexcept { return readClockNs(CLOCK_MONOTONIC) / 1000; }

/// Coarse: read once per batch without a system call, good to a few milliseconds.
std::uint64_t monotonicMs() noexcept { return readClockNs(CLOCK_MONOTONIC_COARSE) / 1'000'000; }

DropReason reasonFor(int error) noexcept {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return DropReason::wouldBlock;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EINVAL:
    case EACCES:
    case EPERM:
      return DropReason::noRoute;
    default:
      return DropReason::internal;
  }
}

CommandFailure failureFor(media::ConfigureFailure failure) noexcept {
  switch (failure) {
    case media::ConfigureFailure::noSession:
      return CommandFailure::noSession;
    case media::ConfigureFailure::learningNeedsSrtp:
      return CommandFailure::learningNeedsSrtp;
    case media::ConfigureFailure::keyInBothDirections:
      return CommandFailure::keyInBothDirections;
    case media::ConfigureFailure::remoteNotUnicast:
      return CommandFailure::remoteNotUnicast;
  }
  return CommandFailure::noSession;
}

RelayStatistics reportOn(const media::Relay& relay) {
  const auto reportOnLeg = [&](std::size_t leg) {
    const media::StreamTable& streams = relay.streams(leg);
    return LegReport{relay.statistics(leg), streams.streams(), streams.roundTripUs};
  };
  return {reportOnLeg(0), reportOnLeg(1)};
}

}  // namespace

MediaWorker::MediaWorker(std::unique_ptr<Poller> poller, Deliver deliver,
                         std::shared_ptr<RelayRoutes> routes)
    : poller_(std::move(poller)), deliver_(std::move(deliver)), routes_(std::move(routes)) {
  // Signals are for the main thread: the worker inherits a full mask.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread(&MediaWorker::run, this);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread_.native_handle(), "sallyport-media");
}

MediaWorker::~MediaWorker() {
  isStopping_.store(true, std::memory_order_release);
  poller_->wake();
  thread_.join();
}

bool MediaWorker::pinTo(unsigned processor) noexcept {
  if (processor >= CPU_SETSIZE) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return ::pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set) == 0;
}

void MediaWorker::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(command));
  }
  poller_->wake();
}

void MediaWorker::run() noexcept {
  std::vector<Command> commands;
  while (!isStopping_.load(std::memory_order_acquire)) {
    const bool isWoken = poller_->run(*this, untilNextTick());
    tickWhenDue();
    if (!isWoken) continue;
    {
      const std::lock_guard lock(mutex_);
      commands.swap(queue_);
    }
    for (Command& command : commands) obey(std::move(command));
    commands.clear();
  }
}

void MediaWorker::obey(Command command) {
  deliver_(std::visit(
      [&](auto&& body) { return execute(command.request, std::forward<decltype(body)>(body)); },
      std::move(command.body)));
}

Reply MediaWorker::execute(std::uint32_t request, CreateRelay body) {
  auto carried = std::make_unique<Carried>();
  carried->id = body.relay;
  for (std::size_t leg = 0; leg < 2; ++leg) {
    LegSockets& sockets = body.legs[leg];
    carried->endpoint(leg, Channel::rtp)
        .emplace(Endpoint{std::move(sockets.rtp), carried.get(), leg, Channel::rtp, {}});
    if (sockets.rtcp) {
      carried->endpoint(leg, Channel::rtcp)
          .emplace(Endpoint{std::move(*sockets.rtcp), carried.get(), leg, Channel::rtcp, {}});
    }
  }
  for (auto& endpoint : carried->endpoints) {
    // Endpoints added before a refusal leave the poller when their sockets close.
    if (endpoint && !poller_->add(*endpoint)) return {request, CommandFailure::pollerRefused};
  }
  for (const auto& endpoint : carried->endpoints) {
    if (endpoint) routes_->add(body.relay, endpoint->leg, endpoint->socket.local());
  }
  relays_.insert_or_assign(body.relay, std::move(carried));
  return {request, {}};
}

Reply MediaWorker::execute(std::uint32_t request, ConfigureLeg body) {
  Carried* carried = find(body.relay);
  if (carried == nullptr) return {request, CommandFailure::unknownRelay};
  const std::array remotes{body.configuration.remoteRtp, body.configuration.remoteRtcp};
  // With RTCP multiplexed the second one is not read.
  const auto used = std::span(remotes).first(body.configuration.isMultiplexed ? 1 : 2);
  std::optional<media::ConfigureFailure> failure;
  const bool isPointed = routes_->point(body.relay, body.leg, used, [&] {
    failure = carried->relay.configure(body.leg, std::move(body.configuration), monotonicMs());
    return !failure;
  });
  if (!isPointed) return {request, CommandFailure::remoteIsOurselves};
  if (failure) return {request, failureFor(*failure)};
  return {request, {}};
}

Reply MediaWorker::execute(std::uint32_t request, DestroyRelay body) {
  Carried* carried = find(body.relay);
  if (carried == nullptr) return {request, CommandFailure::unknownRelay};
  const RelayStatistics last = reportOn(carried->relay);
  for (auto& endpoint : carried->endpoints) {
    if (endpoint) poller_->remove(*endpoint);
  }
  routes_->remove(body.relay);
  relays_.erase(body.relay);
  return {request, last};
}

Reply MediaWorker::execute(std::uint32_t request, ReadStatistics body) {
  const Carried* carried = find(body.relay);
  if (carried == nullptr) return {request, CommandFailure::unknownRelay};
  return {request, reportOn(carried->relay)};
}

MediaWorker::Carried* MediaWorker::find(RelayId relay) noexcept {
  const auto found = relays_.find(relay);
  return found == relays_.end() ? nullptr : found->second.get();
}

void MediaWorker::onDatagrams(std::span<Datagram> batch) noexcept {
  const std::uint64_t nowMs = monotonicMs();
  const std::uint64_t nowUs = monotonicUs();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    prefetchAfter(batch, i);
    Datagram& datagram = batch[i];
    const Endpoint& endpoint = *datagram.receivedOn;
    auto& carried = *static_cast<Carried*>(endpoint.owner);
    const auto departure = carried.relay.receive({.leg = endpoint.leg,
                                                  .channel = endpoint.channel,
                                                  .room = datagram.room,
                                                  .length = datagram.length,
                                                  .isTruncated = datagram.isTruncated,
                                                  .from = datagram.from,
                                                  .arrivedUs = nowUs},
                                                 nowMs);
    if (departure) {
      auto& sendOn = carried.endpoint(departure->leg, departure->port);
      datagram.sendOn = sendOn ? &*sendOn : &*carried.endpoint(departure->leg, Channel::rtp);
      datagram.sendLength = departure->length;
      datagram.to = departure->to;
      datagram.channel = departure->channel;
    }
    deliverEvents(carried);
  }
}

/// While packet `i` is worked on, memory for those behind it is fetched: the nearer one is, the
/// further along its pointers.
void MediaWorker::prefetchAfter(std::span<const Datagram> batch, std::size_t i) noexcept {
  constexpr std::size_t steps = media::Leg::kPrefetchSteps;
  for (std::size_t step = 0; step < steps; ++step) {
    if (i + steps - step >= batch.size()) continue;
    const Endpoint& endpoint = *batch[i + steps - step].receivedOn;
    static_cast<const Carried*>(endpoint.owner)->relay.prefetch(endpoint.leg, step);
  }
}

std::optional<std::chrono::milliseconds> MediaWorker::untilNextTick() const noexcept {
  if (relays_.empty()) return std::nullopt;
  const std::uint64_t nowMs = monotonicMs();
  return std::chrono::milliseconds(nextTickMs_ > nowMs ? nextTickMs_ - nowMs : 0);
}

void MediaWorker::tickWhenDue() noexcept {
  const std::uint64_t nowMs = monotonicMs();
  if (nowMs < nextTickMs_) return;
  nextTickMs_ = nowMs + kTickIntervalMs;
  for (const auto& [id, carried] : relays_) {
    carried->relay.onTick(nowMs);
    deliverEvents(*carried);
  }
}

void MediaWorker::deliverEvents(Carried& carried) noexcept {
  while (auto event = carried.relay.takeEvent()) {
    const auto octets = std::exchange(event->octets, {});
    deliver_(Event{carried.id, *event, {octets.begin(), octets.end()}});
  }
}

void MediaWorker::onSendResult(const Datagram& datagram, int error) noexcept {
  const Endpoint& endpoint = *datagram.sendOn;
  media::Relay& relay = static_cast<Carried*>(endpoint.owner)->relay;
  const media::Departure departure{endpoint.leg,     datagram.channel,
                                   endpoint.channel, datagram.sendLength,
                                   datagram.to,      datagram.sendOn == datagram.receivedOn};
  if (error == 0) {
    relay.onSent(departure);
  } else {
    relay.onUnsent(departure, reasonFor(error));
  }
}

}  // namespace sallyport::net
