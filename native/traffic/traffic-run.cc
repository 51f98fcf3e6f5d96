#include "traffic/traffic-run.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "traffic/arrival-time.h"

namespace sallyport::traffic {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
/// How often the plan is looked at when nothing arrives.
constexpr long kTick = 500'000;
/// Between the call of `carry` and the first packet.
constexpr std::uint64_t kLeadIn = 2'000'000;
constexpr std::uint64_t kSilenceAtEnd = kSecond;
/// After so long without an arrival what is on its way is given up, and its place taken by others.
constexpr std::uint64_t kGivenUpAfter = 200'000'000;

bool watch(int epoll, int descriptor) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

TrafficRun::TrafficRun(const TrafficSockets& sockets, TrafficPlan& plan, PreparedPackets packets)
    : sockets_(sockets),
      plan_(plan),
      packets_(std::move(packets)),
      reception_(plan),
      order_(plan.streams()),
      slots_(kBatch) {
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::stable_sort(order_, {}, [&](auto stream) { return sockets_.indexOf(stream); });
  lateness_.reserve(plan.packets());
  for (std::size_t i = 0; i < kBatch; ++i) {
    headers_[i].msg_hdr.msg_iov = &slots_[i].vector;
    headers_[i].msg_hdr.msg_iovlen = 1;
    headers_[i].msg_hdr.msg_name = &slots_[i].address;
  }
}

std::optional<TrafficReport> TrafficRun::carry(const std::atomic<bool>& isStopping) noexcept {
  const net::FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  const net::FileDescriptor ticker(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const itimerspec ticks{{0, kTick}, {0, kTick}};
  bool isReady = epoll.get() >= 0 && ticker.get() >= 0 &&
                 ::timerfd_settime(ticker.get(), 0, &ticks, nullptr) == 0 &&
                 watch(epoll.get(), ticker.get());
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    isReady = isReady && watch(epoll.get(), sockets_.descriptor(i));
  }
  if (!isReady) return std::nullopt;

  const std::uint64_t cpuBefore = readClockNs(CLOCK_THREAD_CPUTIME_ID);
  const std::uint64_t dropsBefore = sockets_.drops();
  // The clock of SO_TIMESTAMPNS: a step of it during a run spoils the latencies.
  startedAt_ = readClockNs(CLOCK_REALTIME) + kLeadIn;
  std::array<epoll_event, kBatch> ready{};
  while (!isStopping.load(std::memory_order_relaxed)) {
    sendDue();
    const bool isAllSent = place_ == plan_.packets();
    if (isAllSent && (reception_.delivered() + refused_ == place_ ||
                      readClockNs(CLOCK_REALTIME) > lastSignOfLifeAt() + kSilenceAtEnd)) {
      break;
    }
    const int count = ::epoll_wait(epoll.get(), ready.data(), static_cast<int>(ready.size()), 100);
    for (int i = 0; i < count; ++i) {
      const int descriptor = ready[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == ticker.get()) {
        std::uint64_t times = 0;
        static_cast<void>(::read(descriptor, &times, sizeof times) == sizeof times);
      } else {
        receive(descriptor);
      }
    }
  }

  const std::uint64_t endedAt = readClockNs(CLOCK_REALTIME);
  const std::uint64_t arrivedAt = std::max(lastArrivalAt_, lastSendingAt_);
  TrafficReport report = reception_.conclude();
  report.sent = place_ - refused_;
  report.refused = refused_;
  report.lost = report.sent - std::min(report.sent, report.delivered);
  report.droppedByReceiver = sockets_.drops() - dropsBefore;
  report.lateP99 = quantile(lateness_, 990);
  report.cpuTime = readClockNs(CLOCK_THREAD_CPUTIME_ID) - cpuBefore;
  report.sending = lastSendingAt_ - std::min(lastSendingAt_, firstSendingAt_);
  report.draining = arrivedAt - lastSendingAt_;
  report.elapsed = endedAt - std::min(endedAt, startedAt_);
  return report;
}

PacketName TrafficRun::nameAt(std::uint64_t place) const noexcept {
  return {order_[place % order_.size()], static_cast<std::uint32_t>(place / order_.size())};
}

std::uint64_t TrafficRun::dueAt(std::uint64_t place) const noexcept {
  const std::uint64_t perSecond = order_.size() * std::uint64_t{plan_.packetsPerSecond};
  return startedAt_ + place / perSecond * kSecond + place % perSecond * kSecond / perSecond;
}

/// How many more packets may be on their way now.
std::uint64_t TrafficRun::allowance(std::uint64_t now) noexcept {
  if (plan_.maxInFlightPackets == 0) return kSendsPerTurn;
  const std::uint64_t settled = reception_.delivered() + refused_;
  if (settled + givenUp_ < place_ && now > lastSignOfLifeAt() + kGivenUpAfter) {
    givenUp_ = place_ - settled;
  }
  const std::uint64_t inFlight = place_ - std::min(place_, settled + givenUp_);
  return std::min<std::uint64_t>(
      kSendsPerTurn,
      plan_.maxInFlightPackets - std::min<std::uint64_t>(plan_.maxInFlightPackets, inFlight));
}

void TrafficRun::sendDue() noexcept {
  const std::uint64_t now = readClockNs(CLOCK_REALTIME);
  const std::uint64_t last = std::min<std::uint64_t>(plan_.packets(), place_ + allowance(now));
  std::uint64_t due = place_;
  while (due < last && dueAt(due) <= now) ++due;
  while (place_ < due) place_ += sendRun(due);
}

/// Sends what follows in the plan from one socket, in one system call.
std::size_t TrafficRun::sendRun(std::uint64_t upTo) noexcept {
  const std::uint64_t now = readClockNs(CLOCK_REALTIME);
  const std::size_t socket = sockets_.indexOf(nameAt(place_).stream);
  std::size_t count = 0;
  while (count < kBatch && place_ + count < upTo) {
    const PacketName name = nameAt(place_ + count);
    if (sockets_.indexOf(name.stream) != socket) break;
    const auto packet = packets_.packet(name.stream, name.round);
    const Party& party = plan_.calls[name.stream / 2][name.stream % 2];
    msghdr& header = headers_[count].msg_hdr;
    slots_[count].vector = {packet.data(), packet.size()};
    header.msg_namelen = party.relay.toSocketAddress(slots_[count].address);
    header.msg_control = nullptr;
    header.msg_controllen = 0;
    reception_.onSending(name, now);
    lateness_.push_back(now - std::min(now, dueAt(place_ + count)));
    ++count;
  }

  std::size_t done = 0;
  while (done < count) {
    const int taken = ::sendmmsg(sockets_.descriptor(socket), &headers_[done],
                                 static_cast<unsigned>(count - done), MSG_DONTWAIT);
    if (taken > 0) {
      done += static_cast<std::size_t>(taken);
    } else if (errno != EINTR) {
      refused_++;
      done++;
    }
  }
  if (place_ == 0) firstSendingAt_ = now;
  lastSendingAt_ = now;
  return count;
}

void TrafficRun::receive(int descriptor) noexcept {
  for (std::size_t i = 0; i < kBatch; ++i) {
    msghdr& header = headers_[i].msg_hdr;
    slots_[i].vector = {slots_[i].octets.data(), kReceiveOctets};
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_control = slots_[i].control.data();
    header.msg_controllen = slots_[i].control.size();
  }
  const int count = ::recvmmsg(descriptor, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    mmsghdr& message = headers_[static_cast<std::size_t>(i)];
    Slot& slot = slots_[static_cast<std::size_t>(i)];
    const std::uint64_t at = arrivalOf(message.msg_hdr).value_or(readClockNs(CLOCK_REALTIME));
    lastArrivalAt_ = std::max(lastArrivalAt_, at);
    const auto from = media::TransportAddress::fromSocketAddress(slot.address);
    reception_.onPacket(std::span(slot.octets).first(message.msg_len),
                        from.value_or(media::TransportAddress()), at);
  }
}

}  // namespace sallyport::traffic
