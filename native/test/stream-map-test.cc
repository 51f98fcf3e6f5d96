// SSRCs and sequence numbers between two legs, in RTP and in RTCP.
#include "media/stream-map.h"

#include <random>
#include <set>
#include <utility>

#include "media/packet-view.h"
#include "test/rtcp-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kAlice = 0xa11c'e000;
constexpr std::uint32_t kBob = 0x000b'0b00;

Bytes rtp(std::uint32_t ssrc, std::uint16_t sequenceNumber, std::uint32_t timestamp) {
  return Octets().u16(0x8000).u16(sequenceNumber).u32(timestamp).u32(ssrc).all(Bytes(20, 0x55));
}

/// A map and what came out of it; `sent` fails the story when the packet was kept back.
struct Bench {
  StreamMap map;

  std::optional<DropReason> kept(std::size_t leg, Bytes packet) {
    return map.carryRtp(leg, packet, true, 0);
  }
  Bytes sent(std::size_t leg, Bytes packet) {
    expect(!map.carryRtp(leg, packet, true, 0));
    return packet;
  }
  Bytes sentRtcp(std::size_t leg, Bytes compound, std::uint64_t atUs = 0) {
    expect(isSoundRtcp(compound));
    expect(!map.carryRtcp(leg, compound, atUs));
    return compound;
  }

  /// Alice's stream restarts: what she calls 10 left as 1001. Both phones have `kAlice` as SSRC.
  std::pair<std::uint32_t, std::uint32_t> collideAndRestart() {
    (void)sent(0, rtp(kAlice, 1000, 0));
    const std::uint32_t bobAsHeard = readBig32(sent(1, rtp(kAlice, 500, 0)), 8);
    const Bytes restarted = sent(0, rtp(kAlice, 10, 7000));
    expect(readBig16(restarted, 2) == 1001);
    return {readBig32(restarted, 8), bobAsHeard};
  }
};

