// No packet costs a heap allocation, whatever the suite (DESIGN §7). The first packet of an SSRC
// may: it makes the stream.
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "media/relay.h"
#include "media/stream-map.h"
#include "test/allocation-count.h"
#include "test/relay-fixture.h"
#include "test/rtcp-fixture.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::allocationsOfThisThread;
using test::expect;
using test::Story;

constexpr std::uint32_t kPacketsPerSuite = (test::isSanitized ? 100'000 : 1'000'000) / 8;
constexpr std::uint32_t kRelayedPackets = test::isSanitized ? 20'000 : 100'000;
constexpr std::uint32_t kRtcpEvery = 50;

/// A packet and the room that its protection needs.
class Room {
 public:
  std::span<std::uint8_t> fill(const Bytes& packet) noexcept {
    std::ranges::copy(packet, bytes_.begin());
    return bytes_;
  }
  std::span<std::uint8_t> fillRtp(const Bytes& packet, std::uint32_t index) noexcept {
    fill(packet);
    bytes_[2] = static_cast<std::uint8_t>(index >> 8);
    bytes_[3] = static_cast<std::uint8_t>(index);
    return bytes_;
  }
  std::span<std::uint8_t> all() noexcept { return bytes_; }

 private:
  std::array<std::uint8_t, 512> bytes_{};
};

const Story counts("allocations are counted, those of OpenSSL too", [] {
  const std::uint64_t before = allocationsOfThisThread();
  Room* volatile one = new Room();  // volatile: nobody may find that it is not needed
  expect(allocationsOfThisThread() == before + 1);
  delete one;
  OPENSSL_free(OPENSSL_malloc(sizeof(Room)));
  expect(allocationsOfThisThread() == before + 2);
});

const Story sessions("protecting and opening packets allocates nothing, with every suite", [] {
  const Bytes plainRtp = rtpPacket(0);
  const Bytes plainRtcp = rtcpPacket();
  Room room;
  for (const srtp::SuiteTraits& suite : srtp::kSuites) {
    const auto outbound = outboundSession(suite.suite, 1);
    const auto inbound = inboundSession(suite.suite, 1);
    const auto carry = [&](std::uint32_t index) {
      const auto sealed = outbound->protectRtp(room.fillRtp(plainRtp, index), plainRtp.size());
      return sealed && inbound->unprotectRtp(room.all().first(sealed.value()));
    };
    const auto carryRtcp = [&] {
      const auto sealed = outbound->protectRtcp(room.fill(plainRtcp), plainRtcp.size());
      return sealed && inbound->unprotectRtcp(room.all().first(sealed.value()));
    };
    // The SSRCs of both differ.
    expect(carry(0) && carryRtcp());

    std::uint32_t carried = 0;
    const std::uint64_t before = allocationsOfThisThread();
    for (std::uint32_t index = 1; index <= kPacketsPerSuite; ++index) {
      const bool isCarried = index % kRtcpEvery == 0 ? carryRtcp() : carry(index);
      if (isCarried) ++carried;
    }
    const std::uint64_t allocated = allocationsOfThisThread() - before;
    expect(carried == kPacketsPerSuite);
    expect(allocated == 0);
    if (allocated != 0) {
      std::printf("  %s: %.2f allocations per packet\n", suite.name.data(),
                  static_cast<double>(allocated) / kPacketsPerSuite);
    }
  }
});

const Story transition("opening packets under an old key and a new one allocates nothing", [] {
  const Bytes plain = rtpPacket(0);
  Room room;
  for (const srtp::SuiteTraits& suite : srtp::kSuites) {
    const std::array senders{outboundSession(suite.suite, 1), outboundSession(suite.suite, 2)};
    srtp::InboundContexts contexts(inboundSession(suite.suite, 1), {});
    const auto carry = [&](std::uint32_t index) {
      const auto& sender = senders[index % senders.size()];
      const auto sealed = sender->protectRtp(room.fillRtp(plain, index), plain.size());
      return sealed && contexts.unprotectRtp(room.all().first(sealed.value()), 0).ok();
    };
    expect(carry(0));
    contexts.rekey(inboundSession(suite.suite, 2), {});
    expect(carry(1));

    std::uint32_t carried = 0;
    const std::uint64_t before = allocationsOfThisThread();
    for (std::uint32_t index = 2; index < 30'000; ++index) {
      if (carry(index)) ++carried;
    }
    expect(allocationsOfThisThread() == before);
    expect(carried == 29'998 && contexts.isInTransition());
  }
});

const Story refusals("packets that are refused allocate nothing", [] {
  for (const srtp::SuiteTraits& suite : srtp::kSuites) {
    const auto outbound = outboundSession(suite.suite, 1);
    const auto inbound = inboundSession(suite.suite, 1);
    const Bytes first = sealRtp(*outbound, rtpPacket(1));
    Bytes forged = sealRtp(*outbound, rtpPacket(2));
    forged.back() ^= 1;
    Room room;
    expect(inbound->unprotectRtp(room.fill(first).first(first.size())).ok());

    const std::uint64_t before = allocationsOfThisThread();
    for (int i = 0; i < 1000; ++i) {
      const auto replayed = inbound->unprotectRtp(room.fill(first).first(first.size()));
      expect(!replayed && replayed.failure() == srtp::UnprotectFailure::replayed);
      const auto bad = inbound->unprotectRtp(room.fill(forged).first(forged.size()));
      expect(!bad && bad.failure() == srtp::UnprotectFailure::badTag);
    }
    expect(allocationsOfThisThread() == before);
  }
});

const Story relayed("relaying a packet under other keys allocates nothing, with every suite", [] {
  const TransportAddress alice = at("192.0.2.1", 4000);
  const TransportAddress bob = at("2001:db8::2", 5000);
  const Bytes plain = rtpPacket(0);
  Room room;
  for (const srtp::SuiteTraits& suite : srtp::kSuites) {
    Relay relay;
    expect(!relay.configure(0, sealedLeg(alice, suite.suite, 1, 2)));
    expect(!relay.configure(1, sealedLeg(bob, suite.suite, 3, 4)));
    const auto fromAlice = outboundSession(suite.suite, 1);
    const auto toBob = inboundSession(suite.suite, 4);
    const auto carry = [&](std::uint32_t index) {
      const auto sealed = fromAlice->protectRtp(room.fillRtp(plain, index), plain.size());
      if (!sealed) return false;
      const auto departure = relay.receive({.leg = 0,
                                            .channel = Channel::rtp,
                                            .room = room.all(),
                                            .length = sealed.value(),
                                            .from = alice},
                                           index / 50);
      if (!departure) return false;
      relay.onSent(*departure);
      return toBob->unprotectRtp(room.all().first(departure->length)).ok();
    };
    expect(carry(0));

    std::uint32_t carried = 0;
    const std::uint64_t before = allocationsOfThisThread();
    for (std::uint32_t index = 1; index <= kRelayedPackets / 8; ++index) {
      if (carry(index)) ++carried;
    }
    expect(allocationsOfThisThread() == before);
    expect(carried == kRelayedPackets / 8);
  }
});

const Story mapped(
    "mapping RTP and RTCP of streams that collide and restart allocates nothing", [] {
      StreamMap map;
      Bytes packet = rtpPacket(0);
      const Bytes report = rtcp(1, 201, Octets().u32(0x5555'5555).all(reportBlock(0x5555'5555, 7)));
      Room room;
      const auto carry = [&](std::size_t leg, std::uint32_t index) {
        const auto filled = room.fillRtp(packet, index).first(packet.size());
        return map.carryRtp(leg, filled, true, index * 20'000ULL) != DropReason::tooManySources;
      };
      expect(carry(0, 0) && carry(1, 0));

      const std::uint64_t before = allocationsOfThisThread();
      bool isCarried = true;
      for (std::uint32_t index = 1; index <= kRelayedPackets; ++index) {
        const std::uint32_t number = index % 5000;  // goes back again and again
        isCarried = isCarried && carry(index % 2, number);
        const auto filled = room.fill(report).first(report.size());
        isCarried = isCarried && !map.carryRtcp(index % 2, filled, index * 20'000ULL);
      }
      expect(isCarried && allocationsOfThisThread() == before);
    });

}  // namespace

}  // namespace sallyport::media
