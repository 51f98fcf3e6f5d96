// A crypto context (RFC 3711 §3.3, §3.4) that is told a story: packets out of nowhere, packets that
// its peer sealed, the same ones changed, rollover counters set from outside.
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>

#include "fuzz/target.h"
#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::fuzz {

namespace {

using Bytes = std::vector<std::uint8_t>;

srtp::SessionOptions makeOptions(Script& script) {
  const srtp::Suite suite = srtp::kSuites[script.number() % srtp::kSuites.size()].suite;
  const std::size_t mkiOctets = script.number() % (srtp::kMaxMkiOctets + 1);
  Bytes master(srtp::traitsOf(suite).masterOctets());
  std::iota(master.begin(), master.end(), 1);
  srtp::SessionOptions options;
  options.keys.push_back(
      {std::make_shared<const srtp::MasterKey>(srtp::MasterKey::copyOf(suite, master).value()),
       Bytes(mkiOctets, 7)});
  options.maxSources = 1 + script.number() % 8;
  options.replayWindowPackets = srtp::kMinReplayWindowPackets + script.number() * 32U;
  return options;
}

struct Story {
  std::unique_ptr<srtp::SrtpOutbound> outbound;
  std::unique_ptr<srtp::SrtpInbound> inbound;

  std::optional<Bytes> seal(bool isRtcp, Bytes room, std::size_t length) {
    const auto sealed =
        isRtcp ? outbound->protectRtcp(room, length) : outbound->protectRtp(room, length);
    if (!sealed) return std::nullopt;
    demand(sealed.value() > length && sealed.value() <= room.size());
    room.resize(sealed.value());
    return room;
  }

  std::optional<Bytes> open(bool isRtcp, Bytes packet) {
    const auto opened = isRtcp ? inbound->unprotectRtcp(packet) : inbound->unprotectRtp(packet);
    if (!opened) return std::nullopt;
    demand(opened.value() < packet.size());
    packet.resize(opened.value());
    return packet;
  }

  void sealAndOpen(bool isRtcp, Script& script) {
    Bytes room = script.piece(srtp::kMaxTrailerOctets);
    const std::size_t length = room.size() - srtp::kMaxTrailerOctets;
    const auto sealed = seal(isRtcp, room, length);
    if (!sealed) return;

    Bytes forged = *sealed;
    forged[script.number() % forged.size()] ^= static_cast<std::uint8_t>(1U << script.number() % 8);
    demand(!open(isRtcp, forged));

    const auto opened = open(isRtcp, *sealed);
    demand(!opened ||
           (opened->size() == length && std::memcmp(opened->data(), room.data(), length) == 0));
    demand(!open(isRtcp, *sealed));
  }
};

const Target target("srtp-unprotect", [](std::span<const std::uint8_t> octets) {
  Script script(octets);
  const srtp::SessionOptions options = makeOptions(script);
  Story story{srtp::SrtpOutbound::create(options).value(),
              srtp::SrtpInbound::create(options).value()};
  while (!script.isOver()) {
    const std::uint8_t act = script.number();
    const bool isRtcp = (act & 1) != 0;
    switch (act >> 1 & 3) {
      case 0:
        // A forgery must guess 32 bits at least.
        demand(!story.open(isRtcp, script.piece(0)));
        break;
      case 1: {
        const std::uint32_t ssrc = script.number();
        (void)story.inbound->setRolloverCounter(ssrc, script.number() * 0x0101'0101U);
        (void)story.inbound->rolloverCounter(ssrc);
        break;
      }
      case 2: {
        const std::uint32_t ssrc = script.number();
        (void)story.outbound->setRolloverCounter(ssrc, script.number() * 0x0101'0101U);
        break;
      }
      default:
        story.sealAndOpen(isRtcp, script);
    }
  }
});

}  // namespace

}  // namespace sallyport::fuzz
