// What the machine may do to a worker: buffers that run out, a clock that is set.
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "test/worker-fixture.h"

namespace {

/// By how much the wall clock is wrong, for everybody in this program.
std::atomic<std::int64_t> wallClockStepSeconds = 0;
std::atomic<int> wallClockReadings = 0;

}  // namespace

/// In place of the C library's, which has no way to set the clock of one program.
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto status = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    now->tv_sec += wallClockStepSeconds.load();
    ++wallClockReadings;
  }
  return status;
}

namespace sallyport::net {

namespace {

using media::Bytes;
using media::DropReason;
using media::rtpPacket;
using media::TransportAddress;
using test::expect;
using test::someSockets;
using test::Story;

/// A poller whose kernel refuses to send (ENOBUFS) as often as it is told to.
class ShortOfBuffers final : public Poller {
 public:
  explicit ShortOfBuffers(std::atomic<int>& refusals) : refusals_(refusals) {}

  bool add(Endpoint& endpoint) noexcept override { return inner_->add(endpoint); }
  void remove(Endpoint& endpoint) noexcept override { inner_->remove(endpoint); }
  void wake() noexcept override { inner_->wake(); }
  bool run(DatagramHandler& handler,
           std::optional<std::chrono::milliseconds> longestSleep) noexcept override {
    Refusing refusing(handler, refusals_);
    return inner_->run(refusing, longestSleep);
  }

 private:
  class Refusing final : public DatagramHandler {
   public:
    Refusing(DatagramHandler& handler, std::atomic<int>& refusals)
        : handler_(handler), refusals_(refusals) {}

    void onDatagrams(std::span<Datagram> batch) noexcept override {
      handler_.onDatagrams(batch);
      for (Datagram& datagram : batch) {
        if (datagram.sendOn == nullptr || refusals_.load() == 0) continue;
        --refusals_;
        handler_.onSendResult(datagram, ENOBUFS);
        datagram.sendOn = nullptr;
      }
    }
    void onSendResult(const Datagram& datagram, int error) noexcept override {
      handler_.onSendResult(datagram, error);
    }

   private:
    DatagramHandler& handler_;
    std::atomic<int>& refusals_;
  };

  std::unique_ptr<Poller> inner_ = EpollPoller::open();
  std::atomic<int>& refusals_;
};

/// Two phones and the relay 1 between them, plain RTP.
struct Call {
  explicit Call(WorkerBench& bench, media::LegMonitoring monitoring = {}) {
    std::array<LegSockets, 2> sockets{someSockets(), someSockets()};
    leg = sockets[0].rtp.local();
    bench.ask(CreateRelay{1, std::move(sockets)});
    media::LegConfiguration caller = media::clearLeg(phones[0].local());
    caller.monitoring = std::move(monitoring);
    bench.ask(ConfigureLeg{1, 0, std::move(caller)});
    bench.ask(ConfigureLeg{1, 1, media::clearLeg(phones[1].local())});
  }

  std::array<UdpSocket, 2> phones{somePhone(), somePhone()};
  TransportAddress leg;
};

const Story refusedSends("what a kernel without buffers refuses is counted, the rest goes on", [] {
  std::atomic<int> refusals = 0;
  WorkerBench bench(std::make_unique<ShortOfBuffers>(refusals));
  Call call(bench);
  refusals = 4;
  for (std::uint16_t i = 0; i < 4; ++i) send(call.phones[0], rtpPacket(i), call.leg);
  while (bench.statistics(1)[0].receivedPackets < 4) {
  }
  for (std::uint16_t i = 4; i < 10; ++i) {
    send(call.phones[0], rtpPacket(i), call.leg);
    expect(receive(call.phones[1]) == rtpPacket(i));
  }
  const RelayStatistics statistics = bench.statistics(1);
  expect(statistics[0].dropped[static_cast<std::size_t>(DropReason::wouldBlock)] == 4);
  expect(statistics[0].receivedPackets == 10 && statistics[1].sentPackets == 6);
});

const Story clockSteps("a wall clock that is set an hour on or back is nothing to a worker", [] {
  wallClockStepSeconds = 0;
  WorkerBench bench;
  media::LegMonitoring monitoring;
  monitoring.rtpTimeoutMs = 600'000;
  Call call(bench, std::move(monitoring));
  const int before = wallClockReadings;
  std::uint16_t sequenceNumber = 0;
  for (const std::int64_t step : {0, 3600, -3600, 0}) {
    wallClockStepSeconds = step;
    const timespec longerThanATick{.tv_sec = 1, .tv_nsec = 200'000'000};
    ::nanosleep(&longerThanATick, nullptr);
    for (int i = 0; i < 20; ++i) {
      send(call.phones[0], rtpPacket(++sequenceNumber), call.leg);
      expect(receive(call.phones[1]) == rtpPacket(sequenceNumber));
    }
  }
  expect(wallClockReadings == before);
  expect(bench.events() == std::vector{media::RelayEvent::Kind::firstPacket});
  timespec now{};
  expect(::clock_gettime(CLOCK_REALTIME, &now) == 0 && wallClockReadings == before + 1);
});

}  // namespace

}  // namespace sallyport::net
