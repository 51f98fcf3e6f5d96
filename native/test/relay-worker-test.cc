// The worker thread with real sockets on loopback.
#include <sys/resource.h>
#include <unistd.h>

#include "test/worker-fixture.h"

namespace sallyport::net {

namespace {

using media::at;
using media::Bytes;
using media::DropReason;
using media::rtpPacket;
using media::TransportAddress;
using test::expect;
using test::someSockets;
using test::Story;

const Story carriesBothWays("a thousand packets go through both ways and every one is counted", [] {
  WorkerBench bench;
  const std::array<UdpSocket, 2> phones{somePhone(), somePhone()};
  std::array<LegSockets, 2> sockets{someSockets(), someSockets()};
  const std::array<TransportAddress, 2> legs{sockets[0].rtp.local(), sockets[1].rtp.local()};
  expect(
      std::holds_alternative<std::monostate>(bench.ask(CreateRelay{1, std::move(sockets)}).body));
  for (std::size_t leg = 0; leg < 2; ++leg) {
    bench.ask(ConfigureLeg{1, leg, media::clearLeg(phones[leg].local())});
  }
  for (std::uint16_t i = 0; i < 1000; ++i) {
    const std::size_t from = i % 2;
    Bytes packet = rtpPacket(i);
    packet[8] = static_cast<std::uint8_t>(from);  // an SSRC for each phone
    send(phones[from], packet, legs[from]);
    expect(receive(phones[1 - from]) == packet);
  }
  const RelayStatistics statistics = bench.statistics(1);
  expect(statistics[0].receivedPackets == 500 && statistics[1].sentPackets == 500);
  expect(statistics[0].receivedOctets == 500 * 172);
});

const Story closedPeer("a peer whose port is closed stops nothing", [] {
  WorkerBench bench;
  const UdpSocket phone = somePhone();
  const TransportAddress gone = somePhone().local();
  std::array<LegSockets, 2> sockets{someSockets(), someSockets()};
  const TransportAddress leg = sockets[0].rtp.local();
  bench.ask(CreateRelay{1, std::move(sockets)});
  bench.ask(ConfigureLeg{1, 0, media::clearLeg(phone.local())});
  bench.ask(ConfigureLeg{1, 1, media::clearLeg(gone)});
  for (std::uint16_t i = 0; i < 100; ++i) send(phone, rtpPacket(i), leg);
  while (bench.statistics(1)[0].receivedPackets < 100) {
  }
  expect(bench.statistics(1)[1].sentPackets == 100);
});

const Story noRoute("a destination that the system cannot reach is counted as such", [] {
  WorkerBench bench;
  const UdpSocket phone = somePhone();
  std::array<LegSockets, 2> sockets{someSockets(), someSockets()};
  const TransportAddress leg = sockets[0].rtp.local();
  bench.ask(CreateRelay{1, std::move(sockets)});
  bench.ask(ConfigureLeg{1, 0, media::clearLeg(phone.local())});
  // From 127.0.0.1 nothing can be sent elsewhere.
  bench.ask(ConfigureLeg{1, 1, media::clearLeg(at("192.0.2.1", 9))});
  send(phone, rtpPacket(1), leg);
  while (bench.statistics(1)[0].receivedPackets < 1) {
  }
  expect(bench.statistics(1)[0].dropped[static_cast<std::size_t>(DropReason::noRoute)] == 1);
});

const Story unknownRelays("commands for a relay that is not there are refused", [] {
  WorkerBench bench;
  const auto isUnknown = [](const Reply& reply) {
    const auto* failure = std::get_if<CommandFailure>(&reply.body);
    return failure != nullptr && *failure == CommandFailure::unknownRelay;
  };
  expect(isUnknown(bench.ask(ReadStatistics{5})));
  expect(isUnknown(bench.ask(DestroyRelay{5})));
  expect(isUnknown(bench.ask(ConfigureLeg{5, 0, media::clearLeg(at("127.0.0.1", 1))})));
});

const Story sleeps("an idle worker takes no time of the processor", [] {
  WorkerBench bench;
  bench.ask(CreateRelay{1, {someSockets(), someSockets()}});
  const auto spentUs = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
  };
  const auto before = spentUs();
  ::usleep(300'000);
  expect(spentUs() - before < 10'000);
});

const Story endsWithCallsUp("a worker that ends with calls up closes their sockets", [] {
  std::uint16_t port = 0;
  {
    WorkerBench bench;
    std::array<LegSockets, 2> sockets{someSockets(), someSockets()};
    port = sockets[0].rtp.local().port();
    bench.ask(CreateRelay{1, std::move(sockets)});
  }
  expect(UdpSocket::bind(at("127.0.0.1", port)).ok());
});

}  // namespace

}  // namespace sallyport::net
