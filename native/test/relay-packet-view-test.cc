// RTP and RTCP headers (RFC 3550 §5.1, §6.4, A.1, A.2) and what shares their port (RFC 7983).
#include <cstdint>
#include <vector>

#include "media/demux.h"
#include "media/packet-view.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;
using Bytes = std::vector<std::uint8_t>;

Bytes rtp(std::uint8_t first = 0x80) {
  Bytes packet(12 + 8, 0);
  packet[0] = first;
  packet[1] = 0x80 | 101;
  packet[2] = 0x12;
  packet[3] = 0x34;
  packet[8] = 0xca;
  packet[11] = 0xbe;
  return packet;
}

const Story readsFields("an RTP header is read where RFC 3550 has its fields", [] {
  const Bytes packet = rtp();
  const auto view = RtpPacketView::parse(packet);
  expect(view.has_value());
  expect(view->payloadType() == 101);
  expect(view->sequenceNumber() == 0x1234);
  expect(view->ssrc() == 0xca0000be);
  expect(view->headerOctets() == 12);
});

const Story countsExtensions("contributing sources and an extension lengthen the header", [] {
  Bytes packet = rtp(0x92);
  packet.resize(12 + 8 + 4 + 4);
  packet[22] = 0;
  packet[23] = 1;
  const auto view = RtpPacketView::parse(packet);
  expect(view.has_value() && view->headerOctets() == packet.size());
  packet[23] = 2;
  expect(!RtpPacketView::parse(packet));
  packet.resize(21);
  expect(!RtpPacketView::parse(packet));
});

const Story refusesEveryCut(
    "a header that is cut anywhere is refused, never read past its end", [] {
      for (unsigned first = 0x80; first < 0xc0; ++first) {
        Bytes packet = rtp(static_cast<std::uint8_t>(first));
        packet.resize(12 + 15 * 4 + 4);
        for (std::size_t length = 0; length <= packet.size(); ++length) {
          const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(length));
          const auto view = RtpPacketView::parse(cut);
          expect(!view || view->headerOctets() <= length);
          if (view) static_cast<void>(view->hasSoundPadding());
        }
      }
      expect(!RtpPacketView::parse(rtp(0x40)));
      expect(!RtpPacketView::parse(rtp(0xc0)));
    });

const Story boundsPadding("padding is at least one octet and at most the payload", [] {
  Bytes packet = rtp(0xa0);
  const auto isSound = [&](std::uint8_t octets) {
    packet.back() = octets;
    return RtpPacketView::parse(packet)->hasSoundPadding();
  };
  expect(!isSound(0));
  expect(isSound(1));
  expect(isSound(8));
  expect(!isSound(9));
  expect(!isSound(255));
});

const Story chainsRtcp("RTCP is a chain of whole packets, padded at most at its end", [] {
  const Bytes report{0x80, 201, 0, 1, 0, 0, 0, 1};
  const Bytes padded{0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4};
  const auto chain = [](Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  expect(isSoundRtcp(report));
  expect(isSoundRtcp(padded));
  expect(isSoundRtcp(chain(report, padded)));
  expect(!isSoundRtcp(chain(padded, report)));
  expect(!isSoundRtcp(chain(report, {0x80, 203, 0})));
  expect(!isSoundRtcp(chain(report, {0x40, 203, 0, 0})));
  expect(!isSoundRtcp(Bytes{0x80, 201, 0, 2, 0, 0, 0, 1}));
  expect(!isSoundRtcp(Bytes{0xa0, 201, 0, 1, 0, 0, 0, 5}));
  expect(!isSoundRtcp(Bytes{0x80, 96, 0, 1, 0, 0, 0, 1}));
  expect(!isSoundRtcp({}));
});

const Story tellsApart("the first octet tells what a datagram is", [] {
  const auto kindOf = [](std::uint8_t first) { return classifyDatagram(std::vector{first}); };
  expect(kindOf(0) == DatagramKind::stun && kindOf(3) == DatagramKind::stun);
  expect(kindOf(16) == DatagramKind::zrtp && kindOf(19) == DatagramKind::zrtp);
  expect(kindOf(20) == DatagramKind::dtls && kindOf(63) == DatagramKind::dtls);
  expect(kindOf(64) == DatagramKind::turnChannel && kindOf(79) == DatagramKind::turnChannel);
  expect(kindOf(128) == DatagramKind::media && kindOf(191) == DatagramKind::media);
  for (const std::uint8_t first : {4, 15, 80, 127, 192, 255}) {
    expect(kindOf(first) == DatagramKind::unknown);
  }
  expect(classifyDatagram({}) == DatagramKind::unknown);
});

}  // namespace

}  // namespace sallyport::media