const Story identity("what needs no mapping leaves octet by octet", [] {
  Bench bench;
  for (std::uint16_t number = 65'530; number != 10; ++number) {
    expect(bench.sent(0, rtp(kAlice, number, number)) == rtp(kAlice, number, number));
    expect(bench.sent(1, rtp(kBob, number, number)) == rtp(kBob, number, number));
  }
  const Bytes report = rtcp(1, 201, Octets().u32(kBob).all(reportBlock(kAlice, 0x0001'0005)));
  expect(bench.sentRtcp(1, report) == report);
});

const Story duplicates("a duplicate is kept back as replayed", [] {
  Bench bench;
  (void)bench.sent(0, rtp(kAlice, 1, 160));
  expect(bench.kept(0, rtp(kAlice, 1, 160)) == DropReason::replayed);
  const Reception& reception = bench.map.arrivingOn(0).streams()[0].reception;
  expect(reception.packets() == 1 && reception.duplicates() == 1);
});

const Story collision("two phones with one SSRC get one of ours each towards the other", [] {
  Bench bench;
  const auto [aliceAsHeard, bobAsHeard] = bench.collideAndRestart();
  expect(aliceAsHeard != kAlice && bobAsHeard != kAlice && aliceAsHeard != bobAsHeard);
  expect(readBig32(bench.sent(0, rtp(kAlice, 11, 7160)), 8) == aliceAsHeard);
});

const Story loop("who takes every SSRC that we turn to is not followed for ever", [] {
  Bench bench;
  Bytes packet = bench.sent(0, rtp(kAlice, 1, 0));
  std::set<std::uint32_t> ours{readBig32(packet, 8)};
  for (std::uint16_t number = 2; number < 12; ++number) {
    (void)bench.kept(1, packet);
    packet = bench.sent(0, rtp(kAlice, number, number * 160U));
    ours.insert(readBig32(packet, 8));
  }
  expect(ours.size() == 3);
});

const Story bounded("streams beyond the limit are kept back, those known go on", [] {
  Bench bench;
  for (std::uint32_t ssrc = 1; ssrc <= 64; ++ssrc) (void)bench.sent(0, rtp(ssrc, 1, 0));
  expect(bench.kept(0, rtp(65, 1, 0)) == DropReason::tooManySources);
  Bytes report = rtcp(0, 201, Octets().u32(66));
  expect(bench.map.carryRtcp(0, report, 0) == DropReason::tooManySources);
  (void)bench.sent(0, rtp(7, 2, 160));
});

const Story reports("report blocks come back in the sender's own numbers (RFC 3550 §6.4)", [] {
  Bench bench;
  const auto [alice, bob] = bench.collideAndRestart();
  for (std::uint16_t number = 11; number < 20; ++number) {
    (void)bench.sent(0, rtp(kAlice, number, 7000 + number * 160U));
  }
  const Bytes sent = rtcp(2, 200,
                          Octets()
                              .u32(kAlice)
                              .u32(0x1111'2222)
                              .u32(0x3333'4444)
                              .u32(160)
                              .u32(9)
                              .u32(180)
                              .all(reportBlock(alice, 1010))
                              .all(reportBlock(0xdead'beef, 77)));
  const Bytes back = bench.sentRtcp(1, sent);
  expect(readBig32(back, 4) == bob);
  expect(readBig32(back, 28) == kAlice && readBig32(back, 36) == 19);
  // About somebody unknown, and the sender's info: as they came.
  expect(readBig32(back, 52) == 0xdead'beef && readBig32(back, 60) == 77);
  expect(std::equal(back.begin() + 8, back.begin() + 28, sent.begin() + 8));
});

const Story chunks("SDES, BYE and APP name the SSRC that the stream leaves with", [] {
  Bench bench;
  const auto [alice, bob] = bench.collideAndRestart();
  const Bytes cname{1, 5, 'a', '@', 'b', '.', 'c', 0};
  const Bytes back = bench.sentRtcp(
      0, Octets()
             .all(rtcp(0, 201, Octets().u32(kAlice)))
             .all(rtcp(2, 202, Octets().u32(kAlice).all(cname).u32(9).u32(0)))
             .all(rtcp(3, 204, Octets().u32(kAlice).all({'t', 'e', 's', 't'}).u32(kAlice)))
             .all(rtcp(2, 203, Octets().u32(kAlice).u32(8).all({3, 'e', 'n', 'd'}))));
  expect(readBig32(back, 4) == alice);
  expect(readBig32(back, 12) == alice && readBig32(back, 24) == 9);
  expect(readBig32(back, 36) == alice && readBig32(back, 44) == kAlice);
  expect(readBig32(back, 52) == alice && readBig32(back, 56) == 8);
});

const Story nack("NACKed numbers come back as they were sent (RFC 4585 §6.2.1)", [] {
  Bench bench;
  const auto [alice, bob] = bench.collideAndRestart();
  const Bytes back = bench.sentRtcp(
      1, rtcp(1, 205, Octets().u32(kAlice).u32(alice).u16(1002).u16(0x0005).u16(1000).u16(0x0003)));
  expect(readBig32(back, 4) == bob && readBig32(back, 8) == kAlice);
  expect(readBig16(back, 12) == 11 && readBig16(back, 14) == 0x0005);
  // 1001 and 1002 lie behind the restart.
  expect(readBig16(back, 16) == 1000 && readBig16(back, 18) == 0);
});

const Story feedback("feedback names its sender and whom it is about (RFC 5104 §4)", [] {
  Bench bench;
  const auto [alice, bob] = bench.collideAndRestart();
  const Bytes about = Octets().u32(kAlice).u32(0);
  const Bytes entries = Octets().u32(alice).u32(0x0a00'0000).u32(7).u32(0x0b00'0000);
  const auto entriesOf = [&](std::uint8_t format, std::uint8_t type) {
    const Bytes back = bench.sentRtcp(1, rtcp(format, type, Octets().all(about).all(entries)));
    expect(readBig32(back, 4) == bob && readBig32(back, 8) == 0);
    expect(readBig32(back, 16) == 0x0a00'0000 && readBig32(back, 20) == 7);
    return readBig32(back, 12);
  };
  for (const std::uint8_t format : {3, 4}) expect(entriesOf(format, 205) == kAlice);
  for (const std::uint8_t format : {4, 5, 6, 7}) expect(entriesOf(format, 206) == kAlice);
  expect(entriesOf(20, 206) == alice);

  const Bytes pli = bench.sentRtcp(1, rtcp(1, 206, Octets().u32(kAlice).u32(alice)));
  expect(readBig32(pli, 8) == kAlice);
  const Bytes remb = bench.sentRtcp(
      1, rtcp(15, 206, Octets().all(about).all({'R', 'E', 'M', 'B'}).u32(0x0100'1234).u32(alice)));
  expect(readBig32(remb, 20) == kAlice);
});

const Story extended("every block of an extended report is mapped (RFC 3611 §4)", [] {
  Bench bench;
  const auto [alice, bob] = bench.collideAndRestart();
  const Bytes range = Octets().u32(alice).u16(1003).u16(1010);
  const Bytes back = bench.sentRtcp(
      1, rtcp(0, 207,
              Octets()
                  .u32(kAlice)
                  .all(xrBlock(1, Octets().all(range).u16(0x4007).u16(0)))
                  .all(xrBlock(2, Octets().all(range).u16(0x4007).u16(0)))
                  .all(xrBlock(3, Octets().all(range).u32(123)))
                  .all(xrBlock(4, Octets().u32(0x8899'aabb).u32(0xccdd'eeff)))
                  .all(xrBlock(5, Octets().u32(alice).u32(1).u32(2).u32(9).u32(3).u32(4)))
                  .all(xrBlock(6, Octets().all(range).all(Bytes(28, 1))))
                  .all(xrBlock(7, Octets().u32(alice).all(Bytes(28, 2))))
                  .all(xrBlock(200, Octets().u32(alice)))));
  expect(readBig32(back, 4) == bob);
  std::size_t at = 8;
  const auto enter = [&](std::uint8_t type) {
    expect(back[at] == type);
    const std::size_t contents = at + 4;
    at = contents + 4 * std::size_t{readBig16(back, at + 2)};
    return contents;
  };
  for (const std::uint8_t type : {1, 2, 3}) {
    const std::size_t block = enter(type);
    expect(readBig32(back, block) == kAlice);
    expect(readBig16(back, block + 4) == 12 && readBig16(back, block + 6) == 19);
  }
  const std::size_t time = enter(4);
  expect(readBig32(back, time) == 0x8899'aabb && readBig32(back, time + 4) == 0xccdd'eeff);
  const std::size_t delays = enter(5);
  expect(readBig32(back, delays) == kAlice && readBig32(back, delays + 4) == 1);
  expect(readBig32(back, delays + 12) == 9 && readBig32(back, delays + 20) == 4);
  const std::size_t summary = enter(6);
  expect(readBig32(back, summary) == kAlice && readBig16(back, summary + 6) == 19);
  const std::size_t voip = enter(7);
  expect(readBig32(back, voip) == kAlice && back[voip + 4] == 2);
  // A type that is not ours to read passes.
  expect(readBig32(back, enter(200)) == alice && at == back.size());
});

const Story unknown("unknown packets keep all but the SSRC of a known sender", [] {
  Bench bench;
  const auto [alice, bob] = bench.collideAndRestart();
  const Bytes back = bench.sentRtcp(0, Octets()
                                           .all(rtcp(0, 201, Octets().u32(kAlice)))
                                           .all(rtcp(5, 222, Octets().u32(kAlice).u32(kAlice)))
                                           .all(rtcp(1, 195, Octets().u32(kAlice)))
                                           .all(rtcp(5, 221, {})));
  expect(readBig32(back, 12) == alice && readBig32(back, 16) == kAlice);
  expect(readBig32(back, 24) == kAlice);
});

const Story malformed("a compound whose contents run past their end is malformed", [] {
  const Bytes cname{1, 200, 'a', 0};
  const std::vector<Bytes> compounds{
      rtcp(1, 201, Octets().u32(kAlice).all(Bytes(20, 0))),
      rtcp(0, 200, Octets().u32(kAlice).all(Bytes(16, 0))),
      rtcp(1, 202, Octets().u32(kAlice).all(cname)),
      rtcp(1, 202, Octets().u32(kAlice)),
      rtcp(2, 203, Octets().u32(kAlice)),
      rtcp(1, 203, Octets().u32(kAlice).all({4, 'e', 'n', 'd'})),
      rtcp(0, 204, Octets().u32(kAlice)),
      rtcp(1, 205, Octets().u32(kAlice)),
      rtcp(4, 206, Octets().u32(kAlice).u32(0).u32(kBob)),
      rtcp(15, 206, Octets().u32(kAlice).u32(0).all({'R', 'E', 'M', 'B'}).u32(0x0100'1234)),
      rtcp(0, 207, Octets().u32(kAlice).u32(0x0100'0002).u32(kBob)),
      rtcp(0, 207, Octets().u32(kAlice).all(xrBlock(1, Octets().u32(kBob)))),
      rtcp(0, 207, Octets().u32(kAlice).all(xrBlock(4, Octets().u32(1)))),
      rtcp(0, 207, Octets().u32(kAlice).all(xrBlock(5, Octets().u32(kBob).u32(1)))),
      rtcp(0, 207, Octets().u32(kAlice).all(xrBlock(7, Octets().u32(kBob)))),
  };
  for (Bytes compound : compounds) {
    StreamMap map;
    expect(isSoundRtcp(compound));
    expect(map.carryRtcp(0, compound, 0) == DropReason::malformed);
    expect(map.arrivingOn(0).streams().empty());
  }
});

const Story roundTrip(
    "answers to sender reports give the round trip from here (RFC 3550 §6.4.1)", [] {
      Bench bench;
      (void)bench.sent(0, rtp(kAlice, 1, 0));
      const Bytes report = rtcp(
          0, 200, Octets().u32(kAlice).u32(0xaaaa'1234).u32(0x5678'bbbb).u32(0).u32(1).u32(20));
      (void)bench.sentRtcp(0, report, 1'000'000);
      // Half a second at the peer, 70 ms on the way.
      const Bytes answer =
          rtcp(1, 201, Octets().u32(kBob).all(reportBlock(kAlice, 1, 0x1234'5678, 0x8000)));
      (void)bench.sentRtcp(1, answer, 1'570'000);
      expect(bench.map.arrivingOn(1).roundTripUs == 70'000U);
      expect(!bench.map.arrivingOn(0).roundTripUs);
      const auto& far = bench.map.arrivingOn(0).streams()[0].farReport;
      expect(far && far->roundTripUs == 70'000U);
    });

const Story impossible("a delay longer than the time that passed gives no round trip", [] {
  ReferenceTimes times;
  times.remember(7, 1'000'000);
  expect(!times.roundTripUs(8, 0, 1'100'000) && !times.roundTripUs(0, 0, 1'100'000));
  expect(!times.roundTripUs(7, 0x1'0000, 1'100'000));
  expect(times.roundTripUs(7, 0x1'0000, 1'990'000) == 0U);
  expect(times.roundTripUs(7, 0x1'0000, 2'010'000) == 10'000U);
});

const Story receiverReference("reference times of receivers give it too (RFC 3611 §4.5)", [] {
  Bench bench;
  const Bytes reference = rtcp(
      0, 207, Octets().u32(kAlice).all(xrBlock(4, Octets().u32(0x0000'1234).u32(0x5678'0000))));
  (void)bench.sentRtcp(0, reference, 1'000'000);
  const Bytes answer =
      rtcp(0, 207,
           Octets().u32(kBob).all(xrBlock(5, Octets().u32(kAlice).u32(0x1234'5678).u32(0x4000))));
  (void)bench.sentRtcp(1, answer, 1'300'000);
  expect(bench.map.arrivingOn(1).roundTripUs == 50'000U);
});

const Story farSide("what a peer reports of what it gets is kept", [] {
  Bench bench;
  (void)bench.sent(0, rtp(kAlice, 1, 0));
  Bytes voip(32, 0);
  writeBig32(voip, 0, kAlice);
  voip[4] = 26;
  voip[20] = 88;
  voip[23] = 41;
  voip[16] = 0xe7;
  writeBig16(voip, 12, 150);
  writeBig16(voip, 26, 60);
  (void)bench.sentRtcp(
      1,
      Octets()
          .all(rtcp(1, 201,
                    Octets().u32(kBob).u32(kAlice).u32(0x40ff'fffe).u32(1).u32(33).u32(0).u32(0)))
          .all(rtcp(0, 207, Octets().u32(kBob).all(xrBlock(7, voip)))));
  const Stream& stream = bench.map.arrivingOn(0).streams()[0];
  expect(stream.farReport && stream.farReport->fractionLost == 64);
  expect(stream.farReport->cumulativeLost == -2 && stream.farReport->jitter == 33);
  expect(stream.farMetrics && stream.farMetrics->lossRate == 26);
  expect(stream.farMetrics->ratingFactor == 88 && stream.farMetrics->signalLevelDbm == -25);
  expect(stream.farMetrics->conversationalQualityTenths == 41);
  expect(stream.farMetrics->roundTripDelayMs == 150 &&
         stream.farMetrics->jitterBufferNominalMs == 60);
});

const Story jitter("jitter is the running mean of RFC 3550 A.8 in the payload's clock", [] {
  StreamMap map;
  std::uint64_t atUs = 0;
  for (std::uint16_t number = 0; number < 400; ++number) {
    // Each second packet comes 5 ms, 40 units of 8000 Hz, late.
    Bytes packet = rtp(kAlice, number, number * 160U);
    expect(!map.carryRtp(0, packet, true, atUs + (number % 2) * 5000));
    atUs += 20'000;
  }
  const Reception& reception = map.arrivingOn(0).streams()[0].reception;
  expect(reception.clockHz() == 8000 && reception.jitter() >= 39 && reception.jitter() <= 40);
});

const Story clocks("a clock comes from the signalling, else from RFC 3551, else from nowhere", [] {
  const PayloadClocks clocks({{96, 48'000}, {0, 16'000}});
  expect(clocks.clockHz(96) == 48'000 && clocks.clockHz(0) == 16'000);
  expect(clocks.clockHz(8) == 8000 && clocks.clockHz(9) == 8000 && clocks.clockHz(34) == 90'000);
  expect(clocks.clockHz(97) == 0 && clocks.clockHz(35) == 0 && clocks.clockHz(127) == 0);
});

}  // namespace

}  // namespace sallyport::media
