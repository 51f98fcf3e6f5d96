// The SSRCs of a plain leg, and what comes back from it (RFC 3550 §8.2).
#include "media/recently-sent.h"
#include "media/relay.h"
#include "media/source-table.h"
#include "test/allocation-count.h"
#include "test/relay-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

const TransportAddress alice = at("192.0.2.1", 4000);
const TransportAddress bob = at("192.0.2.2", 5000);

Bytes packetOf(std::uint32_t ssrc, std::uint16_t sequenceNumber) {
  Bytes packet = rtpPacket(sequenceNumber);
  for (std::size_t i = 0; i < 4; ++i) {
    packet[8 + i] = static_cast<std::uint8_t>(ssrc >> (24 - 8 * i));
  }
  return packet;
}

const Story holdsOn("a thousand new SSRCs push out none that speaks, and allocate nothing", [] {
  SourceTable table;
  table.limit(64);
  expect(table.admits(1, 0));
  const std::uint64_t before = test::allocationsOfThisThread();
  int admitted = 0;
  for (std::uint32_t ssrc = 100; ssrc < 1100; ++ssrc) {
    admitted += table.admits(ssrc, ssrc) ? 1 : 0;
    expect(table.admits(1, ssrc));
  }
  expect(admitted == 63 && test::allocationsOfThisThread() == before);
});

const Story givesWay("the one that was silent longest gives way after half a minute", [] {
  SourceTable table;
  table.limit(2);
  expect(table.admits(1, 0) && table.admits(2, 1000));
  expect(!table.admits(3, SourceTable::kSilentMs - 1));
  expect(table.admits(3, SourceTable::kSilentMs) && table.admits(2, SourceTable::kSilentMs));
  expect(!table.admits(1, SourceTable::kSilentMs));
  table.limit(3);
  expect(table.admits(1, SourceTable::kSilentMs));
  SourceTable none;
  expect(!none.admits(1, 0));
});

const Story remembers("what was sent is known when it comes back, and nothing else is", [] {
  RecentlySent sent;
  const auto view = [](const Bytes& packet) { return RtpPacketView::parse(packet).value(); };
  const Bytes zeros(12, 0);
  Bytes empty = zeros;
  empty[0] = 0x80;
  expect(!sent.has(view(empty)));
  for (std::uint16_t i = 0; i < 200; ++i) sent.note(view(packetOf(7, i)));
  expect(sent.has(view(packetOf(7, 199))) && sent.has(view(packetOf(7, 136))));
  expect(!sent.has(view(packetOf(7, 135))) && !sent.has(view(packetOf(8, 199))));
  Bytes later = packetOf(7, 199);
  later[7] ^= 1;
  expect(!sent.has(view(later)));
});

const Story dropsReflections(
    "a plain leg drops what it sent there, unless it is told to pass it", [] {
      for (const bool passes : {false, true}) {
        Relay relay;
        LegConfiguration first = clearLeg(alice);
        first.passesReflections = passes;
        first.source = SourceRule::signallingAddress;
        first.sourceBlock = AddressBlock::ofHost(alice);
        expect(!relay.configure(0, std::move(first)) && !relay.configure(1, clearLeg(bob)));
        const auto feed = [&](std::size_t leg, Bytes packet, const TransportAddress& from) {
          packet.resize(512);
          return relay.receive({.leg = leg, .room = packet, .length = 172, .from = from}, 0)
              .has_value();
        };
        expect(feed(1, packetOf(7, 1), bob));
        expect(feed(0, packetOf(7, 1), alice.withPort(9)) == passes);
        // A reflected packet fixes no source: the peer is still heard.
        expect(passes || feed(0, packetOf(7, 2), alice.withPort(10)));
        const auto& dropped = relay.statistics(0).dropped;
        expect(dropped[static_cast<std::size_t>(DropReason::reflected)] == (passes ? 0 : 1));
      }
    });

}  // namespace

}  // namespace sallyport::media
