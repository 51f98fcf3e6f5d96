// Streams that fell silent give their places to new ones, and nothing that was sent is sent again.
#include "media/stream-table.h"

#include <random>
#include <vector>

#include "media/stream-map.h"
#include "test/allocation-count.h"
#include "test/relay-fixture.h"
#include "test/rtcp-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

constexpr std::uint64_t kSilentUs = StreamTable::kSilentUs;

Bytes rtp(std::uint32_t ssrc, std::uint16_t sequenceNumber) {
  return Octets()
      .u16(0x8000)
      .u16(sequenceNumber)
      .u32(ssrc + sequenceNumber * 160U)
      .u32(ssrc)
      .all(Bytes(20, 0x55));
}

/// A map whose leg 0 hears few streams.
struct Bench {
  StreamMap map;

  explicit Bench(std::size_t maxStreams) { table().maxStreams = maxStreams; }

  StreamTable& table() { return map.arrivingOn(0); }
  bool carries(Bytes packet, std::uint64_t atUs, std::size_t leg = 0) {
    return !map.carryRtp(leg, packet, true, atUs);
  }
  /// The SSRC and the number that a packet leaves with.
  std::pair<std::uint32_t, std::uint16_t> sent(Bytes packet, std::uint64_t atUs,
                                               std::size_t leg = 0) {
    expect(!map.carryRtp(leg, packet, true, atUs));
    return {readBig32(packet, 8), readBig16(packet, 2)};
  }
};

const Story givesWay("who was silent longest gives way after half a minute, and not before", [] {
  Bench bench(2);
  expect(bench.carries(rtp(1, 10), 0) && bench.carries(rtp(2, 20), 1000));
  expect(!bench.carries(rtp(3, 30), kSilentUs - 1));
  expect(bench.carries(rtp(3, 30), kSilentUs) && bench.table().find(1) == nullptr);
  expect(bench.carries(rtp(2, 21), kSilentUs));
  expect(!bench.carries(rtp(1, 11), kSilentUs + 1000));
});

const Story goesOn("the new stream goes on under the SSRC and above the numbers of the old", [] {
  Bench bench(1);
  expect(bench.sent(rtp(1, 1000), 0) == std::pair(1U, std::uint16_t{1000}));
  const std::uint64_t atUs = kSilentUs;
  for (const std::uint16_t number : {500, 501, 503, 502}) {
    expect(bench.sent(rtp(2, number), atUs) ==
           std::pair(1U, static_cast<std::uint16_t>(1001 + number - 500)));
  }
  const Stream& stream = bench.table().streams()[0];
  expect(stream.ssrc == 2 && stream.reception.packets() == 4);
  expect(stream.numbering.expectedPackets() == 4 && stream.numbering.restarts() == 0);

  // What the far side reports of it comes back in the new sender's numbers.
  Bytes report = rtcp(1, 201, Octets().u32(9).all(reportBlock(1, 1004)));
  expect(!bench.map.carryRtcp(1, report, atUs));
  expect(readBig32(report, 8) == 2 && readBig32(report, 16) == 503);
  // Numbers ahead are no gap either: nobody lost what lies between.
  expect(bench.sent(rtp(3, 20'000), 2 * atUs) == std::pair(1U, std::uint16_t{1005}));
  expect(bench.table().streams()[0].numbering.expectedPackets() == 1);
  expect(!bench.table().streams()[0].farReport);
});

const Story isHeard("reports keep a stream that sends nothing else", [] {
  Bench bench(1);
  expect(bench.carries(rtp(1, 1), 0));
  for (std::uint64_t atUs = 5'000'000; atUs <= 2 * kSilentUs; atUs += 5'000'000) {
    Bytes report = rtcp(0, 201, Octets().u32(1));
    expect(!bench.map.carryRtcp(0, report, atUs) && !bench.carries(rtp(2, 1), atUs));
  }
  expect(bench.carries(rtp(2, 1), 3 * kSilentUs));
});

const Story abandoned("an SSRC that a stream left off is not taken up by another", [] {
  Bench bench(1);
  expect(bench.sent(rtp(7, 100), 0).first == 7);
  // The other peer sends with it too: the stream leaves with another.
  expect(bench.sent(rtp(7, 1), 0, 1).first != 7);
  const std::uint32_t fresh = bench.sent(rtp(7, 101), 0).first;
  expect(fresh != 7);
  bench.map.arrivingOn(1).maxStreams = 1;
  expect(bench.sent(rtp(8, 1), kSilentUs) == std::pair(fresh, std::uint16_t{102}));
  expect(bench.sent(rtp(9, 1), kSilentUs, 1).second == 2);
  // Nobody sends with it any more, and there is room for a stream that would leave as it came.
  bench.table().maxStreams = 2;
  expect(bench.map.arrivingOn(1).find(7) == nullptr);
  expect(bench.sent(rtp(7, 100), kSilentUs).first != 7);
});

const Story neverAgain("under one key no index is sealed twice, whoever comes and goes", [] {
  constexpr std::uint32_t kSsrcs = 12;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Bench bench(4);
    bench.map.arrivingOn(1).maxStreams = 4;
    const auto outbound = outboundSession(srtp::Suite::aesCm128HmacSha1Tag80, 1);
    std::array<std::uint16_t, kSsrcs> numbers{};
    std::uint64_t atUs = 0;
    int replaced = 0;
    for (int step = 0; step < 5000; ++step) {
      const std::uint32_t ssrc = random() % kSsrcs;
      // Mostly the next number; at times the sender starts anew or jumps.
      numbers[ssrc] = static_cast<std::uint16_t>(random() % 50 == 0 ? random() : numbers[ssrc] + 1);
      atUs += random() % 100 == 0 ? kSilentUs : 20'000;
      Bytes packet = rtp(ssrc, numbers[ssrc]);
      if (random() % 4 == 0) {
        (void)bench.map.carryRtp(1, packet, true, atUs);
        continue;
      }
      const bool isKnown = bench.table().find(ssrc) != nullptr;
      if (bench.map.carryRtp(0, packet, true, atUs)) continue;
      replaced += isKnown ? 0 : 1;
      const std::size_t length = packet.size();
      packet.resize(length + srtp::kMaxTrailerOctets);
      expect(outbound->protectRtp(packet, length).ok());
    }
    expect(replaced > 10 && bench.table().streams().size() == 4);
  }
});

const Story floods("a flood of new SSRCs costs no memory, whether they find a place or not", [] {
  Bench bench(64);
  for (std::uint32_t ssrc = 0; ssrc < 64; ++ssrc) expect(bench.carries(rtp(ssrc, 1), ssrc));
  Bytes packet = rtp(0, 1);
  std::uint32_t carried = 0;
  const std::uint64_t before = test::allocationsOfThisThread();
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    writeBig32(packet, 8, 1000 + i);
    carried += bench.map.carryRtp(0, packet, true, i * 1000ULL) ? 0 : 1;
  }
  // A hundred seconds: each place changes hands three times.
  expect(carried == 3 * 64 && test::allocationsOfThisThread() == before);
});

}  // namespace

}  // namespace sallyport::media
