// What shares a media port (RFC 7983), and the reader and writer of STUN behind it (RFC 8489).
#include "fuzz/target.h"
#include "media/side-protocols.h"
#include "media/stun-answer.h"
#include "media/stun-request.h"
#include "test/relay-fixture.h"

namespace sallyport::fuzz {

namespace {

using media::Bytes;
using media::DatagramKind;

constexpr std::size_t kRoomOctets = 256;

/// A responder that knows the user `user` by an empty password, so that a fuzzer can get through.
std::unique_ptr<media::StunResponder> makeResponder(bool isSigning) {
  return isSigning ? std::make_unique<media::StunResponder>("user", Bytes{})
                   : std::make_unique<media::StunResponder>();
}

const Target target("demux", [](std::span<const std::uint8_t> datagram) {
  const DatagramKind kind = media::classifyDatagram(datagram);
  const auto request = media::StunRequest::parse(datagram);
  demand(!request || (kind == DatagramKind::stun && datagram.size() % 4 == 0 &&
                      request->unknown().size() <= media::StunRequest::kMaxUnknown));

  for (const bool isSigning : {false, true}) {
    Bytes room(datagram.begin(), datagram.end());
    room.resize(datagram.size() + kRoomOctets);
    media::SideProtocols side;
    side.configure(makeResponder(isSigning), true);
    const auto from = media::at(isSigning ? "2001:db8::1" : "192.0.2.1", 4000);
    const auto outcome = side.receive(kind, room, datagram.size(), from, 0);
    demand(kind != DatagramKind::media || outcome.dropped.has_value());
    if (outcome.answerOctets == 0) continue;

    demand(kind == DatagramKind::stun && !outcome.dropped && request.has_value());
    demand(outcome.answerOctets <= media::StunAnswer::kMaxOctets &&
           outcome.answerOctets <= datagram.size() + 60);
    // What answers is no request: two of us never answer each other.
    demand(!media::StunRequest::parse(std::span(room).first(outcome.answerOctets)));
  }
});

}  // namespace

}  // namespace sallyport::fuzz
