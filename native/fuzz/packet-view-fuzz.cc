// The first look at a datagram: RFC 7983 §7, RFC 3550 §5.1 and A.2.
#include "fuzz/target.h"
#include "media/demux.h"
#include "media/packet-view.h"
#include "srtp/packet-layout.h"

namespace sallyport::fuzz {

namespace {

const Target target("packet-view", [](std::span<const std::uint8_t> packet) {
  const bool isMedia = media::classifyDatagram(packet) == media::DatagramKind::media;
  const auto view = media::RtpPacketView::parse(packet);
  demand(!view || (isMedia && view->headerOctets() <= packet.size()));
  if (view) (void)view->hasSoundPadding();
  demand(!media::isSoundRtcp(packet) || (media::beginsLikeRtcp(packet) && packet.size() % 4 == 0));

  // The media plane and the crypto context read one header; they must read the same.
  const auto header = srtp::readRtpHeader(packet);
  demand(header.has_value() == view.has_value());
  demand(!header || (header->octets == view->headerOctets() && header->ssrc == view->ssrc() &&
                     header->sequenceNumber == view->sequenceNumber()));
});

}  // namespace

}  // namespace sallyport::fuzz
