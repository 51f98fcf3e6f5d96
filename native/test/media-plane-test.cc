// A plane of two workers: relays are spread, both carry at once, nothing is shared but queues.
#include "net/media-plane.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "test/allocation-count.h"
#include "test/loopback-sockets.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::net {

namespace {

using media::at;
using media::Bytes;
using media::rtpPacket;
using media::TransportAddress;
using test::expect;
using test::isSanitized;
using test::someSockets;
using test::Story;

MediaPlaneOptions onLoopback(std::size_t workers, std::uint64_t coolDownMs) {
  MediaPlaneOptions options;
  options.interfaces = {{at("127.0.0.1", 0), {20000, 59999}}, {at("::1", 0), {20000, 59999}}};
  options.workers = workers;
  options.portCoolDownMs = coolDownMs;
  return options;
}

/// A plane on loopback, and a count of its replies.
class Plane {
 public:
  explicit Plane(std::size_t workers, std::uint64_t coolDownMs = 0)
      : plane_(MediaPlane::open(onLoopback(workers, coolDownMs), [this](Message message) {
                 take(std::move(message));
               }).value()) {}

  MediaPlane* operator->() { return plane_.get(); }

  std::uint32_t nextRequest() { return ++request_; }

  /// Waits until every request so far is answered; returns the last reply.
  Reply settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answered_ == request_; });
    return last_;
  }

  std::array<LegPorts, 2> create(RelayId relay) {
    return plane_->createRelay(nextRequest(), relay, {LegPlace{0}, LegPlace{1}}).value();
  }

  RelayStatistics statistics(RelayId relay) {
    plane_->post(nextRequest(), ReadStatistics{relay});
    return std::get<RelayStatistics>(settle().body);
  }

 private:
  void take(Message message) {
    if (!std::holds_alternative<Reply>(message)) return;
    const std::lock_guard lock(mutex_);
    last_ = std::get<Reply>(message);
    ++answered_;
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Reply last_;
  std::uint32_t request_ = 0;
  std::uint32_t answered_ = 0;
  std::unique_ptr<MediaPlane> plane_;
};

std::size_t openDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

const Story spreads("a relay goes to the worker that has fewest, and its ports come back", [] {
  Plane plane(2);
  for (RelayId relay = 1; relay <= 4; ++relay) plane.create(relay);
  expect(plane->load() == std::vector<std::size_t>({2, 2}));
  expect(plane->unavailablePorts(0) == 8 && plane->unavailablePorts(1) == 8);
  plane->destroyRelay(plane.nextRequest(), 1);
  plane->destroyRelay(plane.nextRequest(), 3);
  plane.settle();
  expect(plane->load() == std::vector<std::size_t>({0, 2}));
  plane.create(5);
  expect(plane->load() == std::vector<std::size_t>({1, 2}));
  expect(plane->unavailablePorts(0) == 6);
});

const Story both("two workers carry packets of many relays at once, commands between them", [] {
  Plane plane(2);
  constexpr RelayId kRelays = 8;
  constexpr std::uint16_t kPackets = isSanitized ? 200 : 2000;
  std::vector<LegSockets> phones;
  std::vector<std::array<LegPorts, 2>> ports;
  for (RelayId relay = 0; relay < kRelays; ++relay) {
    ports.push_back(plane.create(relay));
    phones.push_back(someSockets("127.0.0.1"));
    phones.push_back(someSockets("::1"));
    for (std::size_t leg = 0; leg < 2; ++leg) {
      plane->post(plane.nextRequest(),
                  ConfigureLeg{relay, leg, media::clearLeg(phones[2 * relay + leg].rtp.local())});
    }
  }
  plane.settle();
  const auto flood = [&](std::size_t half) {
    for (std::uint16_t i = 0; i < kPackets; ++i) {
      for (RelayId relay = 0; relay < kRelays; ++relay) {
        if (relay % 2 != half) continue;
        const Bytes packet = rtpPacket(i);
        sockaddr_storage to{};
        const socklen_t octets = at("127.0.0.1", ports[relay][0].rtp).toSocketAddress(to);
        static_cast<void>(::sendto(phones[2 * relay].rtp.descriptor(), packet.data(), packet.size(),
                                   0, reinterpret_cast<sockaddr*>(&to), octets));
      }
    }
  };
  std::thread first(flood, 0);
  std::thread second(flood, 1);
  for (int i = 0; i < 50; ++i) plane.statistics(static_cast<RelayId>(i) % kRelays);
  first.join();
  second.join();
  for (RelayId relay = 0; relay < kRelays; ++relay) {
    // What a full buffer lost was never received.
    const RelayStatistics statistics = plane.statistics(relay);
    expect(statistics[0].receivedPackets > 0 && statistics[0].receivedPackets <= kPackets);
    expect(statistics[1].sentPackets == statistics[0].receivedPackets);
  }
});

const Story leaksNothing("relays made and ended a thousand times leave neither socket nor port",
                         [] {
                           Plane plane(2);
                           plane.settle();
                           const std::size_t before = openDescriptors();
                           for (RelayId relay = 1; relay <= 1000; ++relay) {
                             plane.create(relay);
                             plane->destroyRelay(plane.nextRequest(), relay);
                             if (relay % 50 == 0) plane.settle();
                           }
                           plane.settle();
                           plane.create(1001);
                           expect(openDescriptors() == before + 4);
                           expect(plane->unavailablePorts(0) == 2 &&
                                  plane->unavailablePorts(1) == 2);
                         });

const Story forgets("a relay that its worker refused gives its ports back", [] {
  Plane plane(1, 1);
  plane.create(1);
  plane.settle();
  plane->forget(1);
  plane->forget(1);
  expect(plane->load() == std::vector<std::size_t>({0}));
});

const Story pins("a processor that is not there is refused", [] {
  MediaPlaneOptions options;
  options.processors = {1023};
  const auto plane = MediaPlane::open(options, [](const Message&) {});
  expect(!plane && plane.failure() == OpenFailure::processorNotAvailable);
});

}  // namespace

}  // namespace sallyport::net
